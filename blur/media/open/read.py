"""All frames of a film in presentation order, each at its own time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import av.container
import av.error
import av.filter

from blur.errors import DecodeError
from blur.media.container import open_input, video_stream
from blur.media.open.clip_info import ClipInfo
from blur.media.open.clock import moved
from blur.media.open.promise import Promise, promise
from blur.media.open.shape import Fitter, Shapes
from blur.media.traces import nal
from blur.settings import OnResize

# Codecs with a picture in each packet: a packet without a picture is a loss.
_ONE_EACH = frozenset(
    ["h264", "hevc", "mpeg4", "mjpeg", "prores", "dnxhd", "ffv1", "vp8", "png", "apng", "gif"]
)
_VOP = b"\0\0\1\xb6"
_NOT_CODED = 16
"""Bytes of an MPEG-4 packet, up to which it may stand for a picture like the last."""


@dataclass(slots=True)
class Frame:
    """A decoded picture in stored geometry.

    `index` counts from 0 in presentation order. `pts`, strictly increasing, and `duration`, 0 if
    unknown, are in ticks of the clip's time base. `picture` may share buffers with the decoder:
    make it writable before painting.
    """

    index: int
    pts: int
    duration: int
    picture: av.VideoFrame


class FrameReader:
    """A context manager and an iterator over frames; leaving it closes the clip.

    `notes` lists repairs, complete after the last frame; `damaged` counts frames lost, or decoded
    with errors, so far.
    """

    damaged = 0

    def __init__(self, frames: Generator[Frame, None, None]) -> None:
        self._frames = frames
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._frames.close()

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __next__(self) -> Frame:
        return next(self._frames)


class Reader(FrameReader):
    """Every frame of a film, once, in order.

    More than `max_damaged` damaged or lost frames raise DecodeError. Pictures of another size,
    aspect, range or format than the first's are scaled to it, or raise DecodeError by `on_resize`.
    """

    def __init__(
        self,
        path: Path,
        info: ClipInfo,
        *,
        max_damaged: int = 0,
        deinterlace: bool = False,
        on_resize: OnResize = OnResize.SCALE,
    ) -> None:
        self._path = path
        self._info = info
        self._max_damaged = max_damaged
        self._lost = self._broken = self._fitted = 0
        self._on_resize = on_resize
        self._shapes, self._fitter = Shapes(), Fitter(info.coded, info.pix_fmt, info.crop)
        self._first_fitted = ""
        self._colours: set[tuple[int, int, int]] = set()
        super().__init__(self._read(deinterlace))

    def _read(self, deinterlace: bool) -> Generator[Frame, None, None]:
        with open_input(self._path) as container:
            stream = video_stream(container, self._info.stream)
            promised = promise(self._path, container, stream)
            self._lost = promised.missing
            self._check_damage("is cut off")
            if promised.hidden:
                self.notes.append(f"{promised.hidden} frames are hidden by the clip's edit list")
            if jumps := sum(move.stream == stream.index for move in self._info.moves):
                self.notes.append(f"the clock jumps {jumps} times: its parts follow each other")
            frames = self._timed(self._pictures(container, stream, promised))
            if deinterlace and self._info.interlaced:
                frames = _deinterlaced(frames, self._info)
                self.notes.append("deinterlaced")
            yield from frames
        if self._fitted:
            self.notes.append(f"{self._first_fitted}; {self._fitted} frames fitted to the first")
        if len(self._colours) > 1:
            self.notes.append("the description of colours changes midway: the first is kept")
        if self._lost:
            self.notes.append(f"LOST: at least {self._lost} frames cannot be decoded")
        if self._broken:
            self.notes.append(f"DAMAGED: {self._broken} frames were decoded with errors")

    def _timed(self, pictures: Iterator[av.VideoFrame]) -> Iterator[Frame]:
        info = self._info
        index, last, filled, moved = 0, -1, 0, 0
        step = max(1, round(1 / (info.rate * info.time_base)))
        for picture in pictures:
            pts = picture.pts
            if pts is None:
                pts, filled = (last + step if index else 0), filled + 1
            else:
                pts += info.shift
            if pts <= last:
                pts, moved = last + 1, moved + 1
            yield Frame(index, pts, picture.duration or 0, picture)
            index, last = index + 1, pts
        if filled:
            self.notes.append(f"{filled} frames had no time: filled in from the frame rate")
        if moved:
            self.notes.append(f"{moved} frames were doubled or out of order in time: moved on")

    def _pictures(
        self,
        container: av.container.InputContainer,
        stream: av.VideoStream,
        promised: Promise,
    ) -> Iterator[av.VideoFrame]:
        errors, packets, shown, discarded = 0, 0, 0, 0
        account, headers_alone = _Account(), header_test(stream)
        try:
            for packet in moved(container.demux(stream), self._info.moves):
                end = packet.size == 0 and packet.dts is None
                packets += not end
                discarded += packet.is_discard
                if packet.size == 0 and not end:
                    continue  # "hold the last picture": the decoder would take it for the end
                header = headers_alone(packet)
                if not header:
                    account.sent(packet)
                try:
                    pictures = self._shapes.decode(packet, stream.codec_context)
                except (av.error.InvalidDataError, av.error.PermissionError) as error:
                    if header:
                        continue  # the decoder has taken the parameter sets
                    errors += 1
                    self._lost += 1
                    self._check_damage("cannot be decoded", error)
                    continue
                for picture in pictures:
                    if picture.is_corrupt:
                        self._broken += 1
                        self._check_damage("is damaged")
                    account.came(picture)
                    yield self._fit(picture, stream.codec_context, shown)
                    shown += 1
        except av.error.FFmpegError as error:
            raise DecodeError(
                f"cannot be read on: {error.strerror}", subject=self._path.name
            ) from error
        if discarded > promised.hidden:
            self.notes.append(f"{discarded - promised.hidden} frames lie behind the clip's clock")
        leading, silent = account.missing()
        # A field may be a packet.
        if self._info.codec not in _ONE_EACH or self._info.interlaced or account.packed:
            leading = silent = 0
        if leading:
            self.notes.append(f"{leading} frames before the first key frame cannot be decoded")
        unread = max(promised.missing, (promised.packets or 0) - packets)
        self._lost = unread + max(errors, silent)
        self._check_damage("loses frames")

    def _check_damage(self, problem: str, cause: Exception | None = None) -> None:
        self.damaged = self._lost + self._broken
        if self.damaged <= self._max_damaged:
            return
        count = f"{self.damaged} frames" if self.damaged > 1 else "a frame"
        raise DecodeError(
            f"{problem}: {count} damaged or lost",
            subject=self._path.name,
            remedy="copy it again from the card, or cover the frames that can be decoded"
            " with --max-damaged",
        ) from cause

    def _fit(
        self, picture: av.VideoFrame, context: av.VideoCodecContext, index: int
    ) -> av.VideoFrame:
        shape = self._shapes.of(picture, context)
        colour = picture.color_primaries, picture.color_trc, picture.colorspace
        self._colours.add(colour)
        if self._fitter.changed(shape):
            change = f"changes from {self._info.coded} to {shape} at frame {index}"
            if self._on_resize is OnResize.FAIL:
                raise DecodeError(
                    change,
                    subject=self._path.name,
                    remedy="use --on-resize scale, or cut the clip there and cover the parts",
                )
            self._first_fitted = self._first_fitted or change
            self._fitted += 1
        return self._fitter.fit(picture, shape)


def header_test(stream: av.VideoStream) -> Callable[[av.Packet[av.VideoStream]], bool]:
    """Tells a stream's packets with parameter sets alone from those with coded samples.

    A parser must understand the sets: one turned bit makes a picture's type a header's.
    """
    codec = stream.codec_context.name
    size = nal.length_size(codec, stream.codec_context.extradata)
    if codec not in nal.CODECS:
        return lambda packet: False

    def is_header(packet: av.Packet[av.VideoStream]) -> bool:
        data = bytes(packet)
        return nal.headers_alone(codec, data, size) and _parses(codec, data, stream)

    return is_header


def _parses(codec: str, data: bytes, stream: av.VideoStream) -> bool:
    try:
        av.BitStreamFilterContext(f"{codec}_metadata", stream).filter(av.Packet(data))
    except av.error.FFmpegError:
        return False
    return True


class _Account:
    """Packets that have not become pictures, by their pts."""

    def __init__(self) -> None:
        self._undecoded: Counter[int] = Counter()
        self._first_key: int | None = None
        self.packed = False
        """Whether a packet holds two pictures of MPEG-4, and a later one none."""

    def sent(self, packet: av.Packet[av.VideoStream]) -> None:
        if packet.pts is None or packet.is_discard:
            return
        if packet.stream.codec_context.name == "mpeg4":
            self.packed |= bytes(packet).count(_VOP) > 1
            if packet.size <= _NOT_CODED:
                return
        self._undecoded[packet.pts] += 1
        if packet.is_keyframe and self._first_key is None:
            self._first_key = packet.pts

    def came(self, picture: av.VideoFrame) -> None:
        if picture.pts is not None and (waiting := self._undecoded.pop(picture.pts, 0)) > 1:
            self._undecoded[picture.pts] = waiting - 1

    def missing(self) -> tuple[int, int]:
        """(packets before the first key frame, which no player can show; all others)."""
        start = self._first_key or 0
        leading = sum(n for pts, n in self._undecoded.items() if pts < start)
        return leading, self._undecoded.total() - leading


def _deinterlaced(frames: Iterator[Frame], info: ClipInfo) -> Iterator[Frame]:
    """A progressive frame for each interlaced one, at its index and time."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=info.orientation.stored_width,
        height=info.orientation.stored_height,
        format=av.VideoFormat(info.pix_fmt),
        time_base=info.time_base,
    )
    parity = "tff" if info.top_field_first else "bff"
    filters = graph.add("bwdif", f"mode=send_frame:parity={parity}:deint=all")
    sink = graph.add("buffersink")
    graph.link_nodes(source, filters, sink).configure()
    waiting: list[Frame] = []

    def pull() -> Iterator[Frame]:
        while True:
            try:
                picture = sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(picture, av.VideoFrame)
            frame = waiting.pop(0)
            yield Frame(frame.index, frame.pts, frame.duration, picture)

    for frame in frames:
        frame.picture.pts, frame.picture.time_base = frame.pts, Fraction(info.time_base)
        waiting.append(frame)
        source.push(frame.picture)
        yield from pull()
    source.push(None)
    yield from pull()
