"""`blur preview`: contact sheets, comparisons and a window, of a clip or of an output folder."""

from __future__ import annotations

import contextlib
import sys
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from blur.cli.clips import each, footage, identities, require_new, write_text
from blur.cli.options import CLIPS, OVERWRITE, refusing
from blur.cli.show_commands import has_screen
from blur.errors import UsageError
from blur.process.sandbox import keep_off_network
from blur.settings import CoverSettings, FillName, ScanSettings
from blur.settings.values import TimeSpan, parse_spans

if TYPE_CHECKING:  # native libraries are loaded when the command runs
    from blur.data.plan import Plan
    from blur.data.spans import FrameSpan
    from blur.store.shelf import Shelf

_SAMPLE_SECONDS = 12.0
"""Seconds of looking at a clip without a plan; more of them show more frames."""
SHEETS = "sheets"
Spans: TypeAlias = tuple[TimeSpan, ...]


@click.command(short_help="Show frames as they would be covered.")
@click.argument("target", type=click.Path(path_type=Path, exists=True))
@CLIPS
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write, or folder for several."
)
@OVERWRITE
@click.option("--compare", is_flag=True, help="Write a film, before and after side by side.")
@click.option(
    "--spans",
    callback=refusing(parse_spans),
    metavar="SPAN[,SPAN]",
    help="What --compare shows: 0:10-0:20 or 1:02-1:07.5.",
)
@click.option("--live", is_flag=True, help="Play the clip covered in a window, while looking.")
@click.option(
    "--fill", type=click.Choice([f.value for f in FillName]), help="How covers look on a clip."
)
def preview(
    target: Path,
    clips: tuple[str, ...],
    output: Path | None,
    overwrite: bool,
    compare: bool,
    spans: Spans | None,
    live: bool,
    fill: str | None,
) -> None:
    """Show frames of a clip, or of the clips of an output folder, as they are covered.

    TARGET is a clip, which is then looked at here and there for some seconds, or the output
    folder of a run, in which CLIPS may name some. No contact sheet shows a clear face.
    """
    keep_off_network()
    if spans is not None and not compare:
        raise UsageError("--spans is for --compare", remedy="add --compare, or leave it away")
    if target.is_dir():
        if live or fill:
            raise UsageError("--live and --fill are for a clip, not for an output folder")
        if output is not None and output.is_file():
            raise UsageError("is a file", subject=output, remedy="name a folder for the pictures")
        from blur.store.shelf import Shelf

        if compare:
            _compare_all(Shelf(target), clips, spans, output, overwrite)
        else:
            _sheets(Shelf(target), clips, output, overwrite)
        return
    cover = CoverSettings(fill=FillName(fill)) if fill else CoverSettings()
    if live:
        _play(target, cover)
    elif compare:
        path = output or Path(f"{target.stem}.compare.mp4")
        require_new(path, overwrite, identities([target]))
        _compare_clip(target, spans, path, cover)
    else:
        path = output or Path(f"{target.stem}.sheet.png")
        require_new(path, overwrite, identities([target]))
        _sheet(target, path, cover)


def _play(clip: Path, cover: CoverSettings) -> None:
    if not has_screen():
        raise UsageError(
            "there is no display for a window here",
            remedy="leave --live away and look at the contact sheet",
        )
    from blur.export.live import play

    click.echo(f"{play(clip, cover)} frames shown; a run looks both ways and finds more")


def _sheet(clip: Path, output: Path, cover: CoverSettings) -> None:
    """A sheet of a clip without a plan."""
    from blur.export import sheet
    from blur.media.open.probe import probe
    from blur.store.names import shown

    info = probe(clip)
    tiles, looked = sheet.of_sample(
        clip, info, cover, _SAMPLE_SECONDS, lambda frames: _tell(f"{frames} frames looked at")
    )
    if sys.stderr.isatty():
        click.echo(err=True)
    about = (
        f"{looked} single frames looked at, here and there. A run looks at every frame, both ways "
        "in time, and covers more."
    )
    sheet.save(sheet.compose(shown(clip.name), about, tiles), output)
    click.echo(f"{shown(output)}: {about}")


def _sheets(shelf: Shelf, names: Sequence[str], output: Path | None, overwrite: bool) -> None:
    """A sheet of each clip of an output folder, and a page with all of them."""
    from dataclasses import replace

    from blur.data.answers import waiting
    from blur.disk import atomic
    from blur.export import sheet
    from blur.store.names import shown

    folder = output or shelf.folder.out / SHEETS
    within, overwrite = output or shelf.folder.out, overwrite or output is None
    read = footage(shelf)
    require_new(folder / "index.html", overwrite, read)
    made: list[tuple[str, Path, Plan]] = []
    for clip in each(shelf, names):
        path = folder / f"{clip.place}.png"
        atomic.refuse_links(within, path)
        require_new(path, overwrite, read)
        now, name = clip.now, shown(clip.place)
        doubts = waiting(now.resolved.plan, now.answers, str(now.cover))
        plan = replace(now.resolved.plan, doubts=tuple(doubts))
        tiles = sheet.of_plan(clip.source, now.plan, now.edits, shelf.settings.cover, doubts)
        about = (
            f"{len(plan.tracks)} covers, {plan.doubt_seconds():.1f} s may show a face. "
            "In a yellow frame: a doubt that is not covered. In a red frame: it looks like a "
            "face and is not covered."
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(sheet.compose(name, about, tiles), path)
        made.append((name, path.relative_to(folder), plan))
        waits = f": {len(doubts)} {'doubt waits' if len(doubts) == 1 else 'doubts wait'}"
        click.echo(f"{shown(path)}{waits if doubts else ''}")
    write_text(
        folder / "index.html", sheet.index(shown(shelf.folder.out.resolve().name), made), within
    )


def _compare_clip(clip: Path, spans: Spans | None, path: Path, cover: CoverSettings) -> None:
    """Before and after of a clip, scanned on the way."""
    from blur.export import compare
    from blur.media.open.probe import probe
    from blur.render.pictures import DECODED, Pictures
    from blur.scan.scan import scan

    plan = scan(clip, ScanSettings(), lambda stage, done, total: _tell(f"{stage}: frame {done}"))
    with contextlib.closing(Pictures(clip, probe(clip), plan.pts, DECODED)) as pictures:
        shown = compare.write(pictures, plan, cover, _spans(plan, spans), path)
    _warn(path, shown)


def _compare_all(
    shelf: Shelf,
    names: Sequence[str],
    spans: Spans | None,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Before and after of clips of an output folder."""
    from blur.export import compare

    if not names:
        raise UsageError("which clips are to be compared?", remedy="name them after the folder")
    if output is None:
        raise UsageError(
            "a comparison shows clear faces and does not belong into an output folder",
            remedy="say where to write: -o FOLDER",
        )
    made: set[Path] = set()
    read = footage(shelf)
    for clip in each(shelf, names):
        plan, place = clip.now.resolved.plan, output / clip.place
        path = place.with_name(f"{place.stem}.compare.mp4")
        if path in made:  # a.mp4 and a.mov
            path = place.with_name(f"{place.name}.compare.mp4")
        made.add(path)
        require_new(path, overwrite, read)
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = compare.write(clip.source, plan, shelf.settings.cover, _spans(plan, spans), path)
        _warn(path, shown)


def _spans(plan: Plan, seconds: Spans | None) -> list[FrameSpan]:
    """Frames named by `--spans`, else around the moments of a contact sheet."""
    from blur.export.compare import interesting

    if seconds is None:
        return interesting(plan)
    times = [plan.seconds(frame) for frame in range(plan.frames)]
    return [(bisect_left(times, float(a)), bisect_left(times, float(b))) for a, b in seconds]


def _warn(path: Path, frames: int) -> None:
    from blur.store.names import shown

    click.echo(f"{shown(path)}: {frames} frames; it shows clear faces, keep it safe")


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{text}", err=True, nl=False)
