"""`blur edits mute` and `blur edits sound`: a person's decisions about a clip's sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.cli.clips import opened
from blur.cli.options import CLIP, OUT, refusing
from blur.errors import UsageError
from blur.settings.values import TimeSpan, parse_spans

if TYPE_CHECKING:
    from blur.data.edits import SoundEdit
    from blur.review.open_clip import OpenClip


@click.command()
@OUT
@CLIP
@click.argument("spans", metavar="[SPAN,...]", default="", callback=refusing(parse_spans))
@click.option("--clear", is_flag=True, help="Take back the earlier spans first.")
@click.option("--bleep", is_flag=True, help="Put a tone in place of the sound, not silence.")
def mute(out: Path, clip: str, spans: tuple[TimeSpan, ...], clear: bool, bleep: bool) -> None:
    """Silence spans of CLIP's sound, such as 1:02-1:10,2:00-2:05.5, or bleep them.

    A clip whose sound is silence stays silent throughout.
    """
    from blur.review.sound import muted, unmuted

    if not spans and not clear:
        raise UsageError("no span was given", remedy="write SPAN as in 1:02-1:10, or --clear")
    with opened(out, clip) as found:
        _refuse_unheard(found, spans)
        edits = unmuted(found.now.edits) if clear else found.now.edits
        found.replace(muted(edits, spans, tone=bleep), found.revision)


@click.command()
@OUT
@CLIP
@click.argument("choice", metavar="keep|silence|settings|FILE")
def sound(out: Path, clip: str, choice: str) -> None:
    """Choose CLIP's sound: its own, silence, or that of FILE, a voice spoken again.

    FILE has the clip's tracks, channels, rate and length, and is copied into the work folder.
    "settings" leaves the choice to the run's options again. Muted spans are silent in each.
    """
    from blur.data.edits import SoundUse
    from blur.media.open.probe import probe
    from blur.media.open.sound_file import require_alike
    from blur.review.sound import used
    from blur.store.shelf import Shelf
    from blur.store.sounds import adopt

    name = ""
    with opened(out, clip) as found:
        plan = found.now.plan
        if choice in ("keep", "silence", "settings"):
            use = None if choice == "settings" else SoundUse(choice)
        else:
            use, file = SoundUse.FILE, Path(choice)
            if not file.is_file():
                raise UsageError(
                    "is no file", subject=choice, remedy="write keep, silence, settings or a file"
                )
            require_alike(file, probe(found.source_path), plan.seconds(plan.frames))
            name = adopt(Shelf(out).folder, file)
        found.replace(used(found.now.edits, use, name), found.revision)


def _refuse_unheard(found: OpenClip, spans: tuple[TimeSpan, ...]) -> None:
    """Raises UsageError for a span that begins after the clip's end."""
    from blur.media.open.probe import probe
    from blur.store.names import shown

    plan, latest = found.now.plan, max((start for start, _ in spans), default=0)
    end = plan.seconds(plan.frames)
    if latest >= end:  # sound may go on after the last frame
        end = max(end, float(probe(found.source_path).duration or 0))
    if latest >= end:
        raise UsageError(
            f"a span begins at {float(latest):g} s, and the clip ends at {end:.2f} s",
            subject=shown(found.place),
            remedy="count time from the clip's start, as 1:02-1:10",
        )


def words(decided: SoundEdit) -> list[str]:
    """The decisions as lines of a list."""
    from blur.data.sound import outside

    lines = [f"sound: {decided.use}"] if decided.use is not None else []
    lines += [
        f"muted: {start:g}-{end:g} s"
        for mute in decided.mutes
        for start, end in outside(mute, decided.bleeps)
    ]
    return lines + [f"bleeped: {start:g}-{end:g} s" for start, end in decided.bleeps]
