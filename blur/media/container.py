"""Opening a file as a container of streams, without following it anywhere else."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import av.container
import av.error

from blur.disk.places import absolute
from blur.errors import DecodeError, NotAClip
from blur.media.giants import refuse_giant_by

# FFmpeg demuxers that read other files or turn text into pictures: never a clip.
_NOT_CLIPS = {"concat", "dash", "hls", "imf", "lavfi", "sdp", "svg_pipe", "tty"}

# First bytes of video containers, and of those whose first four bytes are a size: they tell a
# damaged clip from any other file.
_ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
_HEADS = (b"RIFF", b"FLV", b"GIF8", b"OggS", b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", _ASF)
_SIZED_HEADS = (b"ftyp", b"moov", b"mdat", b"wide")


@contextlib.contextmanager
def open_input(path: Path) -> Iterator[av.container.InputContainer]:
    """A file as an FFmpeg container, closed on leaving. Raises NotAClip or DecodeError.

    An error of FFmpeg that nobody handles within leaves as DecodeError.
    """
    head = read_head(path)
    refuse_giant_by(head, path.name)
    try:
        # "file:" and the whitelist: a file's name or content never sends FFmpeg elsewhere.
        container = av.open(
            f"file:{absolute(path)}",
            # FFmpeg looks at 2 KB: an animation with a longer profile is its first picture to it.
            format="apng" if is_animated_png(path) else None,
            metadata_errors="replace",
            options={"protocol_whitelist": "file", "fflags": "+genpts"},
        )
    except av.error.FFmpegError as error:
        if head.startswith(_HEADS) or head[4:].startswith(_SIZED_HEADS):
            raise DecodeError("is damaged or incomplete", subject=path.name) from error
        raise NotAClip("is not a video or image file", subject=path.name) from error
    with container:
        if set(container.format.name.split(",")) & _NOT_CLIPS:
            raise NotAClip(f"is a {container.format.long_name} file", subject=path.name)
        if container.format.name == "mjpeg" and not head.startswith(b"\xff\xd8"):
            # FFmpeg finds JPEGs in documents, and would take the first for a film.
            raise NotAClip("is not a video or image file", subject=path.name)
        try:
            yield container
        except av.error.FFmpegError as error:
            raise DecodeError(f"cannot be read on: {error.strerror}", subject=path.name) from error


def video_stream(container: av.container.InputContainer, index: int) -> av.VideoStream:
    """The video stream at `index`, decoded on a single thread.

    With more threads the pictures of a damaged clip differ from one run to the next, most HEVC, VP8
    and VP9 of them without an error: a face that the scan saw would be elsewhere, or clear, when it
    is rendered. Workers with a core each lose nothing; a 4K clip alone on a large machine waits.
    """
    stream = container.streams[index]
    assert isinstance(stream, av.VideoStream)
    stream.thread_type, stream.codec_context.thread_count = "SLICE", 1
    return stream


def is_animated_png(path: Path) -> bool:
    """Whether a PNG announces an animation before its samples. Raises NotAClip or DecodeError."""
    head = read_head(path)
    if not head.startswith(b"\x89PNG"):
        return False
    return b"acTL" in read_head(path, _PNG_HEAD).partition(b"IDAT")[0]


_PNG_HEAD = 1 << 20
"""Bytes of a PNG searched for the sign of an animation; colour profiles stand before it."""


def items(container: av.container.InputContainer) -> frozenset[int]:
    """Indices of streams that are single pictures beside the tracks of a HEIF file.

    FFmpeg gives them a clock of whole seconds and no duration.
    """
    if not container.format.name.startswith("mov"):
        return frozenset()
    streams = container.streams.video
    return frozenset(s.index for s in streams if s.time_base == 1 and s.duration is None)


def count_pictures(path: Path, most: int) -> int:
    """Coded pictures of the first video stream, counted up to `most`, none decoded.

    Raises NotAClip or DecodeError.
    """
    with open_input(path) as container:
        if not container.streams.video:
            return 0
        packets = container.demux(container.streams.video[0])
        try:
            return sum(1 for _ in itertools.islice((p for p in packets if p.size), most))
        except av.error.FFmpegError as error:
            raise DecodeError(f"cannot be read: {error.strerror}", subject=path.name) from error


def read_head(path: Path, size: int = 64) -> bytes:
    """The first `size` bytes. Raises NotAClip if empty or a pipe, DecodeError if unreadable."""
    with reading(path):
        if path.is_fifo():  # to open it waits for whoever writes, for ever where nobody does
            raise NotAClip("is a pipe", subject=path.name, remedy="save it as a file first")
        with path.open("rb") as file:
            head = file.read(size)
    if not head:
        raise NotAClip("is empty", subject=path.name, remedy="copy it again from the card")
    return head


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raises DecodeError for an OSError inside: a file may go at any time, with its disk."""
    try:
        yield
    except OSError as error:
        raise DecodeError(
            f"cannot be read: {error.strerror}",
            subject=path.name,
            remedy="check that the file exists and that you may read it",
        ) from error
