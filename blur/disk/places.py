"""Paths as the system means them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TypeAlias

Identity: TypeAlias = tuple[int, int]
"""Device and inode of a file or folder: another name or a link leads to them too."""


def absolute(path: Path) -> Path:
    """The absolute path; `..` and links stay, since `a/..` need not be the folder of `a`.

    Python 3.11 leaves Windows' `D:DCIM`, a place below the folder that drive D is at, relative.
    """
    if path.drive and not path.root:
        return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` follows links
    return path.absolute()


def identity(path: Path) -> Identity | None:
    """Of a file or folder, links followed; None if none is there, or its path is too long."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists, in which it will be made."""
    return next(place for place in (folder, *absolute(folder).parents) if place.is_dir())


def user_folder() -> Path:
    """The user's folder; the root for users whom the system does not know, as in containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def state_folder() -> Path:
    """The user's folder for the memory of programs that is no document; it need not exist."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or user_folder() / "AppData/Local") / "blur"
    if sys.platform == "darwin":
        return user_folder() / "Library/Application Support/blur"
    return Path(os.environ.get("XDG_STATE_HOME") or user_folder() / ".local/state") / "blur"
