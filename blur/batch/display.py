"""Bars or lines on stderr while a batch runs; only the batch's own process draws."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NoReturn, Protocol, TextIO

from tqdm import tqdm

from blur.process.streams import hide_control_keys

_LINE_EVERY = 10.0
"""Seconds between two lines in a log; fewer make longer logs."""
_NAME = 22
"""Characters of a clip's name beside its bar; more leave no room for the time at 60 columns."""
_SHARES = {"scan": 6.0, "follow": 1.0, "render": 3.0, "audit": 2.0}
"""Cost of each stage relative to the others; a larger one fills more of a clip's bar."""


def frames_done(
    stage: str, done: int, frames: int, stages: tuple[str, ...] = tuple(_SHARES)
) -> float:
    """Frames of a clip that count as done, after `done` frames of one of its stages."""
    shares = [_SHARES[s] for s in stages]
    at = stages.index(stage)
    part = min(1.0, done / max(1, frames)) * shares[at]
    return frames * (sum(shares[:at]) + part) / sum(shares)


class Display(Protocol):
    """Told of the batch's progress. A clip's number of frames is an estimate and may be 0."""

    def begin(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None:
        """Clips to work on: key to frames, and the stages of each."""

    def start(self, key: int, name: str) -> None: ...

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None: ...

    def end(self, key: int) -> None: ...

    def say(self, text: str) -> None:
        """Show a line, without tearing a bar."""

    def close(self) -> None: ...


class Count:
    """Frames of the batch that count as done."""

    def __init__(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None:
        self.frames = {key: max(1, n) for key, n in clips.items()}
        self.total = sum(self.frames.values())
        self._stages = stages
        self._done: dict[int, float] = {}

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None:
        if stage not in self._stages:
            return
        if total:
            self.total += total - self.frames[key]
            self.frames[key] = total
        self._done[key] = frames_done(stage, done, self.frames[key], self._stages)

    def end(self, key: int) -> None:
        self._done[key] = self.frames[key]

    def of(self, key: int) -> float:
        """Frames of one clip that count as done."""
        return self._done.get(key, 0.0)

    @property
    def done(self) -> float:
        return sum(self._done.values())


class Bars:
    """For a terminal: a bar for the batch, and one for each clip in work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._batch: tqdm[NoReturn] | None = None
        self._clips: dict[int, tqdm[NoReturn]] = {}
        self._names: dict[int, str] = {}
        self._ended = 0
        self._shown_again: Callable[[], None] = lambda: None

    def begin(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None:
        self._shown_again = hide_control_keys(self._stream)
        self._count = Count(clips, stages)
        self._batch = self._bar(self._ended_clips(), self._count.total, " {remaining} left", 0)

    def start(self, key: int, name: str) -> None:
        used = {-bar.pos for bar in self._clips.values()}
        free = next(i for i in range(1, len(used) + 2) if i not in used)
        self._names[key] = name if len(name) <= _NAME else "…" + name[1 - _NAME :]
        self._clips[key] = self._bar(self._names[key], self._count.frames[key], "", free)

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None:
        self._count.advance(key, stage, done, total)
        bar = self._clips[key]
        bar.set_description_str(f"{self._names[key]} {stage}", refresh=False)
        bar.total = self._count.frames[key]
        bar.update(round(self._count.of(key)) - bar.n)
        self._refresh()

    def end(self, key: int) -> None:
        self._count.end(key)
        self._ended += 1
        self._clips.pop(key).close()
        self._refresh()

    def say(self, text: str) -> None:
        tqdm.write(text, file=self._stream)

    def close(self) -> None:
        for bar in self._clips.values():
            bar.close()
        if self._batch is not None:
            self._batch.close()
        self._shown_again()

    def _refresh(self) -> None:
        if self._batch is not None:
            self._batch.total = self._count.total
            self._batch.set_description_str(self._ended_clips(), refresh=False)
            self._batch.update(round(self._count.done) - self._batch.n)

    def _ended_clips(self) -> str:
        return f"{self._ended} of {len(self._count.frames)} clips"

    def _bar(self, label: str, total: int | None, tail: str, position: int) -> tqdm[NoReturn]:
        return tqdm(
            total=total,
            desc=label,
            position=position,
            leave=position == 0,
            file=self._stream,
            dynamic_ncols=True,
            smoothing=0,  # the mean speed since the start: a time left by the last seconds swings
            bar_format="{desc:<30}{percentage:3.0f}%|{bar}|" + tail,
        )


class Lines:
    """For a log file or a pipe: a plain line every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._clips = 0
        self._ended = 0
        self._count: Count | None = None

    def begin(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None:
        self._count = Count(clips, stages)
        self._clips = len(clips)
        self._began = self._shown = time.monotonic()

    def start(self, key: int, name: str) -> None: ...

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None:
        assert self._count is not None
        self._count.advance(key, stage, done, total)
        now = time.monotonic()
        if now - self._shown < _LINE_EVERY:
            return
        self._shown = now
        speed = self._count.done / (now - self._began)
        left = (self._count.total - self._count.done) / speed if speed else 0.0
        self.say(
            f"{self._ended}/{self._clips} clips, {self._count.done:.0f}/{self._count.total}"
            f" frames, {speed:.1f} fps, {timedelta(seconds=round(left))} left"
        )

    def end(self, key: int) -> None:
        assert self._count is not None
        self._count.end(key)
        self._ended += 1

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def close(self) -> None: ...


class Quiet:
    """For use as a library: shows nothing."""

    def begin(self, clips: Mapping[int, int], stages: tuple[str, ...]) -> None: ...

    def start(self, key: int, name: str) -> None: ...

    def advance(self, key: int, stage: str, done: int, total: int | None) -> None: ...

    def end(self, key: int) -> None: ...

    def say(self, text: str) -> None: ...

    def close(self) -> None: ...


def display(stream: TextIO | None = None) -> Display:
    """Bars on a terminal, plain lines elsewhere."""
    stream = stream or sys.stderr
    return Bars(stream) if stream.isatty() else Lines(stream)
