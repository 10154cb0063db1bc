"""`blur edits`: what a person decides about a clip, without the review page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.disk import atomic
from blur.errors import UsageError
from blur.process.sandbox import keep_off_network

if TYPE_CHECKING:  # what a command needs is loaded when it is called
    from blur.data.edits import Keyframe
    from blur.review.open_clip import OpenClip
    from blur.review.protocol import Command

_OUT = click.argument("out", type=click.Path(path_type=Path, exists=True, file_okay=False))
_CLIP = click.argument("clip")
_FACES = click.argument("faces", type=int, nargs=-1, required=True)
_FROM = click.option("--from", "first", type=int, help="First frame.  [default: the clip's first]")
_TO = click.option("--to", "last", type=int, help="Last frame.  [default: the clip's last]")


@click.group()
def edits() -> None:
    """List and change what a person decided on a clip.

    OUT is the output folder of a run, CLIP a clip's name or a part of it that is its alone. Frames
    count from 0; faces have the numbers that `list` shows. `blur run` or the review page then
    renders what changed.
    """
    keep_off_network()


@edits.command("list")
@_OUT
@click.argument("clip", required=False)
def list_(out: Path, clip: str | None) -> None:
    """Show the faces and decisions of CLIP, or which clips of OUT have decisions."""
    from blur.store.shelf import Shelf

    if clip is None:
        for row in Shelf(out).rows():
            about = ["changed since it was rendered"] * row.edited
            about += [f"checked by {row.checked_by}"] * (row.checked_by is not None)
            click.echo(f"{row.name}  {', '.join(about)}")
        return
    with _opened(out, clip) as opened:
        view = opened.view()
        for lane in view.lanes:
            what = "drawn region" if lane.region is not None else "face"
            clear = ", ".join(f"{a}-{b - 1}" for a, b in lane.clear)
            number = lane.id if lane.region is None else lane.region
            kept = f", kept clear on {clear}" if clear else ""
            click.echo(f"{what} {number}: frames {lane.start}-{lane.end - 1}{kept}")
        for decision in view.decisions:
            reason = f": {decision.reason}" if decision.reason else ""
            click.echo(f"{decision.kind} on {decision.start}-{decision.end - 1}{reason}")


@edits.command()
@_OUT
@_CLIP
@_FACES
@click.option("--reason", required=True, help="Why these people may be seen; it is recorded.")
@_FROM
@_TO
def keep(
    out: Path, clip: str, faces: tuple[int, ...], reason: str, first: int | None, last: int | None
) -> None:
    """Keep FACES clear."""
    _decide(out, clip, "keep", faces, reason, first, last)


@edits.command()
@_OUT
@_CLIP
@_FACES
@click.option("--reason", default="", help="Recorded with the decision.")
@_FROM
@_TO
def cover(
    out: Path, clip: str, faces: tuple[int, ...], reason: str, first: int | None, last: int | None
) -> None:
    """Cover FACES again."""
    _decide(out, clip, "cover", faces, reason, first, last)


@edits.command()
@_OUT
@_CLIP
@click.argument("face", type=int)
@click.argument("frame", type=int)
def extend(out: Path, clip: str, face: int, frame: int) -> None:
    """Cover FACE on to FRAME, which lies before or after its track."""
    from blur.review.protocol import ExtendCover

    _perform(out, clip, ExtendCover(face, frame))


@edits.command()
@_OUT
@_CLIP
@click.argument("face", type=int)
@click.argument("frame", type=int)
def split(out: Path, clip: str, face: int, frame: int) -> None:
    """Let another face begin at FRAME of FACE's track."""
    from blur.review.protocol import SplitFace

    _perform(out, clip, SplitFace(face, frame))


@edits.command()
@_OUT
@_CLIP
@click.argument("keyframes", nargs=-1, required=True, metavar="FRAME:X,Y,W,H...")
@click.option("--reason", default="", help="Recorded with the region.")
def draw(out: Path, clip: str, keyframes: tuple[str, ...], reason: str) -> None:
    """Cover a region: the top left corner and the size of a rectangle at each keyframe.

    It is covered from the first keyframe to the last, and moves between them.
    """
    from blur.review.protocol import DrawRegion

    _perform(out, clip, DrawRegion(tuple(sorted(map(_keyframe, keyframes))), reason))


@edits.command()
@_OUT
@_CLIP
@click.argument("region", type=int)
def erase(out: Path, clip: str, region: int) -> None:
    """Remove a drawn REGION."""
    from blur.review.protocol import EraseRegion

    _perform(out, clip, EraseRegion(region))


@edits.command()
@_OUT
@_CLIP
@click.argument("initials")
def check(out: Path, clip: str, initials: str) -> None:
    """Mark CLIP as checked by a person; INITIALS "" takes the mark back."""
    with _opened(out, clip) as opened:
        opened.check(initials, opened.revision)


@edits.command()
@_OUT
@_CLIP
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(out: Path, clip: str, file: Path) -> None:
    """Write the decisions on CLIP to FILE, as JSON."""
    from blur.store.plans import save_edits

    with _opened(out, clip) as opened:
        save_edits(opened.now.edits, file)


@edits.command("import")
@_OUT
@_CLIP
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_(out: Path, clip: str, file: Path) -> None:
    """Replace the decisions on CLIP by those in FILE; they must be of the same clip."""
    from blur.store.plans import load_edits

    with _opened(out, clip) as opened:
        opened.replace(load_edits(file), opened.revision)


@edits.command()
@_OUT
@_CLIP
def drop(out: Path, clip: str) -> None:
    """Put the decisions on CLIP aside, for one that has changed since they were made."""
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    file = shelf.folder.edits_of(shelf.entry(shelf.find(clip)).fingerprint)
    if not file.exists():
        raise UsageError("nothing was decided on this clip", subject=clip)
    aside = file.with_suffix(".dropped")
    atomic.publish(file, aside)
    click.echo(f"put aside as {aside.relative_to(out)}")


@contextlib.contextmanager
def _opened(out: Path, clip: str) -> Iterator[OpenClip]:
    from blur.review.open_clip import OpenClip
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    with contextlib.closing(OpenClip(shelf, shelf.find(clip))) as opened:
        yield opened


def _decide(
    out: Path,
    clip: str,
    decision: str,
    faces: tuple[int, ...],
    reason: str,
    first: int | None,
    last: int | None,
) -> None:
    from blur.data.edits import Decision
    from blur.review.protocol import KeepOrCover

    with _opened(out, clip) as opened:
        end = opened.now.plan.frames if last is None else last + 1
        command = KeepOrCover(list(faces), Decision(decision), reason, first or 0, end)
        opened.perform(command, opened.revision)


def _perform(out: Path, clip: str, command: Command) -> None:
    with _opened(out, clip) as opened:
        opened.perform(command, opened.revision)


def _keyframe(text: str) -> Keyframe:
    from blur.data.edits import Keyframe
    from blur.data.plan import Box

    try:
        frame, numbers = text.split(":")
        x, y, w, h = map(float, numbers.split(","))
        return Keyframe(int(frame), Box(x + w / 2, y + h / 2, w, h))
    except ValueError as error:
        raise UsageError(
            f"no keyframe: {text}", remedy="write FRAME:X,Y,W,H as in 120:340,200,80,100"
        ) from error
