"""Arguments and options of several commands, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import click

from blur import settings
from blur.settings import Settings

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
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read options from this TOML file; the command line overrides it.",
)


def settings_options(*groups: str) -> Callable[[Function], Function]:
    """An option for each setting in `groups`, and --config; `chosen_settings` reads them."""

    return together(*map(_option, settings.options(*groups)), _CONFIG)


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
    overrides: dict[str, dict[str, Any]] = {}
    for option in settings.options():
        if given.get(option.name) not in (None, ()):
            overrides.setdefault(option.group, {})[option.name] = given[option.name]
    return settings.load(given["config"], overrides)


def _option(option: settings.Option) -> Callable[[Function], Function]:
    kind: Any = option.kind
    several = get_origin(kind) is tuple
    if get_args(kind):  # tuple[X, ...] or X | None
        kind = get_args(kind)[0]
    default = f"  [default: {option.default_text}]" if option.default_text else ""
    text = option.help[0].upper() + option.help[1:] + "." + default
    if kind is bool:
        return click.option(option.flag, is_flag=True, default=None, help=text)
    return click.option(
        option.flag,
        type=click.Choice(option.choices) if option.choices else kind,
        multiple=several,
        metavar=option.extra.get("metavar"),
        help=text,
    )
