"""The command that renders only the frames that a timeline uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blur.cli.clips import footage, identities, require_new, write_text
from blur.cli.options import OUT, OVERWRITE, said, settings_options
from blur.errors import BlurError, Exit, UsageError
from blur.process.sandbox import keep_off_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from blur.export.conform import Conformed, Part
    from blur.settings import Settings
    from blur.store.shelf import Shelf

NAME = "conform.txt"


@click.command(short_help="Render only what a timeline uses, with handles.")
@click.argument("timeline", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@OUT
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to render into; without it, the used frames are only listed.",
)
@click.option(
    "--handles",
    type=click.IntRange(0, 10_000),
    default=24,
    show_default=True,
    help="Frames beside each used range, to trim in.",
)
@click.option("--unchecked-ok", is_flag=True, help="Render frames that nobody watched, too.")
@OVERWRITE
@settings_options("output", but=("proxy", "proxy_alone"))
def conform(
    timeline: Path,
    out: Path,
    into: Path | None,
    handles: int,
    unchecked_ok: bool,
    overwrite: bool,
    **given: Any,
) -> None:
    """List the frames of the clips in OUT that TIMELINE uses (.otio, .edl, .xml, .fcpxml), which
    of them are unchecked or in doubt, and render them alone, with handles.

    The covers are those of the plans and decisions in OUT; each file is searched for faces like any
    other. `conform.txt` and timelines that link to the files, in TIMELINE's format and as .otio,
    lie beside them.
    """
    keep_off_network()
    from xml.etree.ElementTree import ParseError

    from blur.export import conform as conforming
    from blur.export import relink
    from blur.export.cuts import read_timeline, relinked
    from blur.store.shelf import Shelf
    from blur.store.shift import shift_of

    shelf = Shelf(out)
    settings = _settings(shelf, given)
    rate = _edl_rate(timeline, shelf)
    made, events = read_timeline(timeline, rate)
    found = conforming.conformed(events, shelf, settings)
    lines = list(conforming.told(found))
    parts = conforming.parts_of(found.uses, handles, settings.output)
    wanted = [part for of_clip in parts.values() for part in of_clip]
    chosen = sum(part.frames[1] - part.frames[0] for part in wanted)
    whole = sum(entry.frames for entry in shelf.entries()) or 1
    lines.append(
        f"{len(found.uses)} of {len(events)} events matched, {len(parts)} clips, {chosen:,} frames"
        f" with handles: {chosen / whole:.1%} of the footage; {len(found.unchecked)} events show"
        " unchecked frames"
    )
    click.echo("\n".join(lines))
    code = Exit.FAILED if found.unmatched else Exit.OK
    if into is None:
        click.get_current_context().exit(code)
    _require_watched(found, settings, out, timeline, unchecked_ok)
    new, own = into / f"{timeline.stem}.otio", into / timeline.name
    read = footage(shelf) | identities([timeline])
    for file in (into / NAME, new, own, *(into / part.place for part in wanted)):
        require_new(file, overwrite, read)
    if found.unchecked:
        lines.append("rendered with --unchecked-ok: nobody watched the events marked UNCHECKED")
    lines += _rendered(shelf, parts, into, settings)
    shift = shift_of(shelf.folder, settings.output)
    linked = conforming.links(found, parts, settings.output, shift)
    write_text(new, relinked(made, linked, events), into)
    if own.suffix.lower() != new.suffix:
        try:
            write_text(own, relink.relinked(timeline, events, linked, into, rate), into)
            relink.require_alike(own, events, linked, rate)
        except (ValueError, ParseError, BlurError) as error:
            own.unlink(missing_ok=True)
            lines.append(f"{own.name} could not be linked anew: {error}; take {new.name}")
            click.echo(lines[-1])
    write_text(into / NAME, "\n".join([*lines, ""]), into)
    click.get_current_context().exit(code)


def _require_watched(
    found: Conformed, settings: Settings, out: Path, timeline: Path, unchecked_ok: bool
) -> None:
    """Raises UsageError where a draft, or frames that nobody watched, would be rendered."""
    if settings.draft:
        raise UsageError(
            "was made at --level draft, which does not look for every face",
            subject=out,
            remedy="run blur on it again at another level",
        )
    if found.unchecked and not unchecked_ok:
        raise UsageError(
            f"{len(found.unchecked)} events show frames that nobody watched",
            subject=timeline.name,
            remedy="watch them in blur review, or add --unchecked-ok, which conform.txt tells",
        )


def _rendered(
    shelf: Shelf, parts: Mapping[str, Sequence[Part]], into: Path, settings: Settings
) -> list[str]:
    """Render the parts of each clip; returns the lines about them for `conform.txt`."""
    from blur.export.conform_render import render_parts
    from blur.store.withdraw import WITHDRAWN

    lines: list[str] = []
    heard: list[str] = []

    def say(line: str) -> None:
        heard.append(line)
        click.echo(line)

    with shelf.folder.locked():
        for of_clip in parts.values():
            hashes = render_parts(of_clip, into, settings, say)
            for part, sha256 in zip(of_clip, hashes, strict=True):
                start, stop = part.frames
                lines.append(
                    f"{part.place}: frames {start} to {stop - 1} of {part.footage.name}, {sha256}"
                )
    return lines + [line for line in heard if WITHDRAWN in line]


def _settings(shelf: Shelf, given: dict[str, Any]) -> Settings:
    """The settings of the folder's last run, with the options that are given now; no proxies."""
    from msgspec.structs import asdict, replace

    from blur.settings import OutputSettings, Proxy

    changed = said(given, "output").get("output", {})
    masters = {"proxy": Proxy.NONE, "proxy_alone": False}
    output = OutputSettings(**{**asdict(shelf.settings.output), **masters, **changed})
    return replace(shelf.settings, output=output)


def _edl_rate(timeline: Path, shelf: Shelf) -> Fraction:
    """The rate of the first clip that an EDL names; 25 where none is known."""
    from fractions import Fraction

    from blur.errors import BlurError
    from blur.export.cuts import EDL_NAME
    from blur.media.open.probe import probe

    if timeline.suffix.lower() == ".edl":
        for name in EDL_NAME.findall(timeline.read_text("utf-8", "replace")):
            try:
                return probe(shelf.source(shelf.entry(shelf.find(name)))).rate
            except BlurError:
                continue
    return Fraction(25)
