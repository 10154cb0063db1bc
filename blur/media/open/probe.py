"""Finding out a clip's streams, timing, geometry and colour, and the content an output drops."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error
import numpy as np

from blur.errors import DecodeError
from blur.media import sample_tables
from blur.media.container import items, open_input, reading
from blur.media.giants import refuse_giant
from blur.media.open import origin, side_data, tracks
from blur.media.open.clip_info import ClipInfo, Colour
from blur.media.open.clock import course_of
from blur.media.open.geometry import Orientation
from blur.media.open.opaque import has_alpha
from blur.media.open.pace import NUMBERED, pace
from blur.media.open.shape import Crop, Shape, Shapes, cropped
from blur.media.open.stills import probe_still
from blur.media.photograph import is_still
from blur.media.traces import ebml
from blur.media.traces.clock_start import telling

_OF_RGB, _UNSPECIFIED = 0, 2  # AVCOL_SPC
_IDENTITY_MATRIX = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)


def probe(path: Path) -> ClipInfo:
    """Read a clip's header and first picture. Raises NotAClip or DecodeError."""
    if is_still(path):
        return probe_still(path)
    with reading(path), open_input(path) as container:
        stream = tracks.main_video(container, path)
        tracks.refuse_alpha(container, path)
        refuse_giant(stream.codec_context.width, stream.codec_context.height, path.name)
        tracks.refuse_further_films(container, stream, path)
        picture, start, coded = _beginning(container, stream, path)
        crop = _crop(path, container, coded)
        width, height = (coded.width, coded.height) if crop is None else cropped(coded, crop)
        data = side_data.side_data(picture)
        matrix = _display_matrix(data)
        orientation = (
            Orientation(width, height)
            if matrix is None
            else Orientation.from_matrix(width, height, matrix)
        )
        field_order = stream.codec_context.field_order
        frames, rate, duration = pace(path, container, stream)
        tick = _time_base(stream)
        if container.format.name in NUMBERED:
            tick = 1 / rate
            start = (picture.pts or 0) * tick
        sounds = tracks.sounds(container)
        course = course_of(
            path, container.format.name, [stream.index, *(sound.index for sound in sounds)]
        )
        if course is not None and course.moves:
            duration = course.length
        return ClipInfo(
            path=path,
            container=container.format.name,
            codec=stream.codec_context.codec.canonical_name,
            orientation=orientation,
            pix_fmt=picture.format.name,
            size=path.stat().st_size,
            stream=stream.index,
            coded=coded,
            crop=crop,
            display_matrix=matrix,
            colour=_colour(picture, data),
            sample_aspect_ratio=stream.sample_aspect_ratio or Fraction(1),
            time_base=tick,
            rate=rate,
            shift=origin.shift(start, tick),
            moves=() if course is None else course.moves,
            frames=frames,
            duration=None if duration is None else _length(container, duration),
            interlaced=picture.interlaced_frame or field_order in _INTERLACED,
            top_field_first=field_order not in _BOTTOM_FIRST,
            timecode=_said(container, stream, "timecode"),
            reel=_said(container, stream, "reel_name"),
            audio=sounds,
            dropped=tuple(dict.fromkeys(_dropped(path, container, stream))),
            notes=tuple(_notes(path, container, picture, data, matrix)),
        )


_WAIT_FOR_SOUND = 64
"""Packets after the first picture's among which a sound's first packet must come, or else its start
is the header's: two seconds of film and sound."""


# AVFieldOrder: TT, BB, TB, BT
_INTERLACED = (2, 3, 4, 5)
_BOTTOM_FIRST = (3, 5)


def _beginning(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> tuple[av.VideoFrame, Fraction, Shape]:
    """The first picture, the second at which it or a sound begins, and the picture's shape."""
    stream.thread_type = "SLICE"  # frame threads would read many packets for the first picture
    picture: av.VideoFrame | None = None
    shapes = Shapes()
    damaged: av.error.FFmpegError | None = None
    silent = {track.index for track in tracks.sounds(container)}
    sounds: list[Fraction] = []
    wait = _WAIT_FOR_SOUND
    try:
        for packet in container.demux([stream, *(container.streams[i] for i in silent)]):
            if packet.stream_index in silent and packet.size:
                silent.remove(packet.stream_index)
                if (heard := origin.heard_from(packet)) is not None:
                    sounds.append(heard)
            elif picture is None and packet.stream_index == stream.index:
                if packet.size == 0 and packet.dts is not None:
                    continue  # the decoder would take it for the end of the stream
                try:
                    picture = next(iter(shapes.decode(packet, stream.codec_context)), None)
                except av.error.InvalidDataError as error:
                    damaged = error
            wait -= picture is not None
            if picture is not None and (not silent or not wait):
                break
    except av.error.FFmpegError as error:
        damaged = error
    if picture is None:
        raise DecodeError("holds no picture that can be decoded", subject=path.name) from damaged
    for index in silent:
        late = container.streams[index]
        if late.start_time is not None and late.time_base is not None:
            sounds.append(late.start_time * late.time_base)
    shown = (picture.pts or 0) * _time_base(stream)
    coded = shapes.of(picture, stream.codec_context)
    return picture, origin.earliest(shown, sounds), coded


def _crop(path: Path, container: av.container.InputContainer, coded: Shape) -> Crop | None:
    """The crop that a container asks players for; None without any, or where nothing is left."""
    name = container.format.name
    if name.startswith("mov"):
        sides, tables = sample_tables.clean_apertures(path), items(container)
    elif name.startswith("matroska"):
        sides, tables = ebml.pixel_crops(path), frozenset()
    else:
        return None
    stream = tracks.main_video(container, path).index
    number = stream - sum(index < stream for index in tables)
    crop = Crop(*sides[number]) if number < len(sides) else Crop(0, 0, 0, 0)
    shown = min(cropped(coded, crop))
    return crop if any(crop) and shown > 0 else None


def _length(container: av.container.InputContainer, duration: Fraction) -> Fraction:
    """Seconds from a clip's start to its end; some containers count them from the clock's zero."""
    if not container.format.name.startswith(("matroska", "mov")):
        return duration
    start = Fraction(container.start_time or 0, 1_000_000)
    return duration - start if 0 < start < duration else duration


def _dropped(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[str]:
    if telling(container):
        yield "start of the clock, which tells of the recording"
    yield from tracks.dropped(path, container, stream)


def _display_matrix(data: dict[str, bytes]) -> tuple[int, ...] | None:
    if "DISPLAYMATRIX" not in data:
        return None
    matrix = tuple(np.frombuffer(data["DISPLAYMATRIX"], np.int32).tolist())
    return None if matrix == _IDENTITY_MATRIX else matrix


def _colour(picture: av.VideoFrame, data: dict[str, bytes]) -> Colour:
    matrix = picture.colorspace
    if matrix == _OF_RGB and not picture.format.is_rgb:
        matrix = _UNSPECIFIED  # grey PNGs say RGB: their luma would be shown as green
    return Colour(
        picture.color_primaries,
        picture.color_trc,
        matrix,
        picture.color_range,
        side_data.mastering(data.get("MASTERING_DISPLAY_METADATA")),
        side_data.light(data.get("CONTENT_LIGHT_LEVEL")),
    )


def _time_base(stream: av.VideoStream) -> Fraction:
    assert stream.time_base is not None
    return stream.time_base


def _said(container: av.container.InputContainer, stream: av.VideoStream, key: str) -> str:
    for metadata in (stream.metadata, container.metadata, *(s.metadata for s in container.streams)):
        for name, value in metadata.items():
            if name.lower() == key:  # Matroska's are in capitals
                return str(value)
    return ""


_BASE_LAYERS = {1: "HDR10", 2: "SDR", 4: "HLG"}


def _notes(
    path: Path,
    container: av.container.InputContainer,
    picture: av.VideoFrame,
    data: dict[str, bytes],
    matrix: tuple[int, ...] | None,
) -> Iterator[str]:
    vision = sample_tables.dolby_vision(path) if container.format.name.startswith("mov") else None
    if vision is not None:
        profile, compatible = vision
        if layer := _BASE_LAYERS.get(compatible):
            yield f"Dolby Vision profile {profile}: comes out as its {layer} base layer"
        else:
            yield f"Dolby Vision profile {profile} has no base layer: its colours will look wrong"
    if data.keys() & {"DYNAMIC_HDR_PLUS", "DYNAMIC_HDR_VIVID"}:
        yield "dynamic HDR metadata is dropped; the static colour description is kept"
    if "SPHERICAL" in data:
        yield "360 degrees: the pictures come out flat, the mark of their projection is dropped"
    if "STEREO3D" in data:
        yield "spatial film: the mark of its two views is dropped"
    if kinds := side_data.unknown(data):
        yield f"data beside the pictures of unknown kind is dropped: {', '.join(kinds)}"
    if has_alpha(picture.format.name) and container.format.name != "gif":
        yield "transparency flattened on black"
    if matrix is not None and not _is_quarter_turn(matrix):
        yield "turned by other than quarter turns: looked at in the nearest quarter turn"


def _is_quarter_turn(matrix: tuple[int, ...]) -> bool:
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    return (a == d == 0 and bool(b and c)) or (b == c == 0 and bool(a and d))
