"""Outputs under construction: whole under their final name, or not there at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av.error

from blur.disk import atomic
from blur.errors import DiskFull, OutputError

_NEUTRAL_TIME = 946_684_800
"""What every output says it was last changed at: 2000-01-01T00:00:00Z."""


@dataclass(frozen=True, slots=True)
class Written:
    """A finished output. `dropped` and `notes` are what a report says about it."""

    path: Path
    frames: int
    bytes: int
    sha256: str
    notes: tuple[str, ...]
    dropped: tuple[str, ...]


class Part:
    """A file under construction: `.NAME.part` next to its final name.

    A context manager: leaving it before `place` removes the file.
    """

    def __init__(self, final_path: Path) -> None:
        self.final = final_path
        self.path = final_path.with_name(f".{final_path.name}.part")

    def __enter__(self) -> Self:
        with explained(self.final):
            atomic.make_folder(self.final.parent)
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.path.unlink(missing_ok=True)

    def place(self) -> tuple[int, str]:
        """Bring the file to disk and under its final name; its size and SHA-256."""
        with explained(self.final):
            os.utime(self.path, (_NEUTRAL_TIME, _NEUTRAL_TIME))
            with self.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
            atomic.publish(self.path, self.final)
        return size, sha256


@contextlib.contextmanager
def explained(final: Path) -> Iterator[None]:
    """What the system and FFmpeg say about an output, as OutputError or DiskFull."""
    try:
        yield
    except OSError as error:  # FFmpeg's errors that carry an errno are OSErrors, too
        kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else OutputError
        raise kind(f"cannot be written: {error.strerror}", subject=final.name) from error
    except av.error.FFmpegError as error:
        raise OutputError(
            f"cannot be encoded: {error.strerror}",
            subject=final.name,
            remedy="try another --codec, and report it with the clip's `blur inspect`",
        ) from error
