"""The review page's server: loopback only, nothing kept on disk."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.resources
import logging
import math
import re
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from blur.data.plan import Box
from blur.errors import BlurError, UsageError
from blur.review import protocol as ask
from blur.review.connections import bounded
from blur.review.door import Door
from blur.review.glimpse import Glimpses
from blur.review.guard import Guard
from blur.review.hearing import Hearing, Wave
from blur.review.history import History
from blur.review.open_clip import OpenClip, Outdated
from blur.review.people import People
from blur.review.queue import Queue
from blur.review.rerender import Rerender
from blur.review.strip import strip
from blur.store.shelf import Shelf

_OPEN_CLIPS = 2
"""Clips whose pictures stay in memory, up to 336 MiB for each."""
_LONGEST = 2560
"""Pixels on a picture's longer side, at most; larger pictures take longer to send and show."""
_MARKS = 120
"""Frames in an answer about marks, at most."""
_SWITCH = 0.0005
"""Seconds after which a thread that computes gives way, a tenth of Python's own. The server waits
as long for every step of every answer while a plan of 5,000 tracks is read, which takes 2 s; a
larger value lets it wait longer, a smaller one costs more switches."""
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class Desk:
    """The clips of one output folder, the last few of them open."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        shelf.rows()  # before anybody waits for them
        self.rerender = Rerender(shelf)
        self.people = People(shelf)
        self.glimpses = Glimpses(shelf)
        self.hearing = Hearing()
        self._queue = Queue(shelf)
        self._queueing = threading.Lock()
        self._histories: dict[str, History] = {}
        self._recent: OrderedDict[str, OpenClip] = OrderedDict()
        # A clip in use stays the only one of its file, however many were opened since: two would
        # write over each other's edits.
        self._alive: weakref.WeakValueDictionary[str, OpenClip] = weakref.WeakValueDictionary()
        self._glanced: tuple[str, OpenClip] | None = None
        self._lock = threading.Lock()

    def clip(self, key: str) -> OpenClip:
        with self._lock:
            clip = self._alive.get(key) or self._open(key)
            self._alive[key] = self._recent[key] = clip
            self._recent.move_to_end(key)
            if len(self._recent) > _OPEN_CLIPS:
                self._recent.popitem(last=False)
            return clip

    def glanced(self, key: str) -> OpenClip:
        """A clip for pictures of its doubts, never for changes: those that a person works on stay
        open meanwhile, and a changed file is refused when its clip is opened for work."""
        with self._lock:
            alive = self._alive.get(key)
            if alive is not None:
                return alive
            if self._glanced is None or self._glanced[0] != key:
                self._glanced = key, OpenClip(self.shelf, key, alone=True)
            return self._glanced[1]

    def borrowed(self, key: str) -> contextlib.AbstractContextManager[OpenClip]:
        """A clip for a moment: the open one, or one that is closed at the end."""
        with self._lock:
            alive = self._alive.get(key)
            if alive is not None:
                return contextlib.nullcontext(alive)
            clip = self._alive[key] = self._open(key)
            return contextlib.closing(clip)

    def _open(self, key: str) -> OpenClip:
        history = self._histories.setdefault(key, History())
        return OpenClip(self.shelf, key, history, alone=True)

    def queue(self) -> ask.QueueView:
        with self._queueing:
            return self._queue.view()

    def render(self, keys: Sequence[str]) -> ask.ClipList:
        self.rerender.start(keys)
        return self.list()

    def stop(self) -> ask.ClipList:
        self.rerender.stop()
        return self.list()

    def list(self) -> ask.ClipList:
        self.shelf.refresh()
        return ask.ClipList(
            folder=self.shelf.folder.out.resolve().name,
            clips=self.shelf.rows(),
            flights=self.shelf.flights,
            rendering=self.rerender.running,
            progress=self.rerender.progress(),
        )


def web_file(room: str, name: str) -> Response:
    """A file of the page that the room `room` holds."""
    found = _read(room, name) if re.fullmatch(r"[a-z]+\.(html|css|js|svg)", name) else None
    if found is None:
        return Response("There is no such file.", 404)
    return Response(found, media_type=_KINDS[Path(name).suffix])


@functools.cache
def _read(room: str, name: str) -> bytes | None:
    """Kept for as long as this program runs, which reads its own code once, too."""
    found = importlib.resources.files(room) / "web" / name
    return found.read_bytes() if found.is_file() else None


def _frame(desk: Desk, asked: ask.FrameRequest) -> Response:
    beneath, longest = asked.beneath is not None, min(asked.size, _LONGEST)
    return _jpeg(desk.clip(asked.key).frame(asked.index, beneath, longest, asked.version))


def _face(desk: Desk, asked: ask.FaceRequest) -> Response:
    try:
        box = Box(*map(float, asked.box.split(",")))
        if not all(map(math.isfinite, box)) or min(box.w, box.h) <= 0:
            raise ValueError(box)
    except (TypeError, ValueError) as error:
        raise UsageError("the page asked for a face without saying where it is") from error
    return _jpeg(desk.clip(asked.key).thumbnail(asked.index, box))


def _strip(desk: Desk, asked: ask.StripRequest) -> Response:
    made = strip(desk.glanced(asked.key), asked.doubts.split(","))
    beats, columns = ",".join(map(str, made.beats)), str(made.columns)
    told = {"Beats": beats, "Columns": columns, "Revision": made.revision}
    return Response(made.jpeg, headers=told, media_type="image/jpeg")


def _marks(desk: Desk, asked: ask.MarksRequest) -> Response:
    end = asked.start + 1 if asked.end is None else asked.end
    end = min(end, asked.start + _MARKS)
    return as_json(desk.clip(asked.key).marks(asked.start, end, asked.version))


def _video(desk: Desk, asked: ask.ClipRequest) -> Response:
    path = desk.clip(asked.key).video(asked.version)
    return FileResponse(path, media_type="video/mp4", content_disposition_type="inline")


def _loudness(desk: Desk, asked: ask.SoundRequest) -> Response:
    info, seconds = desk.clip(asked.key).sound(asked.beneath is not None, asked.version)
    made = desk.hearing.loudness(info, seconds)
    return Response(made, media_type="application/octet-stream")


def _changed(change: Callable[[OpenClip, Any], int | None]) -> Callable[[Desk, Any], Response]:
    """Answers a change with the clip as it is afterwards."""

    def answer(desk: Desk, asked: ask.ChangeRequest) -> Response:
        clip = desk.clip(asked.key)
        result = change(clip, asked)
        return as_json(ask.Changed(result, clip.view()))

    return answer


Row: TypeAlias = tuple[str, str, type[Struct], Callable[[Any, Any], Response]]
"""Method, path, message (read from path and query of a GET, path and body of a POST), answer."""
_CLIP = "/api/clips/{key}"
_ROUTES: tuple[Row, ...] = (
    ("GET", "/", ask.FileRequest, lambda desk, a: web_file("blur.review", a.name)),
    ("GET", "/web/{name}", ask.FileRequest, lambda desk, a: web_file("blur.review", a.name)),
    ("GET", "/api/clips", ask.NoRequest, lambda desk, a: as_json(desk.list())),
    ("GET", _CLIP, ask.ClipRequest, lambda desk, a: as_json(desk.clip(a.key).view())),
    ("GET", f"{_CLIP}/frames/{{index:int}}.jpg", ask.FrameRequest, _frame),
    ("GET", f"{_CLIP}/faces/{{index:int}}.jpg", ask.FaceRequest, _face),
    ("GET", f"{_CLIP}/glimpse.jpg", ask.ClipRequest,
        lambda desk, a: _jpeg(desk.glimpses.of(a.key))),
    ("GET", f"{_CLIP}/strip.jpg", ask.StripRequest, _strip),
    ("GET", f"{_CLIP}/marks", ask.MarksRequest, _marks),
    ("GET", f"{_CLIP}/video.mp4", ask.ClipRequest, _video),
    ("GET", f"{_CLIP}/loudness", ask.SoundRequest, _loudness),
    ("GET", f"{_CLIP}/sound.wav", ask.SoundRequest,
        lambda desk, a: Wave(*desk.clip(a.key).sound(a.beneath is not None, a.version))),
    ("POST", f"{_CLIP}/act", ask.CommandRequest,
        _changed(lambda c, a: c.perform(a.act, a.revision))),
    ("POST", f"{_CLIP}/follow", ask.FollowRequest,
        _changed(lambda c, a: c.follow(a.lane, a.frame, a.revision))),
    ("POST", f"{_CLIP}/answer", ask.AnswerRequest,
        _changed(lambda c, a: c.answer(a.doubts, a.said, a.revision))),
    ("POST", f"{_CLIP}/note", ask.NoteRequest,
        _changed(lambda c, a: c.note(a.frame, a.text, a.by, a.revision))),
    ("POST", f"{_CLIP}/undo", ask.ChangeRequest, _changed(lambda c, a: c.undo(a.revision))),
    ("POST", f"{_CLIP}/redo", ask.ChangeRequest, _changed(lambda c, a: c.redo(a.revision))),
    ("POST", f"{_CLIP}/watched", ask.WatchedRequest,
        lambda desk, a: as_json(desk.clip(a.key).watch(a.spans, a.heard, a.version))),
    ("POST", f"{_CLIP}/check", ask.CheckRequest,
        _changed(lambda c, a: c.check(a.initials, a.revision))),
    ("GET", "/api/queue", ask.NoRequest, lambda desk, a: as_json(desk.queue())),
    ("GET", "/api/people", ask.NoRequest, lambda desk, a: as_json(desk.people.view())),
    ("GET", "/api/people/pictures/{number:int}.jpg", ask.PersonPicture,
        lambda desk, a: _jpeg(desk.people.picture(a.number))),
    ("GET", "/api/people/{people}/offers", ask.PeopleRequest,
        lambda desk, a: as_json(desk.people.offers(a))),
    ("POST", "/api/people/{people}/decide", ask.DecidePeople,
        lambda desk, a: as_json(desk.people.decide(a, desk.borrowed))),
    ("POST", "/api/people/undo", ask.NoRequest,
        lambda desk, a: as_json(desk.people.take_back(desk.borrowed))),
    ("POST", "/api/people/forget", ask.NoRequest, lambda desk, a: as_json(desk.people.forget())),
    ("POST", "/api/render", ask.RenderRequest, lambda desk, a: as_json(desk.render(a.clips))),
    ("POST", "/api/render/stop", ask.NoRequest, lambda desk, a: as_json(desk.stop())),
)  # fmt: skip


def page(desk: Desk) -> Starlette:
    """The application, unguarded: see `Guard`."""
    return application(desk, _ROUTES)


def application(desk: object, rows: Sequence[Row], *more: BaseRoute) -> Starlette:
    """Answers each row with `desk`, whose BlurErrors go to the page as refusals."""
    return Starlette(
        routes=[*(_route(desk, row) for row in rows), *more],
        exception_handlers={BlurError: _refused, IndexError: _missing, Outdated: _outdated},
    )


def config(desk: Desk, door: Door) -> uvicorn.Config:
    """Uvicorn's configuration for the guarded review."""
    return guarded(page(desk), door)


def guarded(app: ASGIApp, door: Door) -> uvicorn.Config:
    """Uvicorn's configuration for an application behind a door."""
    guard = Guard(app, door)
    logging.getLogger("uvicorn.error").addFilter(_is_no_end)
    return uvicorn.Config(
        guard,
        log_config=None,  # its own closes every handler of the process; absl's closes stderr
        http=bounded(guard.knows),
        log_level="error",  # strangers could fill the terminal with warnings
        access_log=False,  # it would print the ticket
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )


def _is_no_end(record: logging.LogRecord) -> bool:
    """Whether a record tells of more than answers that Ctrl-C cut off: those are no errors."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError) and "shutdown" not in str(record.msg)


def serve(shelf: Shelf, door: Door) -> None:
    """Answer the page at `door` until interrupted; ends a render that is under way.

    That waits for the render's next report of progress; a second Ctrl-C does not.
    """
    desk = Desk(shelf)
    sys.setswitchinterval(_SWITCH)
    try:
        uvicorn.Server(config(desk, door)).run([door.socket])
    finally:
        try:
            desk.rerender.stop()
        except KeyboardInterrupt:
            desk.rerender.stop_at_once()
            raise


def _route(desk: object, row: Row) -> Route:
    method, path, kind, answer = row

    async def endpoint(request: Request) -> Response:
        try:
            if method == "GET":
                given = {**request.query_params, **request.path_params}
                asked = msgspec.convert(given, kind, strict=False)
            else:
                given = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
                asked = msgspec.convert({**given, **request.path_params}, kind)
        except msgspec.DecodeError as error:
            raise UsageError(f"the page asked for something unknown: {error}") from error
        if kind is ask.FileRequest:  # from memory: a thread would take as long again
            return answer(desk, asked)
        return await run_in_threadpool(answer, desk, asked)

    return Route(path, endpoint, methods=[method])


def as_json(made: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(made), status, media_type="application/json")


def _jpeg(made: bytes) -> Response:
    return Response(made, media_type="image/jpeg")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, BlurError)
    return as_json(ask.Refusal(error.problem, error.subject, error.remedy), 409)


async def _missing(request: Request, error: Exception) -> Response:
    return as_json(ask.Refusal("there is no such frame"), 404)


async def _outdated(request: Request, error: Exception) -> Response:
    return Response(status_code=204)  # a browser would write an error to its console
