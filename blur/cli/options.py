"""Arguments and options of several commands, each defined once."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path
from typing import Any, TypeVar

import click

from blur.settings import Settings, options, values

Function = TypeVar("Function", bound=Callable[..., Any])

INPUTS = click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
NEW_OUT = click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the covered clips; made when missing.",
)
OUT = click.argument("out", type=click.Path(path_type=Path, exists=True, file_okay=False))
CLIP = click.argument("clip")
CLIPS = click.argument("clips", nargs=-1)
JSON = click.option("--json", is_flag=True, help="As JSON.")
CONSENT = "Where the person's consent is on file, such as a form's number; it stands in the report."
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read options from this TOML file; the command line overrides it.",
)


def settings_options(*groups: str, but: Container[str] = ()) -> Callable[[Function], Function]:
    """An option for each setting in `groups`, `but` some, and --config; `chosen_settings` reads
    them."""
    chosen = [option for option in options.options(*groups) if option.name not in but]
    return together(*map(_option, chosen), _CONFIG)


def together(*decorators: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Several decorators as a single decorator, the first outermost."""

    def decorate(command: Function) -> Function:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def echo_json(value: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=1))


def chosen_settings(given: dict[str, Any]) -> Settings:
    """The defaults, the config file and the given options, the last of these first."""
    return options.load(given["config"], said(given))


def said(given: dict[str, Any], *groups: str) -> dict[str, dict[str, Any]]:
    """The options that the command line names, by group: all, or those of `groups`."""
    found: dict[str, dict[str, Any]] = {}
    for option in options.options(*groups):
        if given.get(option.name) not in (None, ()):
            found.setdefault(option.group, {})[option.name] = given[option.name]
    return found


def refusing(read: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that reads an option's text, or each of several; a ValueError ends the command."""

    def callback(ctx: click.Context, param: click.Parameter, given: Any) -> Any:
        try:
            if isinstance(given, tuple):
                return tuple(map(read, given))
            return None if given is None else read(given)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    return callback


_METAVARS = {int: "INTEGER", float: "FLOAT", str: "TEXT"}


def _option(option: options.Option) -> Callable[[Function], Function]:
    default = f"  [default: {option.default_text}]" if option.default_text else ""
    text = option.text[0].upper() + option.text[1:] + "." + default
    base = values.plain(option.kind)
    if base is bool:
        return click.option(option.flag, is_flag=True, default=None, help=text)
    if option.choices:
        return click.option(option.flag, type=click.Choice(option.choices), help=text)
    return click.option(
        option.flag,
        callback=refusing(option.read),
        multiple=option.several,
        metavar=option.extra.get("metavar") or _METAVARS.get(base, "TEXT"),
        help=text,
    )
