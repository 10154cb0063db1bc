"""`blur edits`: a person's decisions about a clip, without the review page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blur.cli.clips import opened
from blur.cli.decision_files import drop, export, import_
from blur.cli.options import CLIP, CONSENT, OUT, Function, together
from blur.cli.sound_commands import mute, sound, words
from blur.errors import UsageError
from blur.process.sandbox import keep_off_network

if TYPE_CHECKING:  # native libraries are loaded when a command runs
    from blur.data.edits import Keyframe
    from blur.data.plan import Plan
    from blur.review.acts import Command
    from blur.review.open_clip import OpenClip
    from blur.review.protocol import ClipView, LaneView

_FACE = click.argument("face", type=int, metavar="COVER")
_FRAME_NUMBER = click.IntRange(min=0)
_FRAME = click.argument("frame", type=_FRAME_NUMBER)


def _decision(**how: Any) -> Callable[[Function], Function]:
    """The arguments of a command about covers of faces; `how` describes its --reason."""
    return together(
        OUT,
        CLIP,
        click.argument("faces", type=int, nargs=-1, required=True, metavar="COVERS..."),
        click.option("--reason", **how),
        click.option(
            "--from",
            "first",
            type=_FRAME_NUMBER,
            help="First frame.  [default: the clip's first]",
        ),
        click.option(
            "--to", "last", type=_FRAME_NUMBER, help="Last frame.  [default: the clip's last]"
        ),
    )


@click.group(short_help="List and change a person's decisions on a clip.")
def edits() -> None:
    """List and change a person's decisions on a clip.

    OUT is the output folder of a run, CLIP a clip's name or a part of it that is its alone. Frames
    count from 0; covers have the numbers that `list` shows. `blur run` or the review page then
    renders what changed.
    """
    keep_off_network()


@edits.command("list")
@OUT
@click.argument("clip", required=False)
def list_(out: Path, clip: str | None) -> None:
    """Show the covers and decisions of CLIP, or which clips of OUT have decisions."""
    from blur.store.shelf import Shelf

    if clip is None:
        shelf = Shelf(out)
        for row in shelf.rows():
            about = ["changed since it was rendered"] * row.edited
            about += [f"checked by {row.checked_by}"] * (row.checked_by is not None)
            decided = shelf.folder.edits_of(shelf.entry(row.key).fingerprint).exists()
            about += ["has decisions"] * decided
            click.echo(f"{row.name}  {', '.join(about)}")
        return
    with opened(out, clip) as found:
        view = found.view()
        for lane in view.lanes:
            click.echo(_words_of(lane))
        for signed in view.checks:
            click.echo(f"checked by {signed.words}")
        for line in _covered_again(view):
            click.echo(line)
        for decision in view.decisions:
            consent = f" (consent {decision.consent})" if decision.consent else ""
            reason = f": {decision.reason}" if decision.reason else ""
            span = f"{decision.start}-{decision.end - 1}"
            click.echo(f"{decision.kind} on {span}{reason}{consent}")
        for remark in view.remarks:
            by = f" ({remark.by})" if remark.by else ""
            click.echo(f"note on {remark.frame}: {remark.text}{by}")
        for line in words(found.now.edits.sound):
            click.echo(line)


def _words_of(lane: LaneView) -> str:
    """The line of a cover or a drawn region, with the spans on which its face is kept clear."""
    name = f"cover {lane.id}" if lane.region is None else f"drawn region {lane.region}"
    clear = ", ".join(f"{a}-{b - 1}" for a, b in lane.clear)
    kept = f", kept clear on {clear}" if clear else ""
    return f"{name}: frames {lane.start}-{lane.end - 1}{kept}"


def _covered_again(view: ClipView) -> list[str]:
    """The spans on which a face that is kept clear is covered, or should be looked at, and why."""
    from blur.data.plan import Reason

    return [
        f"cover {doubt.lane}, frames {doubt.start}-{doubt.end - 1}: {doubt.explanation}"
        for doubt in view.doubts
        if doubt.reason in (Reason.MET, Reason.UNSEEN)
    ]


_CONFIRM = click.option(
    "--confirm",
    "confirmed",
    is_flag=True,
    help="Also where another face comes near or the face goes unseen: you looked at every frame "
    "from --from to --to and it is the same throughout.",
)


@edits.command()
@_decision(required=True, help="Why these people may be seen; it is recorded.")
@click.option("--consent", default="", metavar="REF", help=CONSENT)
@_CONFIRM
def keep(**given: Any) -> None:
    """Take COVERS off: keep the faces under them clear.

    From where another face comes near, or the face goes unseen, it is covered again, until a later
    decision begins there or confirms the span; `list` shows the spans.
    """
    _decide("keep", **given)


@edits.command("no-face")
@_decision(default="not a face", help="Recorded with the decision.  [default: not a face]")
@_CONFIRM
def no_face(**given: Any) -> None:
    """Take COVERS off that hide no face at all: a wall, a print, a hand.

    Covered again where `keep` is.
    """
    _decide("no-face", **given)


@edits.command()
@_decision(default="", help="Recorded with the decision.")
def cover(**given: Any) -> None:
    """Put COVERS that were taken off back."""
    _decide("cover", **given)


@edits.command()
@OUT
@CLIP
@_FACE
@_FRAME
def extend(out: Path, clip: str, face: int, frame: int) -> None:
    """Hold COVER to FRAME, before its first frame or after its last."""
    from blur.review.acts import ExtendCover

    with opened(out, clip) as found:
        _perform(found, ExtendCover(face, frame))


@edits.command()
@OUT
@CLIP
@_FACE
@_FRAME
def split(out: Path, clip: str, face: int, frame: int) -> None:
    """Let another cover begin at FRAME, where COVER goes on."""
    from blur.review.acts import SplitFace

    with opened(out, clip) as found:
        _perform(found, SplitFace(face, frame))


@edits.command()
@OUT
@CLIP
@click.argument("keyframes", nargs=-1, required=True, metavar="FRAME:X,Y,W,H...")
@click.option("--reason", default="", help="Recorded with the region.")
@click.option("--ellipse", is_flag=True, help="Cover the ellipse in the rectangle.")
def draw(out: Path, clip: str, keyframes: tuple[str, ...], reason: str, ellipse: bool) -> None:
    """Cover a region: the top left corner and the size of a rectangle at each keyframe.

    It is covered from the first keyframe to the last, and moves between them.
    """
    from blur.review.acts import DrawRegion

    path = tuple(sorted(map(_keyframe, keyframes)))
    with opened(out, clip) as found:
        _refuse_unseen(path, found.now.plan)
        _perform(found, DrawRegion(path, reason, ellipse))


@edits.command()
@OUT
@CLIP
@click.argument("region", type=int)
def erase(out: Path, clip: str, region: int) -> None:
    """Remove a drawn REGION."""
    from blur.review.acts import EraseRegion

    with opened(out, clip) as found:
        _perform(found, EraseRegion(region))


@edits.command()
@OUT
@CLIP
@click.argument("initials")
def check(out: Path, clip: str, initials: str) -> None:
    """Mark CLIP as checked by a person; INITIALS "" takes the mark back."""
    with opened(out, clip) as found:
        found.check(initials, found.revision)


def _decide(
    decision: str,
    out: Path,
    clip: str,
    faces: tuple[int, ...],
    reason: str,
    first: int | None,
    last: int | None,
    confirmed: bool = False,
    consent: str = "",
) -> None:
    from blur.data.edits import Decision
    from blur.review.acts import KeepOrCover

    with opened(out, clip) as found:
        end = found.now.plan.frames if last is None else last + 1
        span = first or 0, end
        command = KeepOrCover(
            list(faces), Decision(decision), reason, *span, confirmed=confirmed, consent=consent
        )
        _perform(found, command, faces)


def _perform(found: OpenClip, command: Command, faces: Sequence[int] = ()) -> None:
    """Perform a command, and show the lanes that it changed, those of `faces` in any case, and
    where a face stays covered since another comes near."""
    view = found.view()
    before = {*map(_words_of, view.lanes), *_covered_again(view)}
    found.perform(command, found.revision)
    view = found.view()
    for lane in view.lanes:
        if lane.id in faces or _words_of(lane) not in before:
            click.echo(_words_of(lane))
    for line in _covered_again(view):
        if line not in before:
            click.echo(line)


def _refuse_unseen(path: Sequence[Keyframe], plan: Plan) -> None:
    """Raise UsageError for a region that a person hardly means: on a single frame of many, outside
    the picture throughout, or after the clip's end."""
    if len(path) == 1 and plan.frames > 1:
        raise UsageError(
            f"the region would be covered on frame {path[0].frame} only",
            remedy="give its last frame, too; the next frame if a single one is meant",
        )
    boxes = [key.box for key in path]
    if not any(
        abs(2 * b.cx - plan.width) < plan.width + b.w
        and abs(2 * b.cy - plan.height) < plan.height + b.h
        for b in boxes
    ):
        raise UsageError(
            f"the region misses the picture, {plan.width} x {plan.height} pixels",
            remedy="count X and Y in pixels from the top left corner of the upright picture",
        )
    if path[0].frame >= plan.frames:
        raise UsageError(
            f"the region begins after the clip's last frame, {plan.frames - 1}",
            remedy="count frames from 0, as the review page does",
        )


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


for _command in (mute, sound, export, import_, drop):
    edits.add_command(_command)
