"""What a clip is: its streams, timing, geometry and colour, and what will be left behind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container
import av.error
import numpy as np
from av.buffer import Buffer
from av.stream import Disposition

from blur.errors import DecodeError, NotAClip
from blur.media.geometry import Orientation

# FFmpeg demuxers that read other files or turn text into pictures: never a clip.
_NOT_CLIPS = {"concat", "dash", "hls", "imf", "lavfi", "sdp", "tty"}

# Demuxers whose clock starts anywhere; the output's starts at zero.
_FREE_CLOCKS = {"mpegts", "mpeg", "rm"}

# What the first bytes of a video container look like: tells a damaged clip from another file.
_CONTAINER_HEADS = (
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"RIFF"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    (0, b"FLV"),
    (0, b"GIF8"),
    (0, b"OggS"),
    (0, b"\x00\x00\x01\xba"),
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
)


@dataclass(frozen=True, slots=True)
class Colour:
    """Colour as ISO/IEC 23091-2 code points; `range` as in FFmpeg's AVColorRange."""

    primaries: int
    transfer: int
    matrix: int
    range: int


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """A sound track: its stream index in the container and its first pts in seconds."""

    index: int
    codec: str
    start: Fraction


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """One input file, moving or still, as `probe` found it.

    `width` and `height` are the display size in pixels; `orientation` leads to the stored one.
    `display_matrix` is the container's own, None when there is none. `shift` is added to every
    pts so that none is negative. `frames` is what the container promises, None when it promises
    nothing. `dropped` lists, in words, what no output will hold.
    """

    path: Path
    container: str
    codec: str
    stream: int
    orientation: Orientation
    display_matrix: tuple[int, ...] | None
    pix_fmt: str
    colour: Colour
    sample_aspect_ratio: Fraction
    time_base: Fraction
    rate: Fraction
    shift: int
    frames: int | None
    duration: Fraction | None
    interlaced: bool
    audio: tuple[AudioTrack, ...]
    dropped: tuple[str, ...]
    size: int

    @property
    def width(self) -> int:
        return self.orientation.width

    @property
    def height(self) -> int:
        return self.orientation.height


@contextlib.contextmanager
def open_input(path: Path) -> Iterator[av.container.InputContainer]:
    """The clip's container; raises NotAClip or DecodeError when there is none."""
    head = _head(path)
    try:
        # "file:" and the whitelist: a file's name or content never sends FFmpeg elsewhere.
        container = av.open(
            f"file:{path.absolute()}",
            metadata_errors="replace",
            options={"protocol_whitelist": "file", "fflags": "+genpts"},
        )
    except av.error.FFmpegError as error:
        if any(head[at:].startswith(magic) for at, magic in _CONTAINER_HEADS):
            raise DecodeError(
                f"is damaged or cut off: {error.strerror}", subject=path.name
            ) from error
        raise NotAClip("is not a video or image file", subject=path.name) from error
    with container:
        if set(container.format.name.split(",")) & _NOT_CLIPS:
            raise NotAClip(f"is a {container.format.long_name} file", subject=path.name)
        yield container


def probe(path: Path) -> ClipInfo:
    """Look at a clip's header and first picture; raises NotAClip or DecodeError."""
    with open_input(path) as container:
        stream = main_video(container, path)
        picture = _first_picture(container, stream, path)
        context = stream.codec_context
        time_base = stream.time_base
        assert time_base is not None
        audio = tuple(
            AudioTrack(
                s.index,
                s.codec_context.name,
                (s.start_time or 0) * (s.time_base or Fraction(1)),
            )
            for s in container.streams.audio
            if s.codec_context is not None
        )
        matrix = _display_matrix(picture)
        orientation = (
            Orientation(picture.width, picture.height)
            if matrix is None
            else Orientation.from_matrix(picture.width, picture.height, matrix)
        )
        return ClipInfo(
            path=path,
            container=container.format.name,
            codec=context.name,
            stream=stream.index,
            orientation=orientation,
            display_matrix=matrix,
            pix_fmt=picture.format.name,
            colour=Colour(
                picture.color_primaries,
                picture.color_trc,
                picture.colorspace,
                picture.color_range,
            ),
            sample_aspect_ratio=stream.sample_aspect_ratio or Fraction(1),
            time_base=time_base,
            rate=stream.average_rate or stream.guessed_rate or Fraction(25),
            shift=_shift(container, stream, picture),
            frames=stream.frames or None,
            duration=Fraction(container.duration, 1_000_000) if container.duration else None,
            interlaced=picture.interlaced_frame,
            audio=audio,
            dropped=tuple(_dropped(container, stream)),
            size=path.stat().st_size,
        )


def main_video(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The stream that is the clip: the default one, else the largest; never a cover picture."""
    streams = [
        s
        for s in container.streams.video
        if s.codec_context is not None
        and not s.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
    ]
    if not streams:
        what = "has sound but no picture" if container.streams.audio else "holds no picture"
        raise NotAClip(what, subject=path.name)
    return max(
        streams,
        key=lambda s: (
            bool(s.disposition & Disposition.default),
            s.codec_context.width * s.codec_context.height,
            -s.index,
        ),
    )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise DecodeError(
            f"cannot be read: {error.strerror}",
            subject=path.name,
            remedy="check that the file exists and that you may read it",
        ) from error
    if not head:
        raise NotAClip("is empty", subject=path.name, remedy="copy the clip from its source again")
    return head


def _first_picture(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> av.VideoFrame:
    stream.thread_type = "SLICE"  # one picture is wanted: frame threads would read many packets
    damaged: av.error.FFmpegError | None = None
    try:
        for packet in container.demux(stream):
            try:
                for picture in packet.decode():
                    return picture
            except av.error.InvalidDataError as error:
                damaged = error
    except av.error.FFmpegError as error:
        damaged = error
    raise DecodeError("holds no picture that can be decoded", subject=path.name) from damaged


def _display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    data = picture.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    matrix = np.frombuffer(memoryview(cast(Buffer, data)), np.int32).tolist()
    return None if matrix == [65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30] else tuple(matrix)


def _shift(
    container: av.container.InputContainer, stream: av.VideoStream, picture: av.VideoFrame
) -> int:
    time_base = stream.time_base or Fraction(1)
    if set(container.format.name.split(",")) & _FREE_CLOCKS:
        return -round(Fraction(container.start_time or 0, 1_000_000) / time_base)
    return max(0, -(picture.pts or 0))


def _dropped(container: av.container.InputContainer, main: av.VideoStream) -> Iterator[str]:
    if container.metadata:
        yield "container metadata"
    if main.metadata:
        yield "video track metadata"
    if container.chapters():
        yield "chapters"
    for stream in container.streams:
        if stream.index == main.index or stream.type == "audio":
            continue
        if stream.disposition & Disposition.attached_pic:
            yield "cover picture"
        elif stream.type == "subtitle":
            yield "subtitles"
        else:
            yield f"{stream.type} track {stream.index}"
