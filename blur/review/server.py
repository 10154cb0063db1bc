"""The review page's server: loopback only, one token for each session, nothing kept on disk."""

from __future__ import annotations

import importlib.resources
import math
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from blur.data.plan import Box
from blur.errors import BlurError, UsageError
from blur.review.acts import Act
from blur.review.door import Door
from blur.review.guard import Guard
from blur.review.open_clip import OpenClip, Outdated
from blur.review.rerender import Progress, Rerender
from blur.store.ledger import Flight
from blur.store.shelf import Row, Shelf

_OPEN_CLIPS = 2
_LONGEST = 2560
_MARKS = 120
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

T = TypeVar("T")


class ClipList(Struct, frozen=True, kw_only=True):
    """All clips, what a running batch is at, and how far the page's own renders are."""

    folder: str
    clips: list[Row]
    flights: list[Flight]
    rendering: bool
    progress: list[Progress]


class _Decided(Struct, frozen=True):
    revision: str
    act: Act


class _Following(Struct, frozen=True):
    revision: str
    lane: int
    frame: int


class _Revision(Struct, frozen=True):
    revision: str


class _Checked(Struct, frozen=True):
    revision: str
    initials: str


class _Chosen(Struct, frozen=True):
    clips: list[str]


class Desk:
    """The clips of one output folder, the last few of them open."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.rerender = Rerender(shelf)
        self._recent: OrderedDict[str, OpenClip] = OrderedDict()
        # A clip that something still works on stays the only one of its file, however many
        # were opened since: two would write over each other's edits.
        self._alive: weakref.WeakValueDictionary[str, OpenClip] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def clip(self, key: str) -> OpenClip:
        with self._lock:
            clip = self._alive.get(key) or OpenClip(self.shelf, key)
            self._alive[key] = self._recent[key] = clip
            self._recent.move_to_end(key)
            if len(self._recent) > _OPEN_CLIPS:
                self._recent.popitem(last=False)
            return clip

    def list(self) -> ClipList:
        self.shelf.refresh()
        return ClipList(
            folder=self.shelf.folder.out.resolve().name,
            clips=self.shelf.rows(),
            flights=self.shelf.flights,
            rendering=self.rerender.running,
            progress=self.rerender.progress(),
        )


def page(desk: Desk) -> Starlette:
    """The application, unguarded: see `Guard`."""

    def clip(request: Request) -> OpenClip:
        return desk.clip(request.path_params["key"])

    async def index(request: Request) -> Response:
        return _file("index.html")

    async def file(request: Request) -> Response:
        return _file(request.path_params["name"])

    async def listed(request: Request) -> Response:
        return await _answer(desk.list)

    async def viewed(request: Request) -> Response:
        return await _answer(lambda: clip(request).view())

    async def acted(request: Request) -> Response:
        said = await _said(request, _Decided)
        return await _changed(request, lambda c: c.act(said.act, said.revision))

    async def undone(request: Request) -> Response:
        said = await _said(request, _Revision)
        return await _changed(request, lambda c: c.undo(said.revision))

    async def redone(request: Request) -> Response:
        said = await _said(request, _Revision)
        return await _changed(request, lambda c: c.redo(said.revision))

    async def checked(request: Request) -> Response:
        said = await _said(request, _Checked)
        return await _changed(request, lambda c: c.check(said.initials, said.revision))

    async def follow(request: Request) -> Response:
        said = await _said(request, _Following)
        return await _changed(request, lambda c: c.follow(said.lane, said.frame, said.revision))

    async def _changed(request: Request, change: Callable[[OpenClip], object]) -> Response:
        def changed() -> dict[str, object]:
            opened = clip(request)
            result = change(opened)
            return {"result": result, "clip": opened.view()}

        return await _answer(changed)

    async def frame(request: Request) -> Response:
        index = request.path_params["index"]
        beneath = "beneath" in request.query_params
        longest = min(_number(request, "size", 1280), _LONGEST)
        version = request.query_params.get("v")
        return await _picture(lambda: clip(request).frame(index, beneath, longest, version))

    async def face(request: Request) -> Response:
        index, box = request.path_params["index"], _box(request)
        return await _picture(lambda: clip(request).thumbnail(index, box))

    async def marks(request: Request) -> Response:
        start = _number(request, "start", 0)
        end = min(_number(request, "end", start + 1), start + _MARKS)
        version = request.query_params.get("v")
        return await _answer(lambda: clip(request).marks(start, end, version))

    async def video(request: Request) -> Response:
        version = request.query_params.get("v")
        path = await run_in_threadpool(lambda: clip(request).video(version))
        return FileResponse(path, media_type="video/mp4", content_disposition_type="inline")

    async def render(request: Request) -> Response:
        said = await _said(request, _Chosen)
        await run_in_threadpool(desk.rerender.start, said.clips)
        return await _answer(desk.list)

    async def stop(request: Request) -> Response:
        await run_in_threadpool(desk.rerender.stop)
        return await _answer(desk.list)

    one = "/api/clips/{key}"
    return Starlette(
        routes=[
            Route("/", index),
            Route("/web/{name}", file),
            Route("/api/clips", listed),
            Route(one, viewed),
            Route(f"{one}/frames/{{index:int}}.jpg", frame),
            Route(f"{one}/faces/{{index:int}}.jpg", face),
            Route(f"{one}/marks", marks),
            Route(f"{one}/video.mp4", video),
            Route(f"{one}/act", acted, methods=["POST"]),
            Route(f"{one}/follow", follow, methods=["POST"]),
            Route(f"{one}/undo", undone, methods=["POST"]),
            Route(f"{one}/redo", redone, methods=["POST"]),
            Route(f"{one}/check", checked, methods=["POST"]),
            Route("/api/render", render, methods=["POST"]),
            Route("/api/render/stop", stop, methods=["POST"]),
        ],
        exception_handlers={BlurError: _refused, IndexError: _missing, Outdated: _outdated},
    )


def serve(shelf: Shelf, door: Door) -> None:
    """Answer the page at `door` until interrupted; ends a render that is under way."""
    desk = Desk(shelf)
    config = uvicorn.Config(
        Guard(page(desk), door.token, door.port),
        log_level="warning",
        access_log=False,  # it would print the token
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    try:
        uvicorn.Server(config).run([door.socket])
    finally:
        desk.rerender.stop()


def _file(name: str) -> Response:
    if not re.fullmatch(r"[a-z]+\.(html|css|js|svg)", name):
        return Response("There is no such file.", 404)
    found = importlib.resources.files("blur.review") / "web" / name
    if not found.is_file():
        return Response("There is no such file.", 404)
    return Response(found.read_bytes(), media_type=_KINDS[Path(name).suffix])


async def _answer(make: Callable[[], object]) -> Response:
    made = await run_in_threadpool(lambda: msgspec.json.encode(make()))
    return Response(made, media_type="application/json")


async def _picture(make: Callable[[], bytes]) -> Response:
    return Response(await run_in_threadpool(make), media_type="image/jpeg")


async def _said(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(f"the page asked for something unknown: {error}") from error


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    return int(given) if given.isdecimal() else default


def _box(request: Request) -> Box:
    try:
        box = Box(*map(float, request.query_params.get("box", "").split(",")))
        if not all(map(math.isfinite, box)) or min(box.w, box.h) <= 0:
            raise ValueError(box)
    except (TypeError, ValueError) as error:
        raise UsageError("the page asked for a face without saying where it is") from error
    return box


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, BlurError)
    told = {"problem": error.problem, "subject": error.subject, "remedy": error.remedy}
    return Response(msgspec.json.encode(told), 409, media_type="application/json")


async def _missing(request: Request, error: Exception) -> Response:
    told = {"problem": "there is no such frame", "subject": None, "remedy": ""}
    return Response(msgspec.json.encode(told), 404, media_type="application/json")


async def _outdated(request: Request, error: Exception) -> Response:
    return Response(status_code=204)  # no error: a browser would write that to its console
