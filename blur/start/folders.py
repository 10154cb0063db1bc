"""The folders that a person can choose: those that the system lets them read, and no files."""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from blur.disk.places import absolute, user_folder
from blur.errors import UsageError, cannot_write, refused
from blur.media.suffixes import promises_pictures
from blur.store.names import from_text, shown, to_text

_MOST = 2000
"""Folders in a listing; more make a page that is slow to draw."""
_AT_HOME = ("Desktop", "Movies", "Videos", "Pictures", "Documents", "Downloads")


class Place(Struct, frozen=True):
    """A folder; `path` is exact (see `store.names.to_text`), `name` is for people, "" of the user's
    own among the places where a search begins."""

    path: str
    name: str


class Listing(Struct, frozen=True, kw_only=True):
    """A folder's folders. `clips` counts the files in it that hold pictures by their name, `more`
    the folders left out; `writable`: files can be made in it."""

    here: Place
    above: Place | None
    folders: list[Place]
    more: int
    clips: int
    writable: bool


def place(path: Path) -> Place:
    return Place(to_text(path), shown(path))


def path_of(text: str) -> Path:
    """The path of a `Place`. Raises UsageError for a path that is not absolute."""
    path = Path(from_text(text))
    if not path.is_absolute() or "\0" in str(path):
        raise UsageError("is not the whole path of a folder", subject=text)
    return path


def listing(path: Path) -> Listing:
    """Raises BlurError where the system lets nobody look."""
    try:
        with os.scandir(path) as entries:
            found = [(e.name, _is_folder(e)) for e in entries if not e.name.startswith((".", "$"))]
    except OSError as error:
        raise refused(error) from error
    folders = sorted((name for name, folder in found if folder), key=str.casefold)
    return Listing(
        here=place(path),
        above=place(path.parent) if path.parent != path else None,
        folders=[Place(to_text(path / name), shown(name)) for name in folders[:_MOST]],
        more=len(folders[_MOST:]),
        clips=sum(not folder and promises_pictures(name) for name, folder in found),
        writable=os.access(path, os.W_OK | os.X_OK),
    )


def nearest(path: Path) -> Path:
    """The folder itself, or the one above it that is there: a proposed folder is not made yet."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def make(path: Path, name: str) -> Path:
    """Make the folder `name` in `path`. Raises UsageError and OutputError."""
    name = name.strip()
    if not name or name.startswith(".") or {"/", "\\", ":", "\0"} & set(name):
        raise UsageError("is no name for a folder", subject=name, remedy="use letters and digits")
    made = path / name
    try:
        made.mkdir()
    except OSError as error:
        raise cannot_write(error, name) from error
    return made


def proposal(footage: Path) -> Path:
    """A place for the covered clips: beside the footage, or at home where the card is locked."""
    beside = footage.parent if os.access(footage.parent, os.W_OK) else user_folder()
    return beside / f"{footage.name or 'footage'} covered"


def starts() -> list[Place]:
    """Where a search begins: the user's folders, then disks and cards."""
    home = absolute(user_folder())
    found = [Place(to_text(home), "")]
    found += [Place(to_text(home / n), n) for n in _AT_HOME if (home / n).is_dir()]
    return found + [Place(to_text(disk), shown(disk)) for disk in _disks()]


def _disks() -> Iterator[Path]:
    if os.name == "nt":
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if os.path.exists(drive := f"{letter}:\\"):  # noqa: PTH110 - never raises
                yield Path(drive)
        return
    above = [Path("/Volumes"), Path("/mnt"), Path("/media")]
    with contextlib.suppress(OSError, KeyError, ImportError):  # a user without a name
        user = getpass.getuser()
        above += [Path("/media") / user, Path("/run/media") / user]
    for folder in above:
        with contextlib.suppress(OSError):
            yield from sorted(p for p in folder.iterdir() if p.is_dir() and os.access(p, os.R_OK))
    yield Path("/")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a place that cannot be looked at
        return False
