"""Single frames of a clip, out of order: to look at, not to cover."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import av.container
import av.error
from av.video.frame import PictureType

from blur.errors import DecodeError
from blur.media.container import open_input, video_stream
from blur.media.open.clip_info import ClipInfo
from blur.media.open.opaque import has_alpha
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.open.shape import Fitter, Shapes

_NEAR = 12
"""Frames; decoding on to a frame this near costs less than a seek."""

_RECOVERING = ("h264", "hevc")
"""Codecs whose decoders hold back pictures until they are whole, wherever they begin. Others show a
picture on top of nothing where a file calls it a key frame falsely, and do not call it corrupt."""

SHORT_CLIP = 2_000_000_000
"""Pixels in all frames of a clip that is decoded in some seconds; it may have few key frames."""


_Sought = tuple[int, av.VideoFrame, Iterator[av.VideoFrame]]
"""A frame that a seek leads to: its index, its picture, and those after it."""


class Seeker:
    """Any frame of a clip by its index, equal to `Reader`'s; a context manager.

    `pts` holds the time of every frame in ticks, as `Reader` gave them. Where the container's own
    times are repaired, missing or doubled, the clip is read from its start. With `needed`, ask only
    for those frames; other non-reference frames are skipped, and any corrupt frame on the way
    raises DecodeError. Not safe to share between threads.
    """

    def __init__(
        self,
        path: Path,
        info: ClipInfo,
        pts: Sequence[int],
        needed: Callable[[int], bool] | None = None,
    ) -> None:
        self._path, self._info, self._pts, self._needed = path, info, pts, needed
        self._index_at = {time: index for index, time in enumerate(pts)}
        self._shapes, self._fitter = Shapes(), Fitter(info.coded, info.pix_fmt, info.crop)
        self._stack = ExitStack()
        self._frames: Iterator[Frame] = iter(())
        self._next = len(pts)
        self._seekable = len(pts) > 1 and can_be_sought_in(info)

    def __enter__(self) -> Self:
        if self._seekable:
            self._container = self._stack.enter_context(open_input(self._path))
            self._stream = video_stream(self._container, self._info.stream)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def frame(self, index: int) -> Frame:
        """The frame at `index`. Raises IndexError outside the clip, DecodeError if undecodable."""
        return self.reach(index, 1)[-1]

    def reach(self, index: int, keep: int) -> list[Frame]:
        """The frame at `index`, after frames decoded on the way to it: the last `keep` in all."""
        if not 0 <= index < len(self._pts):
            raise IndexError(index)
        if not self._next <= index <= self._next + _NEAR and not self._on_the_way(index):
            self._go_to(index)
        found = self._on_to(index, keep)
        if found is None and self._seekable:
            self._from_start()
            found = self._on_to(index, keep)
        if found is None:
            raise DecodeError(f"has no frame {index} any more", subject=self._path.name)
        return found

    def lead(self, index: int) -> int:
        """Frames that are decoded on the way to this one: all of the clip before it, unless its
        codec proves that decoding can begin later."""
        found = self._before(index)
        self._next = len(self._pts)  # the next frame is sought anew
        return index - found[0] if found is not None and self._proven(found[1]) else index

    def _on_the_way(self, index: int) -> bool:
        """Whether a seek to `index` would land no later than the next frame to be decoded."""
        if index < self._next or not self._seekable:
            return self._next <= index
        entries = self._stream.index_entries
        key = entries.search_timestamp(self._pts[index] - self._info.shift)
        here = self._pts[self._next] - self._info.shift
        return key >= 0 and entries[key].timestamp <= here

    def _on_to(self, index: int, keep: int) -> list[Frame] | None:
        """Decode up to `index`; None on failure, and where a frame's time differs from `pts`."""
        passed: deque[Frame] = deque(maxlen=keep)
        with contextlib.suppress(av.error.FFmpegError):  # `reach` goes on with a reader
            for frame in self._frames:
                self._next = frame.index + 1
                if frame.pts != self._pts[frame.index]:
                    break
                if self._needed is not None and frame.picture.is_corrupt:
                    raise DecodeError(f"is damaged at frame {frame.index}", subject=self._path.name)
                passed.append(frame)
                if frame.index == index:
                    return list(passed)
        self._next = len(self._pts)
        return None

    def _go_to(self, index: int) -> None:
        """Make `_frames` begin at `index`, or at a key frame before it."""
        if (found := self._before(index)) is None:
            self._from_start()
        else:
            self._next, first, pictures = found
            self._frames = self._counted(itertools.chain([first], pictures), self._next)

    def _before(self, index: int) -> _Sought | None:
        """The last frame up to `index` that a seek leads to; None where only the start does."""
        back = 0
        while self._seekable:
            found = self._sought(max(0, index - back))
            if found is not None and found[0] <= index:
                return found
            if back >= index:
                break
            back = max(32, back * 4)
        return None

    def _sought(self, index: int) -> _Sought | None:
        """The frame that a seek to `index` leads to; None unless it is whole."""
        pictures, first = self._decoded(), None
        with contextlib.suppress(av.error.FFmpegError):  # raw streams cannot be sought in
            goal = self._pts[index] - self._info.shift
            self._container.seek(goal, stream=self._stream)
            first = next(pictures, None)
        at = None if first is None else self._index_of(first)
        if first is None or at is None or first.is_corrupt:
            return None
        untold = first.pict_type == PictureType.NONE
        return (at, first, pictures) if untold or self._proven(first) else None

    def _proven(self, first: av.VideoFrame) -> bool:
        """Whether a picture, the first that is decoded, needs none before it; a few old codecs do
        not tell."""
        alone = PictureType.I, PictureType.SI, PictureType.BI
        return first.pict_type in alone or self._info.codec in _RECOVERING

    def _from_start(self) -> None:
        self._seekable = False
        self._stack.close()
        reader = open_reader(self._path, self._info, max_damaged=len(self._pts))
        self._frames = iter(self._stack.enter_context(reader))
        self._next = 0

    def _index_of(self, item: av.VideoFrame | av.Packet[av.VideoStream]) -> int | None:
        return None if item.pts is None else self._index_at.get(item.pts + self._info.shift)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        context = self._stream.codec_context
        for packet in self._container.demux(self._stream):
            if self._needed is not None:
                index = self._index_of(packet)
                wanted = index is None or self._needed(index)
                if not wanted and context.codec.intra_only:
                    continue
                context.skip_frame = "DEFAULT" if wanted else "NONREF"
            yield from self._shapes.decode(packet, context)

    def _counted(self, pictures: Iterator[av.VideoFrame], first: int) -> Iterator[Frame]:
        index = first
        for picture in pictures:
            if self._needed is not None:
                found = self._index_of(picture) or 0
                while index < found and not self._needed(index):
                    index += 1
            pts = -1 if picture.pts is None else picture.pts + self._info.shift
            shape = self._shapes.of(picture, self._stream.codec_context)
            fitted = self._fitter.fit(picture, shape)
            yield Frame(index, pts, picture.duration or 0, fitted)
            index += 1


def can_be_sought_in(info: ClipInfo) -> bool:
    """Not where the clock was repaired, nor where the first packet alone may hold the palette:
    pictures reached without it would be black."""
    return not info.moves and info.pix_fmt != "pal8"


def wanted_frames(
    path: Path,
    info: ClipInfo,
    pts: Sequence[int],
    wants: Callable[[int], bool],
    *,
    settled: bool = False,
) -> Generator[Frame, None, None]:
    """The wanted frames, in order, equal to `Reader`'s; seeks over the others where it can.

    `wants` is called for every index in turn, right before decoding. If its answers are `settled`
    beforehand, unwanted non-reference frames are skipped, and corrupt frames on the way raise
    DecodeError.
    """
    with Seeker(path, info, pts, wants if settled else None) as seeker:
        for index in range(len(pts)):
            if wants(index):
                yield seeker.frame(index)


def strict_frames(
    path: Path, info: ClipInfo, pts: Sequence[int], span: range
) -> Generator[Frame, None, None]:
    """The frames of `span`, in order, as strict about damage as a `Reader` of the whole clip.

    Raises DecodeError, for a picture of another size or format as well.
    """
    orientation, alpha = info.orientation, has_alpha(info.pix_fmt)
    stored = orientation.stored_width, orientation.stored_height, info.pix_fmt
    for frame in wanted_frames(path, info, pts, span.__contains__):
        picture = frame.picture
        if picture.is_corrupt or stored != (
            picture.width,
            picture.height,
            info.pix_fmt if alpha else picture.format.name,
        ):
            raise DecodeError(f"is damaged at frame {frame.index}", subject=path.name)
        yield frame


def glimpses(
    path: Path, info: ClipInfo, count: int, *, short: int = SHORT_CLIP
) -> Iterator[tuple[Fraction, av.VideoFrame]]:
    """Up to `count` pictures spread over the clip, each once, with their seconds since its start.

    A clip of more than `short` pixels in all frames gives key frames, from coarse to fine: a caller
    may stop at any time and has seen the whole of it, an hour for hardly more than a minute. A
    shorter clip, or one of unknown length, is read through. Raises DecodeError.
    """
    frames = info.frames or round((info.duration or 0) * info.rate)
    small = frames * info.width * info.height <= short
    if info.duration is None or small or not can_be_sought_in(info):
        yield from _spread(path, info, frames, count)
        return
    with open_input(path) as container:
        stream = video_stream(container, info.stream)
        stream.codec_context.skip_frame = "NONKEY"
        seen: set[int | None] = set()
        shapes, fitter = Shapes(), Fitter(info.coded, info.pix_fmt, info.crop)
        for number in range(count):
            goal = round(info.duration * _halving(number) / info.time_base) - info.shift
            try:
                container.seek(goal, stream=stream)
                picture = next(
                    p
                    for packet in container.demux(stream)
                    for p in shapes.decode(packet, stream.codec_context)
                )
            except (StopIteration, av.error.FFmpegError):  # not every file can be sought in
                yield from _spread(path, info, frames, count - number)
                return
            if picture.pts not in seen:
                seen.add(picture.pts)
                shown = fitter.fit(picture, shapes.of(picture, stream.codec_context))
                yield ((picture.pts or 0) + info.shift) * info.time_base, shown


def _spread(
    path: Path, info: ClipInfo, frames: int, count: int
) -> Iterator[tuple[Fraction, av.VideoFrame]]:
    """`count` of the clip's `frames`, evenly spread, read from its start. Raises DecodeError."""
    every = max(1, -(-frames // count))
    with open_reader(path, info) as reader:
        for frame in itertools.islice(itertools.islice(reader, 0, None, every), count):
            yield frame.pts * info.time_base, frame.picture


def _halving(number: int) -> Fraction:
    """0, 1/2, 1/4, 3/4, 1/8, 5/8, ... (van der Corput): every prefix spreads over [0, 1)."""
    at, step = Fraction(0), Fraction(1, 2)
    while number:
        at += step * (number & 1)
        number, step = number >> 1, step / 2
    return at
