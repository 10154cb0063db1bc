"""The covered clip: a new container that holds what the allow-list names and nothing else."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error

from blur.errors import DiskFull, OutputError
from blur.media.audio import AudioCopy
from blur.media.probe import ClipInfo
from blur.media.read import Frame
from blur.settings import AudioMode, OutputSettings


@dataclass(frozen=True, slots=True)
class Written:
    """A finished output. `dropped` and `notes` are what a report says about it."""

    path: Path
    frames: int
    bytes: int
    sha256: str
    notes: tuple[str, ...]
    dropped: tuple[str, ...]


class Writer:
    """Encodes frames into `final_path`, which appears whole and verified, or not at all.

    Writes to `.NAME.part` in the same folder. A context manager: leaving it before `finish`
    removes what was written. Raises OutputError or DiskFull.
    """

    def __init__(self, final_path: Path, info: ClipInfo, settings: OutputSettings) -> None:
        self._final = final_path
        self._part = final_path.with_name(f".{final_path.name}.part")
        self._info = info
        self._settings = settings
        self._stack = ExitStack()
        self._pts: list[int] = []
        self._last_duration = 0
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        with self._explained():
            self._final.parent.mkdir(parents=True, exist_ok=True)
            self._part.unlink(missing_ok=True)
        try:
            with self._explained():
                self._open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The trailer of an abandoned output cannot be written on a full disk, and need not be.
        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._stack.close()
        self._part.unlink(missing_ok=True)

    def write(self, frame: Frame) -> None:
        """Encode one frame at its own pts."""
        with self._explained():
            picture = frame.picture
            if picture.format.name != self._pix_fmt:
                picture = self._converted(picture)
            picture.pts, picture.time_base = frame.pts, self._info.time_base
            picture.pict_type = 0  # the source's choice of key frames is not ours
            self._pts.append(frame.pts)
            self._last_duration = frame.duration
            self._mux(self._stream.encode(picture))
            if self._audio is not None:
                self._audio.copy_until(frame.pts * self._info.time_base)

    def finish(self) -> Written:
        """Complete, verify and rename the output."""
        with self._explained():
            if not self._pts:
                raise OutputError("no frame was written", subject=self._final.name)
            self._mux(self._stream.encode(None))
            if self._audio is not None:
                self._audio.copy_until(None)
            self._stack.close()
            self._verify()
            with self._part.open("rb+") as file:
                os.fsync(file.fileno())
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = self._part.stat().st_size
            self._part.replace(self._final)
            _sync_folder(self._final.parent)
        dropped = list(self._info.dropped)
        if self._settings.audio is AudioMode.STRIP and self._info.audio:
            dropped.append("sound (a voice identifies; --audio keep keeps it)")
        return Written(
            self._final, len(self._pts), size, sha256, tuple(self._notes), tuple(dropped)
        )

    def _open(self) -> None:
        info, settings = self._info, self._settings
        self._container = self._stack.enter_context(
            av.open(
                f"file:{self._part.absolute()}",
                "w",
                format="mp4",
                options={"fflags": "+bitexact", "movflags": "+faststart"},
            )
        )
        options = {
            "crf": str(18 if settings.crf is None else settings.crf),
            "preset": settings.preset or "medium",
            "a53cc": "0",
        }
        self._stream = self._container.add_stream("libx264", rate=info.rate, options=options)
        context = self._stream.codec_context
        context.width = info.orientation.stored_width
        context.height = info.orientation.stored_height
        self._pix_fmt = self._encoder_format(context.width % 2 or context.height % 2)
        context.pix_fmt = self._pix_fmt
        context.time_base = info.time_base
        context.sample_aspect_ratio = info.sample_aspect_ratio
        colour = info.colour
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        context.colorspace, context.color_range = colour.matrix, colour.range
        if self._pix_fmt != info.pix_fmt:
            self._note_conversion()
        self._stream.time_base = info.time_base
        if info.display_matrix is not None:
            self._stream.set_display_matrix(info.display_matrix)
        self._audio: AudioCopy | None = None
        if settings.audio is AudioMode.KEEP and info.audio:
            self._audio = AudioCopy(info, self._container)
            self._stack.callback(self._audio.close)
        self._container.start_encoding()
        # x264 writes its version and settings into the stream (SEI).
        self._strip = av.BitStreamFilterContext("filter_units=remove_types=6", self._stream)

    def _encoder_format(self, odd: int) -> str:
        name = self._info.pix_fmt
        if odd:
            return "yuv444p"
        codec = av.Codec("libx264", "w")
        takes = {f.name for f in codec.video_formats or ()}
        return name if name in takes and name != "gray" else "yuv420p"

    def _note_conversion(self) -> None:
        self._notes.append(f"samples converted from {self._info.pix_fmt} to {self._pix_fmt}")
        if self._info.pix_fmt.startswith(("rgb", "bgr", "gbr", "pal", "arg", "abg")):
            context = self._stream.codec_context
            context.colorspace, context.color_range = 1, 1
            context.color_primaries, context.color_trc = 1, 1

    def _converted(self, picture: av.VideoFrame) -> av.VideoFrame:
        context = self._stream.codec_context
        converted = picture.reformat(
            format=self._pix_fmt,
            dst_colorspace="ITU709" if context.colorspace == 1 else None,
            dst_color_range=context.color_range or None,
            interpolation="BICUBIC",
        )
        converted.colorspace, converted.color_range = context.colorspace, context.color_range
        converted.color_primaries, converted.color_trc = (
            context.color_primaries,
            context.color_trc,
        )
        return converted

    def _mux(self, packets: list[av.Packet[av.VideoStream]]) -> None:
        for packet in packets:
            time_base = packet.time_base
            for clean in self._strip.filter(packet):
                clean.stream, clean.time_base = self._stream, time_base
                clean.duration = self._duration(clean.pts)
                self._container.mux_one(clean)

    def _duration(self, pts: int | None) -> int:
        """How long the frame at `pts` is shown; known once its successor has been written."""
        where = len(self._pts) - 1
        while where >= 0 and self._pts[where] != pts:
            where -= 1
        if 0 <= where < len(self._pts) - 1:
            return self._pts[where + 1] - self._pts[where]
        step = self._pts[-1] - self._pts[-2] if len(self._pts) > 1 else 0
        return self._last_duration or step or max(1, round(1 / (self._info.rate * self._tb)))

    @property
    def _tb(self) -> Fraction:
        return self._info.time_base

    def _verify(self) -> None:
        with av.open(f"file:{self._part.absolute()}") as container:
            stream = container.streams.video[0]
            times = sorted(
                p.pts * p.time_base for p in container.demux(stream) if p.pts is not None and p.size
            )
        wanted = [pts * self._tb for pts in self._pts]
        if len(times) != len(wanted):
            raise OutputError(
                f"{len(wanted)} frames were written, the output holds {len(times)}",
                subject=self._final.name,
            )
        for index, (found, want) in enumerate(zip(times, wanted, strict=True)):
            if found != want:
                raise OutputError(
                    f"frame {index} is at {float(found):.6f} s instead of {float(want):.6f} s",
                    subject=self._final.name,
                )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # FFmpeg's own errors with an errno are OSErrors, too
            kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else OutputError
            raise kind(f"cannot be written: {error.strerror}", subject=self._final.name) from error
        except av.error.FFmpegError as error:
            raise OutputError(
                f"cannot be encoded: {error.strerror}", subject=self._final.name
            ) from error


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; where a folder cannot be opened, it needs no sync."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
