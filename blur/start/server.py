"""The start page's server: the choice, its estimate and its batch, and the review behind it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from blur.batch.discover import refuse_inside
from blur.disk.places import absolute, user_folder
from blur.errors import OutputError, UsageError
from blur.review.door import Door
from blur.review.protocol import FileRequest, NoRequest
from blur.review.server import Desk, Row, application, as_json, guarded, page, web_file
from blur.start import folders, memory
from blur.start import protocol as ask
from blur.start.batch import Batch, BatchView
from blur.start.estimate import Estimate
from blur.start.presets import PRESETS, preset
from blur.store.shelf import Shelf

_IDLE = 3600.0
"""Seconds without a request or a batch after which the server ends; more leave a process that
nobody sees."""
_LOOK = 10.0
"""Seconds between two looks for idleness."""


class Front:
    """The desk of the start page. A batch in another folder goes on when the choice changes."""

    def __init__(self) -> None:
        self.asked = time.monotonic()
        self._lock = threading.RLock()
        self._note = ""
        self._estimate: Estimate | None = None
        self._batches: dict[Path, Batch] = {}
        self._reviews: dict[str, tuple[Desk, Starlette]] = {}
        self._choice = memory.recall()
        try:
            preset(self._choice.preset)
            self._folders()
        except UsageError:  # a folder that another system named
            self._choice = memory.Choice()

    def view(self) -> ask.StartView:
        with self._lock:
            footage, out = self._folders()
            batch = self._batch(out) if out else None
            shown = batch.view(covers=self._covers()) if batch else BatchView()
            return ask.StartView(
                footage=folders.place(footage) if footage else None,
                out=folders.place(out) if out else None,
                preset=self._choice.preset,
                presets=[p.id for p in PRESETS],
                estimate=self._estimate.view() if self._estimate else None,
                batch=shown,
                review=f"review/{_id(out)}/" if out and shown.covered + shown.searched else None,
                note=self._note,
            )

    def choose(self, asked: ask.Chosen) -> ask.StartView:
        """Take a choice, remember it and measure its time. Raises UsageError, and keeps the last
        choice then."""
        footage, kind = folders.path_of(asked.footage), preset(asked.preset)
        if not os.path.isdir(footage):  # noqa: PTH112 - raises nothing where nobody may look
            raise UsageError(
                "is no folder any more",
                subject=footage.name,
                remedy="connect its disk again, or choose another folder",
            )
        out = folders.path_of(asked.out) if asked.out else folders.proposal(footage)
        refuse_inside(footage, out)
        with self._lock:
            self._choice = memory.Choice(
                footage=folders.place(footage).path, out=folders.place(out).path, preset=kind.id
            )
            self._note = ""
            try:
                memory.remember(self._choice)
            except OutputError as error:
                self._note = f"The folders will not be remembered: {error}"
            self._measure()
            return self.view()

    def run(self) -> ask.StartView:
        """Begin the chosen batch, or go on with it. Raises UsageError."""
        with self._lock:
            footage, out = self._folders()
            if footage is None or out is None:
                raise UsageError("no footage is chosen yet")
            if self._estimate is not None:  # it would take the batch's processors
                self._estimate.stop()
                self._estimate = None
            self._batch(out).begin(self._arguments(footage, out))
            return self.view()

    def pause(self) -> ask.StartView:
        with self._lock:
            out = self._folders()[1]
            if out is not None:
                self._batch(out).pause()
            return self.view()

    def listing(self, asked: ask.FolderRequest) -> folders.Listing:
        home = absolute(user_folder())
        return folders.listing(folders.nearest(folders.path_of(asked.path)) if asked.path else home)

    def make(self, asked: ask.NewFolder) -> folders.Listing:
        return folders.listing(folders.make(folders.path_of(asked.path), asked.name))

    def review(self, key: str) -> Starlette | None:
        """The review of a folder that was chosen since the server began, None for any other."""
        with self._lock:
            if key not in self._reviews:
                named = [out for out in self._batches if _id(out) == key]
                if not named or not self._batches[named[0]].folder.ledger.exists():
                    return None
                desk = Desk(Shelf(named[0]))
                self._reviews[key] = desk, page(desk)
            return self._reviews[key][1]

    def idle(self) -> bool:
        """Whether nobody needs the server: no page, no render of a review, no batch."""
        with self._lock:
            working = any(desk.rerender.running for desk, _ in self._reviews.values())
            if working or time.monotonic() - self.asked < _IDLE:
                return False
            return not any(batch.busy() for batch in self._batches.values())

    def close(self) -> None:
        """End what the page does itself; batches go on."""
        if self._estimate is not None:
            self._estimate.stop()
        for desk, _ in self._reviews.values():
            desk.rerender.stop()

    def _measure(self) -> None:
        footage, out = self._folders()
        if self._estimate is not None:
            self._estimate.stop()
            self._estimate = None
        if footage is None or out is None or self._batch(out).busy() or not self._covers():
            return
        self._estimate = Estimate(self._arguments(footage, out))

    def _arguments(self, footage: Path, out: Path) -> list[str]:
        command, *options = preset(self._choice.preset).command
        return [command, *options, "-o", str(out), "--", str(footage)]

    def _covers(self) -> bool:
        return preset(self._choice.preset).command[0] == "run"

    def _folders(self) -> tuple[Path | None, Path | None]:
        footage, out = self._choice.footage, self._choice.out
        return (
            folders.path_of(footage) if footage else None,
            folders.path_of(out) if out else None,
        )

    def _batch(self, out: Path) -> Batch:
        return self._batches.setdefault(out, Batch(out))


_SHARED = ("icon.svg", "dom.js", "words.js", "language.js")
"""The review page's files that are this page's, too."""
_ROUTES: tuple[Row, ...] = (
    ("GET", "/", FileRequest, lambda front, a: web_file("blur.start", a.name)),
    ("GET", "/web/{name}", FileRequest,
        lambda front, a: web_file("blur.review" if a.name in _SHARED else "blur.start", a.name)),
    ("GET", "/api/start", NoRequest, lambda front, a: as_json(front.view())),
    ("GET", "/api/places", NoRequest, lambda front, a: as_json(folders.starts())),
    ("GET", "/api/folders", ask.FolderRequest, lambda front, a: as_json(front.listing(a))),
    ("POST", "/api/folders", ask.NewFolder, lambda front, a: as_json(front.make(a))),
    ("POST", "/api/choose", ask.Chosen, lambda front, a: as_json(front.choose(a))),
    ("POST", "/api/run", NoRequest, lambda front, a: as_json(front.run())),
    ("POST", "/api/pause", NoRequest, lambda front, a: as_json(front.pause())),
)  # fmt: skip


def start_page(front: Front) -> ASGIApp:
    """The application, unguarded; a review lies under `review/`, by its folder."""

    async def reviews(scope: Scope, receive: Receive, send: Send) -> None:
        key = scope["path_params"]["key"]
        found = await run_in_threadpool(front.review, key)
        answer: ASGIApp = found or PlainTextResponse("Choose that folder first.", 404)
        await answer(scope, receive, send)

    app = application(front, _ROUTES, Mount("/review/{key}", reviews))

    async def heard(scope: Scope, receive: Receive, send: Send) -> None:
        front.asked = time.monotonic()
        await app(scope, receive, send)

    return heard


def serve(door: Door) -> None:
    """Answer the page at `door` until interrupted, or until nobody needs it any more."""
    front = Front()
    server = uvicorn.Server(guarded(start_page(front), door))
    ended = threading.Event()

    def leave() -> None:
        while not ended.wait(_LOOK):
            with contextlib.suppress(OutputError):
                server.should_exit = server.should_exit or front.idle()

    threading.Thread(target=leave, daemon=True).start()
    try:
        server.run([door.socket])
    finally:
        ended.set()
        front.close()


def _id(out: Path) -> str:
    """Names a folder's review; never a folder's name, which is often a person's."""
    return hashlib.sha256(folders.place(out).path.encode()).hexdigest()[:12]
