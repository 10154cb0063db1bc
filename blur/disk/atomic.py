"""Files that are whole under their name or absent, also after a power cut.

Every function here is durable: file synced, renamed, folder synced. No other module renames.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path

from blur.errors import OutputError, cannot_remove, cannot_write

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none, and links for administrators only
NO_MODES = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""Answers of file systems to a change of a mode that they cannot hold."""
_NO_FOLDER_SYNC = (errno.EINVAL, errno.EBADF)
"""Answers of file systems that sync no folders (some shares): theirs to order."""
WINDOWS = os.name == "nt"
_TRIES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between tries to replace or remove a file on Windows, which refuses while another program
has it open: scanners for a moment, a player until it is closed. More waits longer for a player."""
LEFTOVERS = ".blur-*.part"
"""Pattern of the temporary names that `write` leaves in a folder when the process is killed."""


def write(path: Path, content: bytes, *, private: bool = True) -> None:
    """Write `content` to `path` through a temporary name in its folder; the last writer wins.

    A `private` file has mode 0600, and its folder is made if missing, mode 0700, but none above
    that. The mode of any other file follows the umask, and its folder must be there. Raises
    OutputError or DiskFull; `path` is whole even then, old or new.
    """
    part = part_of(path)
    try:
        if private:
            make_folder(path.parent, 0o700, within=path.parent.parent)
        try:
            with open(
                part, "xb", opener=lambda p, flags: os.open(p, flags, 0o600 if private else 0o666)
            ) as file:
                file.write(content)
            publish(part, path)
        finally:
            discard(part)
    except OSError as error:
        raise cannot_write(error, path.name) from error


def part_of(path: Path) -> Path:
    """A temporary name in the folder of `path` that no file has; see `LEFTOVERS`."""
    return path.with_name(f".blur-{secrets.token_hex(8)}.part")


def publish(part: Path, final: Path) -> None:
    """Give a finished file its final name, in any folder of its file system that exists.

    Raises OSError: before the rename `part` is still there, after it `final` is whole; also when
    `part` is a link.
    """
    handle = os.open(part, os.O_RDWR | _NO_LINK)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    _patiently(lambda: part.replace(final))
    sync_folder(final.parent)
    if part.parent != final.parent:
        sync_folder(part.parent)


def make_folder(folder: Path, mode: int = 0o777, within: Path | None = None) -> None:
    """Make a folder and those above it, up to `within`, which must be there; an existing one keeps
    its mode. Raises OSError.
    """
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    if within in missing:  # an unplugged disk: it would land on the disk below
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(within))
    for path in reversed(missing):
        path.mkdir(mode=mode, exist_ok=True)
        sync_folder(path.parent)


def refuse_links(root: Path, path: Path) -> None:
    """Raises OutputError if `path`, or a folder between `root` and it, is a link.

    Whoever prepared the folder could lead writes astray: blur makes no links, and follows none
    below a folder that it was given.
    """
    for step in (path, *path.parents):
        if step == root:
            return
        if step.is_symlink():
            raise OutputError(
                "is a link, and links in an output folder are not followed",
                subject=step.relative_to(root),
                remedy="remove it, then run the same command again",
            )
    raise OutputError("lies outside the folder that it belongs into", subject=path.name)


def open_own(path: Path, flags: int) -> int:
    """A handle of a private file that is no link, made if missing. Raises OSError."""
    return os.open(path, flags | os.O_CREAT | _NO_LINK, 0o600)


def remove(path: Path) -> bool:
    """Remove a file; returns whether there was one. Raises OutputError."""
    try:
        if not os.path.lexists(path):  # a disk that refuses removals refuses that one, too
            return False
        _patiently(lambda: path.unlink(missing_ok=True))
    except OSError as error:
        raise cannot_remove(error, path.name) from error
    return True


def discard(part: Path) -> None:
    """Remove a part after whatever went wrong; one that stays is swept away by the next run."""
    with contextlib.suppress(OSError):
        _patiently(lambda: part.unlink(missing_ok=True))


def is_private(path: Path) -> bool:
    """Whether nobody else may read a file by its mode; Windows has folders' rights instead."""
    return WINDOWS or not stat.S_IMODE(path.stat().st_mode) & 0o077


def make_private(path: Path) -> None:
    """Make a file with mode 0600 if it is missing; else take others' rights to it. Raises OSError.

    One that is there is not opened: to close it would drop the locks that this process holds on it.
    A file system without modes, which refuses to change them, is let be.
    """
    try:
        if not is_private(path):
            path.chmod(0o600)
    except FileNotFoundError:
        os.close(open_own(path, os.O_RDWR))
    except OSError as error:
        if error.errno not in NO_MODES or keeps_modes(path.parent):
            raise


def keeps_modes(folder: Path) -> bool:
    """Whether a file made for its owner alone is that: not on FAT, exFAT and many shares.

    Raises OSError.
    """
    probe = part_of(folder / "modes")
    handle = open_own(probe, os.O_WRONLY | os.O_EXCL)
    try:
        return os.name != "posix" or not os.fstat(handle).st_mode & 0o077
    finally:
        os.close(handle)
        discard(probe)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder survive a power cut. Raises OSError."""
    if WINDOWS:  # it cannot open folders, and journals renames
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def _patiently(change: Callable[[], object]) -> None:
    """Make a change that Windows may refuse for a moment. Raises OSError."""
    for seconds in _TRIES if WINDOWS else ():
        try:
            change()
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    change()
