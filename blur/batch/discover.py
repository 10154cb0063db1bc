"""Find the files that may be clips, without opening any of them."""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from blur.data.part import parted
from blur.disk.places import absolute, identity
from blur.errors import BlurError, UsageError, remedy_for
from blur.media.suffixes import absent, promises_pictures
from blur.store.names import shown
from blur.store.report import Skipped

_LONGEST = 200
"""Characters of a place in messages; more push a table's columns out of sight."""


class Candidate(Struct, frozen=True):
    """A file that may be a clip: `path` opens it, `relative` is its place below the input."""

    path: Path
    relative: PurePosixPath
    size: int
    mtime_ns: int
    named: bool
    """The user named the file itself, not a folder above it."""
    part: str = ""
    """The part of the clip that is wanted, as it was written; "" for all."""

    @property
    def name(self) -> str:
        return shown(self.relative)

    @property
    def claims_pictures(self) -> bool:
        """Content decides: a file that claims pictures and is no clip has failed."""
        return self.named or promises_pictures(self.path.name)


class Discovered(Struct, frozen=True):
    """The files below the inputs, in order of name."""

    candidates: list[Candidate]
    skipped: list[Skipped]
    unreadable: list[tuple[str, BlurError]]


def discover(
    inputs: Sequence[Path], out: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Discovered:
    """All files below `inputs` (files or folders) that may be clips.

    `include` and `exclude` are shell patterns for the relative path or the bare name. Links are
    followed, except into a folder above. Raises UsageError if an input is missing or `out` lies in
    an input folder.
    """
    found = Discovered([], [], [])
    seen: set[Path] = set()
    for asked in inputs:
        try:
            given, part = parted(asked)
        except ValueError as error:
            raise UsageError(str(error), subject=asked.name) from error
        if not given.exists():
            raise UsageError("no such file or folder", subject=given, remedy="check the path")
        if given.is_dir():
            refuse_inside(given, out)
        for path, relative in _files(given, found):
            whole = absolute(path)
            if whole in seen:
                if part:
                    raise UsageError(
                        "is given twice, and an output folder holds one part of a clip",
                        subject=shown(relative),
                        remedy="give each part an output folder of its own",
                    )
                continue  # an input inside another input
            seen.add(whole)
            reason = _left_out(relative, include, exclude)
            if reason is not None:
                found.skipped.append(Skipped(shown(relative), reason))
                continue
            _consider(path, relative, named=path == given, part=part, found=found)
    found.candidates.sort(key=lambda c: c.name)
    return found


def refuse_inside(given: Path, out: Path) -> None:
    """Raises UsageError if `out` is the input folder `given` or lies in it, by any link."""
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(given)):  # circles of links, too
        raise UsageError(
            f"the output folder lies inside the input folder {given}",
            subject=out,
            remedy="choose an output folder elsewhere: outputs would be taken for inputs",
        )


def _files(given: Path, found: Discovered) -> Iterator[tuple[Path, PurePosixPath]]:
    """The files below `given`, or itself, in order of name.

    A deep tree is no deep call: the folders on the way to a file wait on a stack of their own.
    """
    if not given.is_dir():
        yield given, PurePosixPath(given.name)
        return
    stack = [_listed(given, PurePosixPath(), found)]
    above = [identity(given)]
    while stack:
        entry, place = next(stack[-1], (None, PurePosixPath()))
        if entry is None:
            stack.pop()
            above.pop()
            continue
        path = Path(entry.path)
        if entry.name.startswith(".") and absent(entry.name) is None:
            found.skipped.append(Skipped(_name(place), "hidden"))
        elif not _is_folder(entry) or (here := identity(path)) is None:
            yield path, place
        elif here in above:
            found.skipped.append(Skipped(_name(place), "a link back to a folder above it"))
        else:
            stack.append(_listed(path, place, found))
            above.append(here)


def _listed(
    folder: Path, relative: PurePosixPath, found: Discovered
) -> Iterator[tuple[os.DirEntry[str] | None, PurePosixPath]]:
    """The entries of a folder with their places; none of a folder that cannot be read."""
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda e: e.name)
    except OSError as error:
        problem = BlurError(
            f"folder cannot be read: {error.strerror}",
            subject=_name(relative),
            remedy=remedy_for(error) or "check its permissions",
        )
        found.unreadable.append((_name(relative), problem))
        return
    for entry in entries:
        yield entry, relative / entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or into a forbidden folder: `_consider` names it
        return False


def _name(place: PurePosixPath) -> str:
    """A place as text; the middle of a very long one is left out."""
    text = shown(place)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


def _left_out(
    relative: PurePosixPath, include: Sequence[str], exclude: Sequence[str]
) -> str | None:
    def matches(patterns: Sequence[str]) -> bool:
        return any(
            fnmatch.fnmatch(str(relative), p) or fnmatch.fnmatch(relative.name, p) for p in patterns
        )

    if include and not matches(include):
        return "not included"
    return "excluded" if matches(exclude) else None


def _consider(
    path: Path, relative: PurePosixPath, *, named: bool, part: str, found: Discovered
) -> None:
    try:
        status = path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            found.skipped.append(Skipped(_name(relative), "a link that leads in a circle"))
            return
        problem = BlurError(
            f"cannot be read: {error.strerror}",
            subject=_name(relative),
            remedy=remedy_for(error) or "check that it exists and may be read",
        )
        found.unreadable.append((_name(relative), problem))
        return
    if (meant := absent(path.name)) is not None:
        problem = BlurError(
            f"stands for {meant}, which is not on this machine",
            subject=shown(relative),
            remedy="download it whole, then run the same command again",
        )
        found.unreadable.append((shown(relative), problem))
        return
    if not stat.S_ISREG(status.st_mode):
        found.skipped.append(Skipped(shown(relative), "not a regular file"))
        return
    found.candidates.append(
        Candidate(path, relative, status.st_size, status.st_mtime_ns, named, part)
    )
