"""The commands that show a clip and export from it: preview, review, markers. See also edits."""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.cli.edit_commands import edits
from blur.disk import atomic
from blur.errors import BlurError, UsageError, cannot_write
from blur.process.sandbox import keep_off_network
from blur.settings import CoverSettings, FillName, ScanSettings

if TYPE_CHECKING:  # what a command needs is loaded when it is called
    from blur.data.plan import Plan
    from blur.data.spans import FrameSpan
    from blur.review.open_clip import OpenClip
    from blur.store.shelf import Shelf

__all__ = ["edits", "markers", "preview", "review"]

_OUT = click.Path(path_type=Path, exists=True, file_okay=False)
_SAMPLE_SECONDS = 12.0
SHEETS = "sheets"


@click.command()
@click.argument("target", type=click.Path(path_type=Path, exists=True))
@click.argument("clips", nargs=-1)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write, or folder for several."
)
@click.option("--compare", is_flag=True, help="Write a film, before and after side by side.")
@click.option(
    "--spans", metavar="SPAN[,SPAN]", help="What --compare shows: 0:10-0:20 or 1:02-1:07.5."
)
@click.option("--live", is_flag=True, help="Play the clip covered in a window, while looking.")
@click.option(
    "--fill", type=click.Choice([f.value for f in FillName]), help="How covers look on a clip."
)
def preview(
    target: Path,
    clips: tuple[str, ...],
    output: Path | None,
    compare: bool,
    spans: str | None,
    live: bool,
    fill: str | None,
) -> None:
    """Show frames of a clip, or of the clips of an output folder, as they are covered.

    TARGET is a clip, which is then looked at here and there for some seconds, or the output
    folder of a run, in which CLIPS may name some. No contact sheet shows a clear face.
    """
    keep_off_network()
    if target.is_dir():
        if live or fill:
            raise UsageError("--live and --fill are for a clip, not for an output folder")
        from blur.store.shelf import Shelf

        if compare:
            _compare_all(Shelf(target), clips, spans, output)
        else:
            _sheets(Shelf(target), clips, output)
        return
    cover = CoverSettings(fill=FillName(fill)) if fill else CoverSettings()
    if live:
        from blur.export.live import play

        click.echo(f"{play(target, cover)} frames shown; a run looks both ways and finds more")
    elif compare:
        _compare_clip(target, spans, output, cover)
    else:
        _sheet(target, output or Path(f"{target.stem}.sheet.png"), cover)


@click.command()
@click.argument("out", type=_OUT)
@click.option("--port", default=0, show_default="any free one", help="Port on this machine.")
@click.option(
    "--browser/--no-browser", default=None, help="Open a browser, or only print the address."
)
def review(out: Path, port: int, browser: bool | None) -> None:
    """Look through an output folder in the browser, decide, and render again.

    The page is served to this machine only, under an address with a secret token.
    """
    from blur.review.door import Door
    from blur.store.shelf import Shelf

    shelf, door = Shelf(out), Door(port)
    click.echo(f"Open {door.address}\nCtrl-C ends the review; every decision is saved already.")
    if browser if browser is not None else _has_screen():
        webbrowser.open(door.address)  # it would inherit that it cannot open sockets
    keep_off_network()
    from blur.review.server import serve

    with contextlib.suppress(KeyboardInterrupt):
        serve(shelf, door)


@click.command()
@click.argument("out", type=_OUT)
@click.argument("clips", nargs=-1)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["edl", "csv", "otio"]),
    default="edl",
    show_default=True,
    help="EDL (CMX 3600) and OpenTimelineIO make a file for each clip, CSV one for all.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder to write to. [OUT/markers]"
)
@click.option("--only", type=click.Choice(["doubts", "covers"]), help="Leave out the others.")
@click.option(
    "--start-hour", default=0, show_default=True, help="Hour at which the timeline begins (EDL)."
)
def markers(
    out: Path,
    clips: tuple[str, ...],
    kind: str,
    output: Path | None,
    only: str | None,
    start_hour: int,
) -> None:
    """Export doubts and covers as markers for Resolve, Premiere or Avid.

    CLIPS name some of the clips in OUT; without any, all are exported.
    """
    keep_off_network()
    from blur.export import markers as make
    from blur.store.shelf import Shelf

    folder = output or out / "markers"
    table = []
    for clip in _each(Shelf(out), clips):
        plan = clip.now.resolved.plan
        found = make.markers(plan, doubts=only != "covers", covers=only != "doubts")
        if kind == "csv":
            table.append((clip.place.as_posix(), plan, found))
        elif kind == "otio":
            _write(folder / f"{clip.place}.otio", make.timeline(clip.place.name, plan, found))
        else:
            for number, text in enumerate(make.edl(clip.place.name, plan, found, start_hour), 1):
                part = f".{number}" if number > 1 else ""
                _write(folder / f"{clip.place}{part}.edl", text)
    if kind == "csv":
        _write(folder / "markers.csv", make.table(table))
    click.echo(f"written to {folder}")


def _each(shelf: Shelf, names: Sequence[str]) -> Iterator[OpenClip]:
    """The named clips, or all that were scanned, open one after the other.

    One that cannot be opened is named and left out, and its error ends the command at last.
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


def _sheet(clip: Path, output: Path, cover: CoverSettings) -> None:
    """A sheet of a clip that nobody scanned."""
    from blur.export import sheet
    from blur.media.open.probe import probe

    info = probe(clip)

    def tell(frames: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{frames} frames looked at", err=True, nl=False)

    tiles, looked = sheet.of_sample(clip, info, cover, _SAMPLE_SECONDS, tell)
    if sys.stderr.isatty():
        click.echo(err=True)
    about = (
        f"{looked} single frames looked at, here and there. A run looks at every frame, both ways "
        "in time, and covers more."
    )
    sheet.save(sheet.compose(clip.name, about, tiles), output)
    click.echo(f"{output}: {about}")


def _sheets(shelf: Shelf, names: Sequence[str], output: Path | None) -> None:
    """A sheet of each clip of an output folder, and a page with all of them."""
    from blur.export import sheet

    folder = output or shelf.folder.out / SHEETS
    made: list[tuple[str, Path]] = []
    for clip in _each(shelf, names):
        tiles = sheet.of_plan(clip.source, clip.now.plan, clip.now.edits, shelf.settings.cover)
        plan = clip.now.resolved.plan
        about = (
            f"{len(plan.tracks)} covers, {plan.doubt_seconds():.1f} s in doubt. In a yellow frame: "
            "a doubt that is not covered. In a red frame: it looks like a face and is not covered."
        )
        path = folder / f"{clip.place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(sheet.compose(clip.place.as_posix(), about, tiles), path)
        made.append((clip.place.as_posix(), path.relative_to(folder)))
        click.echo(f"{path}")
    _write(folder / "index.html", sheet.index(shelf.folder.out.resolve().name, made))


def _compare_clip(clip: Path, spans: str | None, output: Path | None, cover: CoverSettings) -> None:
    """Before and after of a clip that is scanned for the purpose."""
    from blur.export import compare
    from blur.media.open.probe import probe
    from blur.render.pictures import DECODED, Pictures
    from blur.scan.scan import scan

    def tell(stage: str, done: int, total: int | None) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{stage}: frame {done}", err=True, nl=False)

    plan = scan(clip, ScanSettings(), tell)
    pictures = Pictures(clip, probe(clip), plan.pts, DECODED)
    with contextlib.closing(pictures):
        path = output or Path(f"{clip.stem}.compare.mp4")
        shown = compare.write(pictures, plan, cover, _spans(plan, spans), path)
    click.echo(f"{path}: {shown} frames; it shows clear faces, keep it safe")


def _compare_all(
    shelf: Shelf, names: Sequence[str], spans: str | None, output: Path | None
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
    output.mkdir(parents=True, exist_ok=True)
    for clip in _each(shelf, names):
        plan = clip.now.resolved.plan
        path = output / f"{clip.place.stem}.compare.mp4"
        shown = compare.write(clip.source, plan, shelf.settings.cover, _spans(plan, spans), path)
        click.echo(f"{path}: {shown} frames; it shows clear faces, keep it safe")


def _spans(plan: Plan, text: str | None) -> list[FrameSpan]:
    """Frames that `--spans` names, or those worth comparing."""
    from blur.export.compare import interesting
    from blur.media.write.audio import parse_spans

    if text is None:
        return interesting(plan)
    try:
        seconds = parse_spans(text)
    except ValueError as error:
        raise UsageError(f"no span: {text}", remedy="as in 0:10-0:20,1:02-1:07.5") from error
    times = [plan.seconds(frame) for frame in range(plan.frames)]
    return [(bisect_left(times, float(a)), bisect_left(times, float(b))) for a, b in seconds]


def _write(path: Path, text: str) -> None:
    try:
        atomic.make_folder(path.parent)
    except OSError as error:
        raise cannot_write(error, path.name) from error
    atomic.write(path, text.encode(), private=False)


def _has_screen() -> bool:
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
