"""Outputs under construction: whole under their final name, or not there at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import av.error

from blur.disk import atomic
from blur.errors import OutputError, cannot_write

_NEUTRAL_TIME = 946_684_800
"""Unix time of every output's last change, 2000-01-01T00:00:00Z: it tells nothing of the work."""

_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Written:
    """A finished output, its size in `bytes`; a report lists `notes` and `dropped` content."""

    path: Path
    frames: int
    bytes: int
    sha256: str
    notes: tuple[str, ...]
    dropped: tuple[str, ...]


class Part:
    """A file under construction, `.NAME.part` next to its final name; a context manager.

    It can be read by its owner alone until it is placed, and then as the umask says, unless its
    final name is that of another part. Leaving it before `place` removes the file. Raises
    OutputError or DiskFull.
    """

    def __init__(self, final_path: Path) -> None:
        self.final = final_path
        self.path = final_path.with_name(f".{final_path.name}{_SUFFIX}")
        self.notes: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        with explained(self.final):
            atomic.make_folder(self.final.parent, within=self.final.parents[1])
            self.path.unlink(missing_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return self

    def __exit__(self, *error: object) -> None:
        atomic.discard(self.path)

    def place(self) -> tuple[int, str]:
        """Give the file its final name, durably; returns (bytes, SHA-256)."""
        with explained(self.final):
            os.utime(self.path, (_NEUTRAL_TIME, _NEUTRAL_TIME))
            with self.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
            if self.final.suffix != _SUFFIX:
                self.notes += make_readable(self.path)
            atomic.publish(self.path, self.final)
        return size, sha256


def make_readable(part: Path) -> tuple[str, ...]:
    """Give a finished file the mode that the umask says; a note where the file system refuses.

    Raises OSError.
    """
    mask = os.umask(0o077)  # files that another thread makes meanwhile are only more private
    os.umask(mask)
    wanted = 0o666 & ~mask
    try:
        part.chmod(wanted)
    except OSError as error:
        if error.errno not in atomic.NO_MODES:
            raise
        if part.stat().st_mode & wanted != wanted:
            return ("can be read by its owner alone: the file system refused to change its mode",)
    return ()


@contextlib.contextmanager
def explained(final: Path) -> Iterator[None]:
    """Turn errors of the system and of FFmpeg about an output into OutputError or DiskFull."""
    try:
        yield
    except OSError as error:  # FFmpeg's errors that carry an errno are OSErrors, too
        raise cannot_write(error, final.name) from error
    except av.error.FFmpegError as error:
        raise OutputError(
            f"cannot be encoded: {error.strerror}",
            subject=final.name,
            remedy="try another --codec, and report it with the clip's `blur inspect`",
        ) from error
