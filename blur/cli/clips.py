"""Clips opened by name, and text files written, for commands."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.disk.places import Identity, identity
from blur.errors import BlurError, UsageError, cannot_write

if TYPE_CHECKING:  # native libraries are loaded when a command runs
    from blur.review.open_clip import OpenClip
    from blur.store.shelf import Shelf


@contextlib.contextmanager
def opened(out: Path, name: str) -> Iterator[OpenClip]:
    """The only clip of an output folder with `name` in its name. Raises UsageError."""
    from blur.review.open_clip import OpenClip
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    with contextlib.closing(OpenClip(shelf, shelf.find(name))) as clip:
        yield clip


def each(shelf: Shelf, names: Sequence[str]) -> Iterator[OpenClip]:
    """The named clips, or all scanned ones, open one after the other.

    A clip that cannot be opened is named on stderr and left out; after the last clip, the first
    such error is raised.
    """
    from blur.review.open_clip import OpenClip
    from blur.store.report import State

    scanned = [row.key for row in shelf.rows() if row.state in (State.SCANNED, State.DONE)]
    failed: list[BlurError] = []
    for key in [shelf.find(name) for name in names] or scanned:
        try:
            clip = OpenClip(shelf, key)
        except BlurError as error:
            click.echo(f"blur: left out: {error}", err=True)
            failed.append(error)
            continue
        with contextlib.closing(clip):
            yield clip
    if failed:
        raise failed[0]


def footage(shelf: Shelf) -> frozenset[Identity]:
    """Device and inode of each clip of an output folder, for `require_new` to refuse."""
    return identities(shelf.source(entry) for entry in shelf.entries())


def identities(files: Iterable[Path]) -> frozenset[Identity]:
    """Device and inode of each file; a missing file has none."""
    return frozenset(found for found in map(identity, files) if found is not None)


def require_new(path: Path, overwrite: bool, read: Container[Identity | None] = ()) -> None:
    """Raises UsageError if a file is there already, which may be footage, without `overwrite`.

    Files that the command reads, `read`, are refused in any case.
    """
    if not os.path.lexists(path):
        return
    if identity(path) in read:
        problem = "is a clip itself, or another file that is read here"
        raise UsageError(problem, subject=path, remedy="choose another name")
    if not overwrite:
        raise UsageError(
            "is there already", subject=path, remedy="choose another name, or add --overwrite"
        )


def write_text(path: Path, text: str, within: Path) -> None:
    """Write a file that tells where faces are: mode 0600, whole or not at all, folders made.

    No link below the folder `within` is followed. Raises OutputError.
    """
    from blur.disk import atomic

    atomic.refuse_links(within, path)
    try:
        atomic.make_folder(path.parent)
    except OSError as error:
        raise cannot_write(error, path.name) from error
    atomic.write(path, text.encode())
