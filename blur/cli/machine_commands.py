"""The commands about this machine and installation: models, doctor, demo."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from blur.cli.kit import PLATFORMS
from blur.cli.options import JSON, chosen_settings, echo_json, settings_options
from blur.errors import BlurError, Exit, SetupError


def _python_version(ctx: click.Context, param: click.Parameter, given: str | None) -> str:
    text = given or f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not re.fullmatch(r"3\.\d{2}", text):
        raise click.BadParameter(f"{text} is no version such as 3.12", ctx, param)
    return text


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
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--platform",
    type=click.Choice(PLATFORMS),
    help="Machine that blur will be installed on.  [default: one like this]",
)
@click.option(
    "--python",
    callback=_python_version,
    metavar="VERSION",
    help="Its version of Python, such as 3.12.  [default: this machine's]",
)
def kit(folder: Path, platform: str | None, python: str) -> None:
    """Collect all that an installation needs in FOLDER, for a machine without a network.

    There, `python3 install.py` installs blur. Made with a network: pip downloads the libraries,
    each known by its SHA-256.
    """
    from blur.cli.kit import INSTALLER, collect, this_platform

    size = collect(folder, platform or this_platform(), python)
    click.echo(f"{folder}: {size / 1e6:.0f} MB; install with: python3 {folder / INSTALLER}")


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
