"""The commands that write files for other programs: markers, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from blur.cli.clips import each, footage, require_new, write_text
from blur.cli.options import CLIPS, OUT, OVERWRITE, Function, together
from blur.errors import UsageError
from blur.process.sandbox import keep_off_network

_RENDER = "run blur on it again, or render it in the review"


def _into(folder: str) -> Callable[[Function], Function]:
    """The options for the folder to write to, OUT/`folder` where none is named."""
    return together(
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, file_okay=False),
            help=f"Folder to write to. [OUT/{folder}]",
        ),
        OVERWRITE,
    )


@click.command(short_help="Export doubts, kept persons and covers for an editing program.")
@OUT
@CLIPS
@click.option(
    "--format",
    "kind",
    type=click.Choice(["edl", "xml", "fcpxml", "avid", "otio", "csv"]),
    default="edl",
    show_default=True,
    help="xml is for Premiere, fcpxml for Resolve and Final Cut, avid for Media Composer, edl for "
    "Resolve; CSV makes a single file, the others a file for each clip.",
)
@_into("markers")
@click.option(
    "--only",
    type=click.Choice(["doubts", "kept", "covers", "sound"]),
    multiple=True,
    help="Leave out the others; may be given again.",
)
@click.option(
    "--start-hour",
    type=click.IntRange(0, 23),
    default=1,
    show_default=True,
    help="Hour at which the timeline begins.",
)
def markers(
    out: Path,
    clips: tuple[str, ...],
    kind: str,
    output: Path | None,
    overwrite: bool,
    only: tuple[str, ...],
    start_hour: int,
) -> None:
    """Export doubts, kept persons, covers and muted sound as markers for Resolve, Premiere or Avid.

    CLIPS name some of the clips in OUT; without any, all are exported. Faces have the numbers of
    the review page. The timelines of xml, fcpxml and otio hold the covered clip; of these, xml
    names your folders.
    """
    keep_off_network()
    from blur.export import marker_lists, marker_timelines
    from blur.export.markers import GROUPS, on_output
    from blur.export.markers import markers as markers_of
    from blur.store.names import shown
    from blur.store.shelf import Shelf

    folder = output or out / "markers"
    within, overwrite = output or out, overwrite or output is None
    shelf = Shelf(out)
    read = footage(shelf)

    def write(place: str, text: str) -> None:
        require_new(folder / place, overwrite, read)
        write_text(folder / place, text, within)

    timelines = {
        "xml": marker_timelines.xmeml,
        "fcpxml": marker_timelines.fcpxml,
        "otio": marker_timelines.otio,
    }
    rows = []
    for clip in each(shelf, clips):
        resolved, place = clip.now.resolved, clip.place
        found = markers_of(resolved, clip.now.edits, only or GROUPS)
        plan, found = on_output(resolved.plan, found, clip.now.entry.placement)
        name = shown(place.name)
        if kind in timelines:
            made = marker_timelines.Timeline(
                name=name,
                plan=plan,
                markers=found,
                media=clip.media,
                folder=(folder / place).parent,
                sound=clip.has_sound,
                first_hour=start_hour,
            )
            write(f"{place}.{kind}", timelines[kind](made))
        elif kind == "avid":
            write(f"{place}.txt", marker_lists.avid(plan, found, start_hour))
        elif kind == "edl":
            for number, text in enumerate(marker_lists.edl(name, plan, found, start_hour), 1):
                write(f"{place}{f'.{number}' if number > 1 else ''}.edl", text)
        else:
            rows.append((shown(place), plan, found))
    if kind == "csv":
        write("markers.csv", marker_lists.table(rows, start_hour))
    click.echo(f"written to {folder}")


@click.group(short_help="Write mattes, boxes and lists of hashes for other programs.")
def export() -> None:
    """Write files for a delivery and for other programs. OUT is the output folder of a run."""
    keep_off_network()


@export.command()
@OUT
@click.option(
    "--anew",
    is_flag=True,
    help="Put earlier lists aside, into the work folder: files were rendered again since.",
)
def mhl(out: Path, anew: bool) -> None:
    """Hash every file of OUT into an ASC Media Hash List, OUT/ascmhl.

    Programs that copy footage check their copies by it. Called again,
    it proves that no file changed since, and adds the new ones.
    """
    from blur.export.mhl import write
    from blur.store.names import from_text
    from blur.store.report import State
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    expected = {
        from_text(place).as_posix(): sha256
        for entry in shelf.entries()
        if entry.state is State.DONE and entry.report
        for place, sha256 in (
            (entry.output, entry.report.sha256_out),
            (entry.proxy, entry.report.proxy_sha256),
        )
        if place and sha256
    }
    with shelf.folder.locked():
        listed = write(shelf.folder, expected, anew=anew)
    click.echo(
        f"generation {listed.generation}: {listed.new} files are new, "
        f"{listed.verified} are as they were"
    )


@export.command()
@OUT
@CLIPS
@click.option(
    "--format",
    "kind",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="A file for each clip.",
)
@_into("boxes")
def boxes(
    out: Path, clips: tuple[str, ...], kind: str, output: Path | None, overwrite: bool
) -> None:
    """Write the boxes of faces and regions on every frame, pixels of the displayed picture."""
    from blur.export.boxes import as_csv, as_json, table
    from blur.store.names import shown
    from blur.store.shelf import Shelf

    folder, shelf = output or out / "boxes", Shelf(out)
    read = footage(shelf)
    for clip in each(shelf, clips):
        file = folder / f"{clip.place}.{kind}"
        require_new(file, overwrite or output is None, read)
        made = table(shown(clip.place), clip.now.resolved)
        write_text(file, as_json(made) if kind == "json" else as_csv(made), output or out)
    click.echo(f"written to {folder}")


@export.command()
@OUT
@CLIPS
@_into("frames")
def frames(out: Path, clips: tuple[str, ...], output: Path | None, overwrite: bool) -> None:
    """Write which frame of its clip each frame of a covered clip shows, as CSV.

    It matters for parts of clips, and for clips that --conform gave an even rate: there frames are
    shown again or left out.
    """
    from blur.data.frame_map import frame_map
    from blur.export.frames import table
    from blur.store.shelf import Shelf

    folder, shelf = output or out / "frames", Shelf(out)
    read = footage(shelf)
    for clip in each(shelf, clips):
        file = folder / f"{clip.place}.csv"
        require_new(file, overwrite or output is None, read)
        held = frame_map(clip.now.plan, clip.now.entry.placement)
        write_text(file, table(clip.now.plan, held), output or out)
    click.echo(f"written to {folder}")


@export.command()
@OUT
@CLIPS
@click.option(
    "--format",
    "kind",
    type=click.Choice(["ffv1", "prores", "png"]),
    default="ffv1",
    show_default=True,
    help="FFV1 in Matroska, ProRes 4444 in QuickTime, or a PNG for each frame.",
)
@_into("mattes")
def mattes(
    out: Path, clips: tuple[str, ...], kind: str, output: Path | None, overwrite: bool
) -> None:
    """Write the covers of each covered clip as gray pictures, white where it is covered.

    A matte has the frames, times and size of its covered clip. Clips whose decisions changed since
    they were rendered are left out.
    """
    from dataclasses import replace

    from blur.cover.region import Covers
    from blur.disk.atomic import refuse_links
    from blur.render.mattes import MatteFormat, matte_file, write_mattes
    from blur.store.shelf import Shelf
    from blur.store.shift import shift_of

    folder, shelf, unfit = output or out / "mattes", Shelf(out), None
    chosen, settings = MatteFormat(kind), shelf.settings.output
    shift, read = shift_of(shelf.folder, settings), footage(shelf)
    for clip in each(shelf, clips):
        now, info = clip.now, clip.source.info
        if not now.is_rendered or shelf.output(now.entry) is None:
            unfit = UsageError(
                "is not rendered as it stands", subject=now.entry.name, remedy=_RENDER
            )
            click.echo(f"blur: left out: {unfit}", err=True)
            continue
        target = matte_file(folder / f"{clip.place}.matte", info, chosen)
        refuse_links(output or out, target)
        require_new(target, overwrite or output is None, read)
        covers = Covers.of_plan(now.plan, now.cover, now.resolved.plan.tracks)
        placed = replace(now.entry.placement, shift=shift)
        write_mattes(target, info, now.plan, covers, settings, chosen, placed)
        click.echo(f"written: {target.relative_to(folder)}")
    if unfit is not None:
        raise unfit


@click.command(short_help="Write a statement for producer, lawyer and insurer.")
@OUT
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: OUT/statement.html]",
)
@OVERWRITE
def report(out: Path, output: Path | None, overwrite: bool) -> None:
    """Write a page to print: clips, checks, hashes, who is kept clear and why, sound, settings.

    It holds no frame. Reasons of decisions may name people: it can be read by you alone.
    """
    keep_off_network()
    from blur.export.statement import statement
    from blur.store.report import STATEMENT_NAME
    from blur.store.shelf import Shelf

    target, shelf = output or out / STATEMENT_NAME, Shelf(out)
    require_new(target, overwrite or output is None, footage(shelf))
    write_text(target, statement(out, shelf), target.parent)
    click.echo(f"written to {target}")
