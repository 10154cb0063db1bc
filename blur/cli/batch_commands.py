"""The commands for many clips: run, scan, render, status, clean."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blur.cli.options import (
    INPUTS,
    JSON,
    NEW_OUT,
    OUT,
    chosen_settings,
    echo_json,
    settings_options,
)
from blur.errors import NothingToDo, OutputError, UsageError
from blur.process.sandbox import keep_off_network

if TYPE_CHECKING:
    from blur.settings import Settings


_EVENTS = click.option(
    "--json", is_flag=True, help="Progress and results as lines of JSON, see docs/events.md."
)


@click.command()
@INPUTS
@NEW_OUT
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only list the work of a run, with an estimate of its time and space from a sample.",
)
@_EVENTS
@settings_options("scan", "cover", "output", "audit", "batch")
def run(inputs: tuple[Path, ...], out: Path, dry_run: bool, json: bool, **given: Any) -> None:
    """Cover the faces in all clips in INPUTS (files and folders).

    Folders are searched, and their tree is mirrored in the output folder. Run the same command
    again to go on after an interruption. CLIP@00:10-02:30 covers a part of a clip.
    """
    if not dry_run:
        _batch(inputs, out, given, json)
        return
    chosen = chosen_settings(given)
    confine(chosen)
    from blur.batch import forecast, run

    ahead = run.dry_run(inputs, out, chosen)
    echo_json(ahead) if json else click.echo(forecast.forecast_text(ahead))


@click.command()
@INPUTS
@NEW_OUT
@_EVENTS
@settings_options("scan", "batch")
def scan(inputs: tuple[Path, ...], out: Path, json: bool, **given: Any) -> None:
    """Only look: write a plan of each clip into the output folder, and cover nothing."""
    _batch(inputs, out, given, json, render=False)


@click.command()
@INPUTS
@NEW_OUT
@_EVENTS
@settings_options("cover", "output", "audit", "batch")
def render(inputs: tuple[Path, ...], out: Path, json: bool, **given: Any) -> None:
    """Only cover: render each clip from the plan and edits in the output folder."""
    _batch(inputs, out, given, json, scan=False)


def _batch(
    inputs: Sequence[Path],
    out: Path,
    given: dict[str, Any],
    json: bool,
    scan: bool = True,
    render: bool = True,
) -> None:
    chosen = chosen_settings(given)
    confine(chosen)
    from blur.batch import events
    from blur.batch.display import display
    from blur.batch.run import run
    from blur.store.report import ahead, table

    shown = events.Events(lambda event: click.echo(events.line(event))) if json else display()
    report = run(inputs, out, chosen, display=shown, scan=scan, render=render)
    unwritten = write_page(out)
    code = report.exit_code or unwritten
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shown_last = [events.line(events.finished(report))] if json else [table(report, width)]
    if not json:
        shown_last += ahead(report, out)
    click.echo("\n".join(shown_last))  # last: whoever reads it may have left
    click.get_current_context().exit(code)


def write_page(out: Path) -> int:
    """Write the report as a page; returns the exit code of an error, which is told, else 0."""
    from blur.export import report_page
    from blur.store.report import REPORT_NAME

    try:
        if (out / REPORT_NAME).exists():  # a full disk leaves none
            report_page.write(out)
    except OutputError as error:
        click.echo(f"blur: {error}", err=True)
        return error.exit_code
    return 0


def confine(chosen: Settings) -> None:
    """Take the batch's own process off the network, unless it has to reach a cluster."""
    if not chosen.batch.cluster:
        keep_off_network()


@click.command()
@OUT
@JSON
def status(out: Path, json: bool) -> None:
    """Show how far the batch in OUT is, while it runs or after."""
    keep_off_network()
    import msgspec

    from blur.batch.status import status, status_text

    now = status(out)
    click.echo(msgspec.json.encode(now) if json else status_text(now))


@click.command()
@OUT
@click.option("--edits", is_flag=True, help="Remove edits as well: a person's work.")
def clean(out: Path, edits: bool) -> None:
    """Remove the work files from OUT: plans, ledger and records. Covered clips stay.

    Without them, a later run covers every clip anew.
    """
    keep_off_network()
    from blur.store.folder import WorkFolder
    from blur.store.ledger import outputs_of, read_ledger

    folder = WorkFolder(out)
    if not folder.root.is_dir():
        raise NothingToDo("holds no work files", subject=out)
    files = (*folder.edits.glob("*.json"), *folder.edits.glob("*.dropped"))
    made = len({file.name.partition(".")[0] for file in files})
    if made and not edits:
        raise UsageError(
            f"holds a person's edits of {made} clips",
            subject=out,
            remedy="export them with `blur edits`, or add --edits to remove them too",
        )
    outputs = []
    with contextlib.suppress(OutputError):  # a damaged ledger is removed like a whole one
        outputs = outputs_of(read_ledger(folder)[0], folder)
    folder.clear(outputs)
    click.echo(f"removed {folder.root}")
