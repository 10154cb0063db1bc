"""What a file gives away: location, device, dates, tracks, thumbnails, encoder."""

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

from blur.errors import OutputError
from blur.media.open.probe import open_input
from blur.media.traces import ebml, image_parts, isobmff, nal
from blur.media.traces.metadata import Kind, Trace, traces_of

_LOOKED_AT = 100
"""Packets at the start of a stream whose user data is looked for."""


class Inspection(Struct, frozen=True):
    """A file's tracks, in words, and every trace found in it."""

    name: str
    format: str
    tracks: tuple[str, ...]
    traces: tuple[Trace, ...]

    def beyond(self, allowed: frozenset[Kind]) -> tuple[Trace, ...]:
        """The traces of other kinds than those allowed."""
        return tuple(trace for trace in self.traces if trace.kind not in allowed)


def inspect(path: Path) -> Inspection:
    """Look for everything in a file that is not picture or structure.

    Raises NotAClip or DecodeError when the file cannot be opened.
    """
    from blur.media.open import stills

    if stills.is_still(path):
        info = stills.probe_still(path)
        track = f"picture {info.codec} {info.width}x{info.height} {info.profile}"
        found_in_parts = dict.fromkeys(image_parts.traces(path))
        return Inspection(path.name, info.codec, (track,), tuple(found_in_parts))
    with open_input(path) as container:
        name = container.format.name
        found: list[Trace] = []
        if name.startswith("mov"):
            found += isobmff.traces(path)
        elif name.startswith("matroska"):
            found += ebml.traces(path)
        else:
            found += traces_of(container.metadata, "file")
            for stream in container.streams:
                found += traces_of(stream.metadata, f"track {stream.index}")
        found += _track_traces(container)
        if container.chapters():
            found.append(Trace.of(Kind.CHAPTERS, "file"))
        tracks = tuple(_describe(stream) for stream in container.streams)
        found += _stream_traces(container)
        return Inspection(
            path.name, container.format.long_name, tracks, tuple(dict.fromkeys(found))
        )


def side_by_side(
    before: Inspection, after: Inspection
) -> tuple[tuple[Kind, tuple[str, ...], tuple[str, ...]], ...]:
    """For each kind of trace: what the clip gave away, and what its output still does."""
    rows = []
    for kind in Kind:
        was, now = (
            tuple(t.value or t.where for t in found.traces if t.kind is kind)
            for found in (before, after)
        )
        if was or now:
            rows.append((kind, was, now))
    return tuple(rows)


def check_output(path: Path, allowed: frozenset[Kind], name: str) -> None:
    """Raises OutputError when an output holds a trace that it should not."""
    surplus = inspect(path).beyond(allowed)
    if surplus:
        listed = "; ".join(f"{t.kind} at {t.where}" for t in surplus[:5])
        raise OutputError(
            f"the output holds what it should not: {listed}",
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
        # A damaged stream is the reader's to report.
        with contextlib.suppress(av.error.FFmpegError):
            for packet in itertools.islice(container.demux(stream), _LOOKED_AT):
                messages += nal.user_data(context.name, bytes(packet), size)
        for message in messages:
            # A 16-byte identifier stands before the text.
            yield Trace.of(Kind.STREAM, f"track {stream.index}: user data", message[16:])
