"""All traces in a file: location, device, dates, tracks, thumbnails, encoder."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import av.container
import av.error
from av.stream import Disposition
from msgspec import Struct
from PIL import ImageOps

from blur.errors import OutputError
from blur.media import tiff
from blur.media.container import open_input
from blur.media.photograph import RAW, SINGLE, form_of, format_of, is_still, photograph_header
from blur.media.traces import icc, nal
from blur.media.traces.clock_start import telling
from blur.media.traces.containers import traces_in_container
from blur.media.traces.image_parts import traces_of_still
from blur.media.traces.metadata import Kind, Trace, traces_of
from blur.media.traces.mxf import traces_of_mxf

_ZERO = "00:00:00:00"
_LOOKED_AT = 100
"""Packets at the start of a stream that are searched for user data."""


class FileTraces(Struct, frozen=True):
    """A file's tracks, in words, and every trace found in it."""

    name: str
    format: str
    tracks: tuple[str, ...]
    traces: tuple[Trace, ...]

    def beyond(self, allowed: frozenset[Kind]) -> tuple[Trace, ...]:
        """The traces of other kinds than those allowed."""
        return tuple(trace for trace in self.traces if trace.kind not in allowed)


def traces_in_file(path: Path) -> FileTraces:
    """Everything in a file beside picture and structure. Raises NotAClip or DecodeError."""
    if is_still(path):
        return _traces_in_still(path)
    with open_input(path) as container:
        name = container.format.name
        found: list[Trace] = []
        if (inside := traces_in_container(path, name)) is not None:
            found += inside
        elif name.startswith("mxf"):
            found += traces_of_mxf(path)
            timecode = container.metadata.get("timecode", _ZERO)
            found += [Trace.of(Kind.TIMECODE, "file", timecode)] if timecode != _ZERO else []
        else:
            found += traces_of(container.metadata, "file")
            for stream in container.streams:
                found += traces_of(stream.metadata, f"track {stream.index}")
        found += _track_traces(container)
        if start := telling(container):
            found.append(Trace.of(Kind.DATE, "file: start of its clock", start))
        if container.chapters():
            found.append(Trace.of(Kind.CHAPTERS, "file"))
        tracks = tuple(_describe(stream) for stream in container.streams)
        found += _stream_traces(container)
        return FileTraces(
            path.name, container.format.long_name, tracks, tuple(dict.fromkeys(found))
        )


def _traces_in_still(path: Path) -> FileTraces:
    form = form_of(path)
    if form in (RAW, SINGLE):
        codec = form.lower()
        track = "picture of a camera's sensor" if form == RAW else _pictured(path)
    elif form == "TIFF":
        first = next(iter(tiff.directories(path)), {})
        width, height = (first.get(tag, (0,))[0] for tag in (tiff.WIDTH, tiff.HEIGHT))
        space = icc.standard_name(icc.in_tiff(path)) or "sRGB"
        codec, track = "tiff", f"picture tiff {width}x{height} {space}"
    else:
        with photograph_header(path) as image:
            width, height = ImageOps.exif_transpose(image).size
            codec = format_of(image).lower()
            space = icc.standard_name(image.info.get("icc_profile") or b"") or "sRGB"
        track = f"picture {codec} {width}x{height} {space}"
    return FileTraces(path.name, codec, (track,), tuple(dict.fromkeys(traces_of_still(path))))


def _pictured(path: Path) -> str:
    with open_input(path) as container:
        return _describe(container.streams.video[0])


def check_output(path: Path, allowed: frozenset[Kind], name: str) -> None:
    """Raise OutputError, naming the output `name`, for a trace of a kind beyond `allowed`."""
    surplus = traces_in_file(path).beyond(allowed)
    if surplus:
        listed = "; ".join(f"{t.kind} at {t.where}" for t in surplus[:5])
        raise OutputError(
            f"the output holds traces that were not asked for: {listed}",
            subject=name,
            remedy="it was removed; please report this with the clip's `blur inspect`",
        )


def _describe(stream: av.stream.Stream) -> str:
    context = stream.codec_context
    if context is None:
        return f"{stream.type}, unknown"
    words = [stream.type, context.name]
    if isinstance(context, av.VideoCodecContext):
        words += [f"{context.width}x{context.height}", str(context.pix_fmt)]
    elif isinstance(context, av.AudioCodecContext):
        words += [context.layout.name, f"{context.sample_rate} Hz"]
    return " ".join(words)


def _track_traces(container: av.container.InputContainer) -> Iterator[Trace]:
    pictures = 0
    for stream in container.streams:
        where = f"track {stream.index}"
        if stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            yield Trace.of(Kind.THUMBNAIL, where, "cover picture")
        elif stream.type == "audio":
            yield Trace.of(Kind.SOUND, where, _describe(stream))
        elif stream.type == "video":
            pictures += 1
            if pictures > 1:
                yield Trace.of(Kind.TRACK, where, _describe(stream))
        elif stream.metadata.get("timecode"):
            yield Trace.of(Kind.TIMECODE, where, stream.metadata["timecode"])
        else:
            yield Trace.of(Kind.TRACK, where, _describe(stream))


def _stream_traces(container: av.container.InputContainer) -> Iterator[Trace]:
    for stream in container.streams.video:
        context = stream.codec_context
        if context is None or context.name not in ("h264", "hevc"):
            continue
        size = nal.length_size(context.name, context.extradata)
        messages = list(nal.header_user_data(context.name, context.extradata))
        # The reader reports damaged streams.
        with contextlib.suppress(av.error.FFmpegError):
            for packet in itertools.islice(container.demux(stream), _LOOKED_AT):
                messages += nal.user_data(context.name, bytes(packet), size)
        for message in messages:
            # A 16-byte identifier stands before the text.
            yield Trace.of(Kind.STREAM, f"track {stream.index}: user data", message[16:])
