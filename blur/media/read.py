"""Frames of a clip in presentation order, each at its own time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error

from blur.errors import DecodeError
from blur.media.probe import ClipInfo, open_input


@dataclass(slots=True)
class Frame:
    """One decoded picture.

    `index` counts in presentation order, `pts` is strictly increasing in units of the clip's
    time base, `duration` is 0 where the clip does not say. `picture` is in stored geometry and
    may share buffers with the decoder: make it writable before painting.
    """

    index: int
    pts: int
    duration: int
    picture: av.VideoFrame


class Reader:
    """Every frame of a clip, once, in order; a context manager and an iterator.

    Raises DecodeError when a frame cannot be decoded, when the file ends before what its
    container promises, or when the picture's size or format changes midway. After the last
    frame `notes` says what was repaired.
    """

    def __init__(self, path: Path, info: ClipInfo) -> None:
        self._path = path
        self._info = info
        self._stack = ExitStack()
        self._frames = self._read()
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._frames.close()

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __next__(self) -> Frame:
        return next(self._frames)

    def _read(self) -> Generator[Frame, None, None]:
        info = self._info
        index, last, filled, moved = 0, -1, 0, 0
        step = max(1, round(1 / (info.rate * info.time_base)))
        for picture in self._pictures():
            self._check_format(picture, index)
            pts = picture.pts
            if pts is None:
                pts, filled = (last + step if index else 0), filled + 1
            else:
                pts += info.shift
            if pts <= last:
                pts, moved = last + 1, moved + 1
            yield Frame(index, pts, picture.duration or 0, picture)
            index, last = index + 1, pts
        if info.frames is not None and index < info.frames:
            raise self._short(index, info.frames)
        if filled:
            self.notes.append(f"{filled} frames had no time; it was filled in from the frame rate")
        if moved:
            self.notes.append(f"{moved} frames were out of order in time or doubled; moved on")

    def _pictures(self) -> Iterator[av.VideoFrame]:
        with open_input(self._path) as container:
            stream = container.streams[self._info.stream]
            assert isinstance(stream, av.VideoStream)
            stream.thread_type = "AUTO"
            try:
                for packet in container.demux(stream):
                    yield from packet.decode()
            except av.error.FFmpegError as error:
                raise DecodeError(
                    f"cannot be decoded: {error.strerror}", subject=self._path.name
                ) from error

    def _check_format(self, picture: av.VideoFrame, index: int) -> None:
        info, orientation = self._info, self._info.orientation
        stored = (orientation.stored_width, orientation.stored_height, info.pix_fmt)
        found = (picture.width, picture.height, picture.format.name)
        if found != stored:
            raise DecodeError(
                f"changes from {stored} to {found} at frame {index}",
                subject=self._path.name,
                remedy="cut the clip there and run blur on the parts",
            )

    def _short(self, found: int, promised: int) -> DecodeError:
        return DecodeError(
            f"is cut off: {found} of {promised} frames can be decoded", subject=self._path.name
        )
