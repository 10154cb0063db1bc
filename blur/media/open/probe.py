"""Finding out a clip's streams, timing, geometry and colour, and the content an output drops."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container
import av.error
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import SideData
from av.stream import Disposition

from blur.errors import DecodeError, NotAClip
from blur.media.container import items, open_input, refuse_giant
from blur.media.open.clip_info import AudioTrack, ClipInfo, Colour
from blur.media.open.geometry import Orientation
from blur.media.open.opaque import has_alpha
from blur.media.open.stills import probe_still
from blur.media.photograph import is_still
from blur.media.traces import isobmff
from blur.media.traces.metadata import Kind, traces_of

# Demuxers whose clock starts at any time; an output's clock starts at zero.
_FREE_CLOCKS = {"mpegts", "mpeg", "rm"}

_IDENTITY_MATRIX = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)


def probe(path: Path) -> ClipInfo:
    """Read a clip's header and first picture. Raises NotAClip or DecodeError."""
    if is_still(path):
        return probe_still(path)
    with open_input(path) as container:
        stream = _main_video(container, path)
        _refuse_alpha_track(container, path)
        refuse_giant(stream.codec_context.width, stream.codec_context.height, path.name)
        picture = _first_picture(container, stream, path)
        matrix = _display_matrix(picture)
        orientation = (
            Orientation(picture.width, picture.height)
            if matrix is None
            else Orientation.from_matrix(picture.width, picture.height, matrix)
        )
        field_order = stream.codec_context.field_order
        return ClipInfo(
            path=path,
            container=container.format.name,
            codec=stream.codec_context.codec.canonical_name,
            orientation=orientation,
            pix_fmt=picture.format.name,
            size=path.stat().st_size,
            stream=stream.index,
            display_matrix=matrix,
            colour=_colour(picture),
            sample_aspect_ratio=stream.sample_aspect_ratio or Fraction(1),
            time_base=_time_base(stream),
            rate=stream.average_rate or stream.guessed_rate or Fraction(25),
            shift=_shift(container, stream, picture),
            frames=_promised_frames(container, stream),
            duration=Fraction(container.duration, 1_000_000) if container.duration else None,
            interlaced=picture.interlaced_frame or field_order in _INTERLACED,
            top_field_first=field_order not in _BOTTOM_FIRST,
            timecode=_timecode(container, stream),
            audio=tuple(
                AudioTrack(s.index, s.codec_context.name, s.codec_context.sample_rate or 0)
                for s in container.streams.audio
                if s.codec_context is not None
            ),
            dropped=tuple(dict.fromkeys(_dropped(container, stream))),
            notes=tuple(_notes(path, container, picture, matrix)),
        )


# AVFieldOrder: TT, BB, TB, BT
_INTERLACED = (2, 3, 4, 5)
_BOTTOM_FIRST = (3, 5)


def _main_video(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The default video stream, else the largest; never a cover picture. Raises NotAClip."""
    singles = items(container)
    streams = [
        s
        for s in container.streams.video
        if s.codec_context is not None
        and (s.index not in singles or len(singles) == len(container.streams.video))
        and not s.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
    ]
    if not streams and any(s.codec_context is None for s in container.streams.video):
        raise DecodeError(
            f"holds pictures that cannot be decoded here: {container.format.long_name}",
            subject=path.name,
            remedy="convert it with a program of its maker to a common format, and cover that",
        )
    if not streams:
        problem = "has sound but no picture" if container.streams.audio else "holds no picture"
        raise NotAClip(problem, subject=path.name)
    return max(
        streams,
        key=lambda s: (
            bool(s.disposition & Disposition.default),
            s.codec_context.width * s.codec_context.height,
            -s.index,
        ),
    )


def _refuse_alpha_track(container: av.container.InputContainer, path: Path) -> None:
    """Raise DecodeError for pictures whose transparency lies in a track of its own (HEIF)."""
    if container.format.name.startswith("mov") and b"auxv" in isobmff.handlers(path):
        raise DecodeError(
            "holds transparency in a track of its own",
            subject=path.name,
            remedy="save it without transparency, or as GIF or PNG",
        )


def _first_picture(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> av.VideoFrame:
    stream.thread_type = "SLICE"  # frame threads would read many packets for the first picture
    damaged: av.error.FFmpegError | None = None
    try:
        for packet in container.demux(stream):
            if packet.size == 0 and packet.dts is not None:
                continue  # the decoder would take it for the end of the stream
            try:
                for picture in packet.decode():
                    return picture
            except av.error.InvalidDataError as error:
                damaged = error
    except av.error.FFmpegError as error:
        damaged = error
    raise DecodeError("holds no picture that can be decoded", subject=path.name) from damaged


def _display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    data = _side_data(picture, "DISPLAYMATRIX")
    if data is None:
        return None
    matrix = tuple(np.frombuffer(data, np.int32).tolist())
    return None if matrix == _IDENTITY_MATRIX else matrix


def _side_data(picture: av.VideoFrame, name: str) -> bytes | None:
    data = picture.side_data.get(name)
    return None if data is None else bytes(cast(Buffer, data))


def _colour(picture: av.VideoFrame) -> Colour:
    return Colour(
        picture.color_primaries,
        picture.color_trc,
        picture.colorspace,
        picture.color_range,
        _mastering(_side_data(picture, "MASTERING_DISPLAY_METADATA")),
        _light(_side_data(picture, "CONTENT_LIGHT_LEVEL")),
    )


def _mastering(data: bytes | None) -> str:
    """FFmpeg's AVMasteringDisplayMetadata (ten rationals, two flags) in x265's notation."""
    if data is None or len(data) < 88:
        return ""
    numbers = struct.unpack("<22i", data[:88])
    if not all(numbers[20:]) or not all(numbers[1:20:2]):
        return ""
    values = [Fraction(n, d) for n, d in zip(numbers[0:20:2], numbers[1:20:2], strict=True)]
    r, g, b, white = (tuple(round(v * 50000) for v in values[i : i + 2]) for i in (0, 2, 4, 6))
    low, high = (round(v * 10000) for v in values[8:10])
    points = "".join(
        f"{n}({x},{y})" for n, (x, y) in zip(("G", "B", "R", "WP"), (g, b, r, white), strict=True)
    )
    return f"{points}L({high},{low})"


def _light(data: bytes | None) -> str:
    if data is None or len(data) < 8:
        return ""
    return "{},{}".format(*struct.unpack("<2I", data[:8]))


def _time_base(stream: av.VideoStream) -> Fraction:
    assert stream.time_base is not None
    return stream.time_base


def _shift(
    container: av.container.InputContainer, stream: av.VideoStream, picture: av.VideoFrame
) -> int:
    if set(container.format.name.split(",")) & _FREE_CLOCKS:
        return -round(Fraction(container.start_time or 0, 1_000_000) / _time_base(stream))
    return max(0, -(picture.pts or 0))


def _promised_frames(container: av.container.InputContainer, stream: av.VideoStream) -> int | None:
    if container.format.name.startswith("mov") and len(stream.index_entries):
        # An edit list hides frames that the sample table counts.
        return sum(not entry.is_discard for entry in stream.index_entries)
    return stream.frames or None


def _timecode(container: av.container.InputContainer, stream: av.VideoStream) -> str:
    for metadata in (stream.metadata, container.metadata, *(s.metadata for s in container.streams)):
        if "timecode" in metadata:
            return str(metadata["timecode"])
    return ""


def _dropped(container: av.container.InputContainer, main: av.VideoStream) -> Iterator[str]:
    found = list(traces_of(container.metadata, "file"))
    for stream in container.streams:
        found += traces_of(stream.metadata, f"track {stream.index}")
    kinds = {trace.kind for trace in found} - {Kind.TIMECODE}  # named with its track
    yield from (f"{kind} in metadata" for kind in Kind if kind in kinds)
    if container.chapters():
        yield "chapters"
    singles = items(container)
    for stream in container.streams:
        if stream.index == main.index or stream.type == "audio":
            continue
        if stream.disposition & Disposition.attached_pic:
            yield "cover picture"
        elif stream.index in singles:
            yield "single picture beside the film"
        elif stream.type == "video":
            yield f"video track {stream.index}"
        elif stream.type == "subtitle":
            yield "subtitles"
        elif stream.metadata.get("timecode"):
            yield "timecode track (--keep-timecode keeps it)"
        else:
            yield f"{stream.type} track {stream.index}"


_BASE_LAYERS = {1: "HDR10", 2: "SDR", 4: "HLG"}


def _notes(
    path: Path,
    container: av.container.InputContainer,
    picture: av.VideoFrame,
    matrix: tuple[int, ...] | None,
) -> Iterator[str]:
    vision = isobmff.dolby_vision(path) if container.format.name.startswith("mov") else None
    if vision is not None:
        profile, compatible = vision
        if layer := _BASE_LAYERS.get(compatible):
            yield f"Dolby Vision profile {profile}: comes out as its {layer} base layer"
        else:
            yield f"Dolby Vision profile {profile} has no base layer: its colours will look wrong"
    kinds = {data.type.name for data in cast(Iterable[SideData], picture.side_data)}
    if kinds & {"DYNAMIC_HDR_PLUS", "DYNAMIC_HDR_VIVID"}:
        yield "dynamic HDR metadata is dropped; the static colour description is kept"
    if has_alpha(picture.format.name) and container.format.name != "gif":
        yield "transparency flattened on black"
    if matrix is not None and not _is_quarter_turn(matrix):
        yield "turned by other than quarter turns: looked at in the nearest quarter turn"


def _is_quarter_turn(matrix: tuple[int, ...]) -> bool:
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    return (a == d == 0 and bool(b and c)) or (b == c == 0 and bool(a and d))
