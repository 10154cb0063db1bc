"""The commands of `blur`: thin, and quick to start. What they call is imported when called."""

from __future__ import annotations

import enum
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import click

from blur import __version__, settings
from blur.errors import BlurError, Exit, Interrupted
from blur.settings import Settings

# Commands that live beside what they show: name → module, and the line in `blur --help`.
_ELSEWHERE = {
    "preview": ("blur.preview.commands", "Show frames as they would be covered."),
    "review": ("blur.preview.commands", "Look through an output folder in the browser."),
    "edits": ("blur.preview.commands", "List and change what a person decided on a clip."),
    "markers": ("blur.preview.commands", "Export doubts and covers for an editing program."),
}


class _Commands(click.Group):
    """Loads the commands in `_ELSEWHERE` when they are called, and turns errors into exits."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

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
            else (name, self.commands[name].get_short_help_str(80))
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
    if issubclass(kind, enum.Enum):
        kind = click.Choice([member.value for member in kind])
    return click.Option(
        [option.flag],
        type=kind,
        multiple=several,
        metavar=option.extra.get("metavar"),
        help=_help(option),
    )


def _help(option: settings.Option) -> str:
    default = "" if option.default in (None, (), "", False) else f"  [default: {option.default}]"
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


@main.command(params=[_INPUTS, _OUT, *_options("scan", "cover", "output", "batch")])
def run(inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Cover the faces in all clips in INPUTS (files and folders).

    Folders are searched, and their tree is mirrored in the output folder. Run the same command
    again to go on after an interruption.
    """
    _batch(inputs, out, given)


@main.command(params=[_INPUTS, _OUT, *_options("scan", "batch")])
def scan(inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Only look: write a plan of each clip into the output folder, and cover nothing."""
    _batch(inputs, out, given, render=False)


@main.command(params=[_INPUTS, _OUT, *_options("cover", "output", "batch")])
def render(inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Only cover: render each clip from the plan and edits in the output folder."""
    _batch(inputs, out, given, scan=False)


def _batch(inputs: Sequence[Path], out: Path, given: dict[str, Any], **stages: bool) -> None:
    chosen = _settings(given)
    from blur.batch.progress import display
    from blur.batch.report import table
    from blur.batch.run import run

    report = run(inputs, out, chosen, display=display(), **stages)
    click.echo(table(report))
    click.get_current_context().exit(report.exit_code)
