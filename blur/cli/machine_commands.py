"""The commands about this machine and installation: models, doctor, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blur.cli.options import JSON, chosen_settings, echo_json, settings_options
from blur.errors import BlurError, Exit, SetupError


@click.command()
def models() -> None:
    """List the detectors' weights: their source and licence, and whether they are whole."""
    from blur.detect import weights
    from blur.process import sandbox

    sandbox.keep_off_network()
    damaged = 0
    for weight in weights.catalogue():
        try:
            weights.read(weight.name)
            state = "whole"
        except BlurError as error:
            state, damaged = f"DAMAGED: {error.problem}", damaged + 1
        click.echo(
            f"{weight.name}: {state}\n"
            f"  {weight.file}, from {weight.distribution} {weight.version}, {weight.source}\n"
            f"  licence {weight.licence} ({weight.licence_file}), sha256 {weight.sha256}"
        )
    click.echo(f"network: {sandbox.network_state()}")
    if damaged:
        raise SetupError(f"{damaged} weights are damaged")


@click.command()
@click.option("--quick", is_flag=True, help="Leave out the measurement of speed.")
@JSON
@settings_options("scan", "cover", "output", "audit")
def doctor(quick: bool, json: bool, **given: Any) -> None:
    """Report on this installation and machine, and the time that an hour of video would take."""
    from blur.cli.doctor import examine

    findings = examine(chosen_settings(given), estimate=not quick)
    if json:
        echo_json(dict(findings))
        return
    for topic, found in findings:
        click.echo(f"{topic}: {found}")


@click.command()
@click.option(
    "-o",
    "--out",
    default="blur-demo",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the demo's files.  [default: blur-demo]",
)
def demo(out: Path) -> None:
    """Film a photograph that scikit-image ships, cover its face, and show the result."""
    from blur.batch.display import display
    from blur.cli.demo import demo
    from blur.store.report import table

    made = demo(out, display())
    click.echo(table(made.report))
    if made.report.exit_code == Exit.OK:
        click.echo(f"\ncovered clip:  {made.covered}\nbefore, after: {made.picture}")
        click.echo("now try your own: blur run FOLDER -o COVERED")
    click.get_current_context().exit(made.report.exit_code)
