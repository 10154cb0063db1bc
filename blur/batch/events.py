"""A batch's progress as events, for other programs: callbacks in Python, lines of JSON elsewhere.

docs/events.md describes them. Within a VERSION fields are only added.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from blur.batch.display import Count
from blur.store.report import BatchReport

VERSION = 1
_EVERY = 0.5
"""Seconds between two `progress` events of a clip and stage; fewer make longer logs."""


class _Event(Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    version: int = VERSION


class Begin(_Event, frozen=True):
    """The batch begins to work on `clips` clips of about `frames` frames."""

    clips: int
    frames: int


class Start(_Event, frozen=True):
    """A clip begins, or is tried again; `name` is its place below the input."""

    name: str


class Progress(_Event, frozen=True):
    """`done` of `total` frames (None if unknown) of a clip's `stage`, and the whole batch's."""

    name: str
    stage: str
    done: int
    total: int | None
    batch_done: int
    batch_total: int


class End(_Event, frozen=True):
    """The work on a clip ended, well or not: `Finished` tells which."""

    name: str


class Message(_Event, frozen=True):
    """A line for people."""

    text: str


class ClipEnd(Struct, frozen=True):
    """A clip in `Finished`; `verdict` and names are those of the report."""

    name: str
    state: str
    verdict: str
    output: str | None
    doubt_seconds: float
    error: str | None
    remedy: str | None


class Finished(_Event, frozen=True):
    """The last event of a batch that ended: every clip, and the exit code of `blur run`."""

    exit_code: int
    clips: list[ClipEnd]


Event: TypeAlias = Begin | Start | Progress | End | Message | Finished
Listener: TypeAlias = Callable[[Event], object]


class Events:
    """A Display that tells a listener. An error in the listener ends the batch."""

    def __init__(self, listener: Listener) -> None:
        self._tell = listener
        self._names: dict[int, str] = {}
        self._last: dict[int, tuple[str, float]] = {}

    def begin(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None:
        self._count = Count(clips, stages)
        self._tell(Begin(clips=len(clips), frames=sum(clips.values())))

    def start(self, key: int, name: str) -> None:
        self._names[key] = name
        self._tell(Start(name=name))

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None:
        self._count.advance(key, stage, done, total)
        now = time.monotonic()
        before, then = self._last.get(key, ("", 0.0))
        if stage == before and done != total and now - then < _EVERY:
            return
        self._last[key] = stage, now
        batch = {"batch_done": round(self._count.done), "batch_total": self._count.total}
        self._tell(Progress(name=self._names[key], stage=stage, done=done, total=total, **batch))

    def end(self, key: int) -> None:
        self._count.end(key)
        self._last.pop(key, None)
        self._tell(End(name=self._names[key]))

    def say(self, text: str) -> None:
        self._tell(Message(text=text))

    def close(self) -> None: ...


def finished(report: BatchReport) -> Finished:
    """The last event of a batch, from its report."""
    clips = [
        ClipEnd(
            clip.name, clip.state, clip.verdict, clip.output, clip.doubt_seconds,
            clip.error.problem if clip.error else None, clip.error.remedy if clip.error else None,
        )
        for clip in report.clips
    ]  # fmt: skip
    return Finished(exit_code=report.exit_code, clips=clips)


def line(event: Event) -> str:
    """An event as a line of JSON."""
    return msgspec.json.encode(event).decode()
