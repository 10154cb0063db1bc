"""The commands of `blur`: thin, and quick to start. What they call is imported when called."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import click

from blur import __version__, settings
from blur.errors import BlurError, Exit, Interrupted, SetupError
from blur.settings import Settings

# Commands that live beside what they show: name → module, and the line in `blur --help`.
_ELSEWHERE = {
    "preview": ("blur.cli.show_commands", "Show frames as they would be covered."),
    "review": ("blur.cli.show_commands", "Look through an output folder in the browser."),
    "edits": ("blur.cli.show_commands", "List and change what a person decided on a clip."),
    "markers": ("blur.cli.show_commands", "Export doubts and covers for an editing program."),
}


class _Commands(click.Group):
    """Loads the commands in `_ELSEWHERE` when they are called, and turns errors into exits."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *_ELSEWHERE]  # in order of use, not of the alphabet

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _ = _ELSEWHERE[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, _ELSEWHERE[name][1])
            if name in _ELSEWHERE
            else (name, self.commands[name].get_short_help_str(120))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), code.meaning) for code in Exit])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BlurError) as error:
            if not isinstance(error, BlurError):
                error = Interrupted("stopped")
            click.echo(f"blur: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="blur")
def main() -> None:
    """Cover every face in video clips, so that nobody in them can be identified."""


def _options(*groups: str) -> list[click.Parameter]:
    """--config, and a click option for each setting in `groups`; read them with `_settings`."""
    config = click.Option(
        ["--config"],
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Read options from this TOML file; the command line overrides it.",
    )
    return [*map(_option, settings.options(*groups)), config]


def _option(option: settings.Option) -> click.Option:
    kind: Any = option.kind
    several = get_origin(kind) is tuple
    if get_args(kind):  # tuple[X, ...] or X | None
        kind = get_args(kind)[0]
    if kind is bool:
        return click.Option([option.flag], is_flag=True, default=None, help=_help(option))
    if option.choices:
        kind = click.Choice(option.choices)
    return click.Option(
        [option.flag],
        type=kind,
        multiple=several,
        metavar=option.extra.get("metavar"),
        help=_help(option),
    )


def _help(option: settings.Option) -> str:
    default = f"  [default: {option.default_text}]" if option.default_text else ""
    return option.help[0].upper() + option.help[1:] + "." + default


def _settings(given: dict[str, Any]) -> Settings:
    """Settings from the config file and the options that were given."""
    overrides: dict[str, dict[str, Any]] = {}
    for option in settings.options():
        if given.get(option.name) not in (None, ()):
            overrides.setdefault(option.group, {})[option.name] = given[option.name]
    return settings.load(given["config"], overrides)


_INPUTS = click.Argument(["inputs"], nargs=-1, required=True, type=click.Path(path_type=Path))
_OUT = click.Option(
    ["-o", "--out"],
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the covered clips; made when missing.",
)


_DRY = click.Option(
    ["--dry-run"],
    is_flag=True,
    help="Only say what would be done, with an estimate of time and space from a sample.",
)


@main.command(params=[_INPUTS, _OUT, _DRY, *_options("scan", "cover", "output", "audit", "batch")])
def run(inputs: tuple[Path, ...], out: Path, dry_run: bool, **given: Any) -> None:
    """Cover the faces in all clips in INPUTS (files and folders).

    Folders are searched, and their tree is mirrored in the output folder. Run the same command
    again to go on after an interruption.
    """
    if not dry_run:
        _batch(inputs, out, given)
        return
    from blur.batch import forecast, run

    click.echo(forecast.text(run.dry_run(inputs, out, _settings(given))))


@main.command(params=[_INPUTS, _OUT, *_options("scan", "batch")])
def scan(inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Only look: write a plan of each clip into the output folder, and cover nothing."""
    _batch(inputs, out, given, render=False)


@main.command(params=[_INPUTS, _OUT, *_options("cover", "output", "audit", "batch")])
def render(inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Only cover: render each clip from the plan and edits in the output folder."""
    _batch(inputs, out, given, scan=False)


def _batch(inputs: Sequence[Path], out: Path, given: dict[str, Any], **stages: bool) -> None:
    chosen = _settings(given)
    from blur.batch.display import display
    from blur.batch.run import run
    from blur.export import report_page
    from blur.store.report import REPORT_NAME, table

    report = run(inputs, out, chosen, display=display(), **stages)
    click.echo(table(report))
    if (out / REPORT_NAME).exists():  # the disk may have been full
        report_page.write(out)
    click.get_current_context().exit(report.exit_code)


_FOLDER = click.Argument(["out"], type=click.Path(path_type=Path, file_okay=False, exists=True))


@main.command(params=[_FOLDER, click.Option(["--json"], is_flag=True, help="As JSON.")])
def status(out: Path, json: bool) -> None:
    """Show how far the batch in OUT is, while it runs or after."""
    import msgspec

    from blur.batch.status import status, text

    now = status(out)
    click.echo(msgspec.json.encode(now) if json else text(now))


@main.command(
    params=[
        _FOLDER,
        click.Option(["--edits"], is_flag=True, help="Remove edits as well: a person's work."),
    ]
)
def clean(out: Path, edits: bool) -> None:
    """Remove the work files from OUT: plans, ledger and records. Covered clips stay.

    Without them, a later run covers every clip anew.
    """
    from blur.errors import NothingToDo, UsageError
    from blur.store.folder import WorkFolder

    folder = WorkFolder(out)
    if not folder.root.is_dir():
        raise NothingToDo("holds no work files", subject=out)
    made = len(list(folder.edits.glob("*.json")))
    if made and not edits:
        raise UsageError(
            f"holds a person's edits of {made} clips",
            subject=out,
            remedy="export them with `blur edits`, or add --edits to remove them too",
        )
    folder.clear()
    click.echo(f"removed {folder.root}")


@main.command()
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


@main.command(
    params=[
        click.Option(["--quick"], is_flag=True, help="Leave out the measurement of speed."),
        click.Option(["--json"], is_flag=True, help="As JSON."),
        *_options("scan", "cover", "output", "audit"),
    ]
)
def doctor(quick: bool, json: bool, **given: Any) -> None:
    """Say what this installation and this machine can do, and how long an hour would take."""
    import msgspec

    from blur.cli.doctor import examine

    findings = examine(_settings(given), estimate=not quick)
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(dict(findings)), indent=1))
        return
    for topic, found in findings:
        click.echo(f"{topic}: {found}")


@main.command(
    params=[
        click.Argument(["file"], type=click.Path(path_type=Path, exists=True, dir_okay=False)),
        click.Option(["--json"], is_flag=True, help="As JSON."),
    ]
)
def inspect(file: Path, json: bool) -> None:
    """Show what FILE gives away beside its pictures: place, device, dates, people, software."""
    from blur.process import sandbox

    sandbox.keep_off_network()
    import msgspec

    from blur.media.traces.inspect import inspect

    found = inspect(file)
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
        return
    click.echo(f"{found.name}: {found.format}")
    for track in found.tracks:
        click.echo(f"  {track}")
    for trace in found.traces:
        click.echo(f"  {trace.kind}: {trace.value} [{trace.where}]")
    if not found.traces:
        click.echo("  nothing beside pictures, sound and structure")


@main.command(
    params=[
        click.Option(
            ["-o", "--out"],
            default="blur-demo",
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder for the demo's files.  [default: blur-demo]",
        )
    ]
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
