"""`blur edits export`, `import` and `drop`: a person's decisions as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.cli.clips import each, footage, opened, require_new
from blur.cli.options import CLIP, CLIPS, OUT, OVERWRITE
from blur.errors import PlanMismatch, UsageError

if TYPE_CHECKING:  # native libraries are loaded when a command runs
    from blur.data.edits import Edits


@click.command()
@OUT
@CLIPS
@click.argument("file", type=click.Path(path_type=Path))
@OVERWRITE
def export(out: Path, clips: tuple[str, ...], file: Path, overwrite: bool) -> None:
    """Write the decisions on one of CLIPS to FILE, as JSON.

    For several, or all where none is named, FILE is a folder: a file for each that has some.
    """
    from blur.data.edits import Edits
    from blur.disk import atomic
    from blur.store.names import shown
    from blur.store.plans import save_edits
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    read = footage(shelf)
    if len(clips) == 1 and not file.is_dir():
        with opened(out, clips[0]) as found:
            require_new(file, overwrite, read)
            save_edits(found.now.edits, file)
        return
    if file.is_file():
        raise UsageError("is a file", subject=file, remedy="name a folder for several clips")
    for found in each(shelf, clips):
        if found.now.edits == Edits(fingerprint=found.now.edits.fingerprint):
            continue
        path = file / f"{found.place}.json"
        atomic.refuse_links(file, path)
        require_new(path, overwrite, read)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_edits(found.now.edits, path)
        click.echo(shown(path))


@click.command("import")
@OUT
@CLIPS
@click.argument("file", type=click.Path(path_type=Path, exists=True))
def import_(out: Path, clips: tuple[str, ...], file: Path) -> None:
    """Replace the decisions on one of CLIPS by those in FILE; those of another clip are refused.

    For several, or all where none is named, FILE is a folder that `export` wrote.
    """
    from blur.store.names import shown
    from blur.store.shelf import Shelf

    if len(clips) == 1 and not file.is_dir():
        with opened(out, clips[0]) as found:
            found.replace(_read(file), found.revision)
        return
    if file.is_file():
        raise UsageError("is the file of a single clip", subject=file, remedy="name its clip")
    taken, failed = 0, list[PlanMismatch]()
    for found in each(Shelf(out), clips):
        path, place = file / f"{found.place}.json", shown(str(found.place))
        if not path.exists():
            continue
        try:
            found.replace(_read(path), found.revision)
        except PlanMismatch as error:  # one misfit must not leave half of the clips as they were
            error.subject = error.subject or place
            click.echo(f"blur: left out: {error}", err=True)
            failed.append(error)
            continue
        click.echo(place)
        taken += 1
    if failed:
        raise failed[0]
    if not taken:
        raise UsageError(
            "holds no decisions on these clips",
            subject=file,
            remedy="give a folder that `blur edits export` wrote, or name a clip and its file",
        )


@click.command()
@OUT
@CLIP
def drop(out: Path, clip: str) -> None:
    """Put the decisions on CLIP aside, if the clip changed since they were made."""
    from blur.disk import atomic
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    file = shelf.folder.edits_of(shelf.entry(shelf.find(clip)).fingerprint)
    if not file.exists():
        raise UsageError("nothing was decided on this clip", subject=clip)
    aside, number = file.with_suffix(".dropped"), 1
    while os.path.lexists(aside):  # earlier decisions, a person's work too
        number += 1
        aside = file.with_suffix(f".{number}.dropped")
    atomic.publish(file, aside)
    click.echo(f"put aside as {aside.relative_to(out)}")


def _read(file: Path) -> Edits:
    """Decisions to import. Raises PlanMismatch."""
    from blur.store.plans import load_edits

    try:
        return load_edits(file)
    except PlanMismatch as error:
        remedy = "give a file that `blur edits export` wrote"
        raise PlanMismatch(error.problem, subject=file, remedy=remedy) from error
