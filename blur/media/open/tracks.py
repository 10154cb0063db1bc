"""A container's tracks: the pictures to cover, the sounds to keep, and all others by name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import av
import av.container
from av.stream import Disposition, Stream

from blur.errors import DecodeError, NotAClip
from blur.media.container import items, open_input
from blur.media.open.clip_info import AudioTrack
from blur.media.sample_tables import handlers
from blur.media.traces.containers import traces_in_container
from blur.media.traces.metadata import Kind, traces_of

_LONGEST_WAIT = 2000
"""Packets of all tracks among which a film's second picture must come; fewer could take a film that
begins late for a single picture."""


def main_video(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The default picture track, else the largest; never a cover picture.

    Raises NotAClip or DecodeError.
    """
    tracks = _films(container)
    if not tracks and any(s.codec_context is None for s in container.streams.video):
        raise DecodeError(
            f"holds pictures that cannot be decoded here: {container.format.long_name}",
            subject=path.name,
            remedy="convert it with a program of its maker to a common format, and cover that",
        )
    if not tracks:
        problem = "has sound but no picture" if container.streams.audio else "holds no picture"
        raise NotAClip(problem, subject=path.name)
    return max(
        tracks,
        key=lambda s: (
            bool(s.disposition & Disposition.default),
            s.codec_context.width * s.codec_context.height,
            -s.index,
        ),
    )


def refuse_alpha(container: av.container.InputContainer, path: Path) -> None:
    """Raise DecodeError for alpha in a track of its own (HEIF) or beside the pictures (WebM).

    Readers leave it out, and an output would show the pixels that it hides.
    """
    if container.format.name.startswith("mov") and b"auxv" in handlers(path):
        raise DecodeError(
            "holds transparency in a track of its own",
            subject=path.name,
            remedy="save it without transparency, or as GIF or PNG",
        )
    for stream in container.streams.video:
        coder = stream.codec_context and _WITH_ALPHA.get(stream.codec_context.codec.canonical_name)
        if coder and _tells_of_alpha(stream):
            raise DecodeError(
                "holds transparency beside its pictures",
                subject=path.name,
                remedy="bring both together: "
                f"ffmpeg -c:v {coder} -i CLIP -c:v ffv1 -pix_fmt yuva420p -c:a copy CLIP.mkv",
            )


_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""By codec: FFmpeg's decoder that gives its alpha, which its usual decoder leaves out."""


def _tells_of_alpha(stream: Stream) -> bool:
    """By Matroska's AlphaMode."""
    return any(k.lower() == "alpha_mode" and v != "0" for k, v in stream.metadata.items())


def refuse_further_films(
    container: av.container.InputContainer, main: av.VideoStream, path: Path
) -> None:
    """Raise DecodeError where a second track holds a film: an output without it would lose it."""
    others = [s for s in _films(container) if s.index != main.index]
    moving = {s.index for s in others if s.frames > 1}
    unsure = {s.index for s in others if not s.frames}
    if unsure and not moving:
        moving = _moving(path, unsure)
    if not moving:
        return
    indices = sorted({main.index, *moving})
    tracks = [s for s in container.streams.video if s.index in indices]
    listed = ", ".join(
        f"track {s.index} of {s.codec_context.width}x{s.codec_context.height}" for s in tracks
    )
    commands = ", then ".join(
        f"ffmpeg -i CLIP -map 0:{s.index} -map 0:a? -c copy TRACK{s.index}{path.suffix}"
        for s in tracks
    )
    raise DecodeError(
        f"holds {len(tracks)} films, of which an output would keep one: {listed}",
        subject=path.name,
        remedy=f"split it and cover each part: {commands}",
    )


def _moving(path: Path, tracks: set[int]) -> set[int]:
    """The first of `tracks` that shows a second picture, by its packets."""
    seen: set[int] = set()
    with open_input(path) as container:
        for packet in itertools.islice(container.demux(), _LONGEST_WAIT):
            if packet.stream_index in tracks and packet.size:
                if packet.stream_index in seen:
                    return {packet.stream_index}
                seen.add(packet.stream_index)
    return set()


def sounds(container: av.container.InputContainer) -> tuple[AudioTrack, ...]:
    """The sound tracks that can be decoded."""
    return tuple(
        AudioTrack(
            s.index,
            s.codec_context.codec.canonical_name,
            s.codec_context.sample_rate or 0,
            s.codec_context.layout.nb_channels,
        )
        for s in container.streams.audio
        if s.codec_context is not None
    )


def dropped(
    path: Path, container: av.container.InputContainer, main: av.VideoStream
) -> Iterator[str]:
    """The content that no output holds, in words for a report: kinds of traces, then tracks."""
    found = list(traces_of(container.metadata, "file"))
    found += traces_in_container(path, container.format.name) or ()
    for stream in container.streams:
        found += traces_of(stream.metadata, f"track {stream.index}")
    # Timecodes, tracks, sounds and chapters are named where they are found.
    kinds = {trace.kind for trace in found} - {Kind.TIMECODE, Kind.TRACK, Kind.SOUND, Kind.CHAPTERS}
    yield from (str(kind) for kind in Kind if kind in kinds)
    if container.chapters():
        yield "chapters"
    singles = items(container)
    for stream in container.streams:
        if stream.index == main.index or (stream.type == "audio" and _decodes(stream)):
            continue
        if stream.disposition & Disposition.attached_pic:
            yield "cover picture"
        elif stream.index in singles:
            yield "single picture beside the film"
        elif stream.type in ("audio", "video") and not _decodes(stream):
            yield f"{_WORDS[stream.type]} track {stream.index}, which nothing here decodes"
        elif stream.type == "video":
            yield f"video track {stream.index}"
        elif stream.type == "subtitle":
            yield "subtitles"
        elif stream.metadata.get("timecode"):
            yield "timecode track (--timecode keep keeps it)"
        else:
            yield f"{stream.type} track {stream.index}"


_WORDS = {"audio": "sound", "video": "video"}


def _films(container: av.container.InputContainer) -> list[av.VideoStream]:
    singles = items(container)
    return [
        s
        for s in container.streams.video
        if _decodes(s)
        and (s.index not in singles or len(singles) == len(container.streams.video))
        and not s.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
    ]


def _decodes(stream: Stream) -> TypeGuard[av.VideoStream]:
    return stream.codec_context is not None
