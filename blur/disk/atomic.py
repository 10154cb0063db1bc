"""Files that are whole under their name or not there, also after a power cut.

Both ways are durable: the file is synced, renamed, and its folder synced.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from blur.errors import cannot_write


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write `content` to `path` through a temporary name in its folder; the last writer wins.

    Folders that are missing are made, mode 0700. Raises OutputError or DiskFull, and then `path`
    is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            if mode != 0o600:  # mkstemp's own
                part.chmod(mode)
            publish(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(error, path.name) from error


def publish(part: Path, final: Path) -> None:
    """Give a finished file its final name, in the same folder or another of its file system.

    Raises OSError: before the rename `part` is still there, after it `final` is whole.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder survive a power cut. Raises OSError."""
    if os.name != "posix":  # where a folder cannot be opened, it needs no sync
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
