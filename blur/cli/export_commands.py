"""The commands that write files for other programs: markers."""

from __future__ import annotations

from pathlib import Path

import click

from blur.cli.clips import each, require_new, write_text
from blur.cli.options import CLIPS, OUT, OVERWRITE
from blur.process.sandbox import keep_off_network


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
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder to write to. [OUT/markers]"
)
@OVERWRITE
@click.option(
    "--only",
    type=click.Choice(["doubts", "kept", "covers"]),
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
    """Export doubts, kept persons and covers as markers for Resolve, Premiere or Avid.

    CLIPS name some of the clips in OUT; without any, all are exported. Faces have the numbers of
    the review page. The timelines of xml, fcpxml and otio hold the covered clip; of these, xml
    names your folders.
    """
    keep_off_network()
    from blur.export import marker_lists, marker_timelines
    from blur.export.markers import GROUPS
    from blur.export.markers import markers as markers_of
    from blur.store.names import shown
    from blur.store.shelf import Shelf

    folder = output or out / "markers"
    within, overwrite = output or out, overwrite or output is None

    def write(place: str, text: str) -> None:
        require_new(folder / place, overwrite)
        write_text(folder / place, text, within)

    timelines = {
        "xml": marker_timelines.xmeml,
        "fcpxml": marker_timelines.fcpxml,
        "otio": marker_timelines.otio,
    }
    rows = []
    for clip in each(Shelf(out), clips):
        plan, place = clip.now.resolved.plan, clip.place
        found = markers_of(clip.now.resolved, clip.now.edits, only or GROUPS)
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
