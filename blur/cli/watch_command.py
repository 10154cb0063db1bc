"""`blur watch`: clips are covered as they arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blur.cli.batch_commands import confine, write_page
from blur.cli.options import INPUTS, NEW_OUT, chosen_settings, settings_options


@click.command(short_help="Cover the clips that arrive in a folder, each once whole.")
@INPUTS
@NEW_OUT
@click.option(
    "--settle",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    help="Seconds for which a file must not change before it counts as whole.",
)
@settings_options("scan", "cover", "output", "audit", "batch")
def watch(inputs: tuple[Path, ...], out: Path, settle: float, **given: Any) -> None:
    """Cover the clips that arrive in INPUTS (files and folders), each once whole, until Ctrl-C.

    A file is whole when it has not changed for a while and its container is complete. Started
    again, it goes on where it was. A clip that failed is tried again after an hour, then after two,
    and as soon as its file changes.
    """
    chosen = chosen_settings(given)
    confine(chosen)
    from blur.batch.display import display
    from blur.batch.watch import watch as wait_for
    from blur.store.report import BatchReport, table

    def say(text: str) -> None:
        click.echo(f"blur: {text}", err=True)

    def tell(report: BatchReport) -> None:
        write_page(out)
        click.echo(table(report))

    click.echo("watching; Ctrl-C ends it", err=True)
    code = wait_for(inputs, out, chosen, settle=settle, display=display, tell=tell, say=say)
    click.get_current_context().exit(code)
