"""The options as the command line, `blur.toml` and the README show them; made from `settings`."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

import msgspec
from msgspec import Meta, Struct

from blur.errors import BadOption, UsageError
from blur.settings import Settings, kinds, values


class Option(Struct, frozen=True):
    """An option: its place in `Settings`, and `kind` as in `values`."""

    group: str
    name: str
    kind: Any
    default: Any
    help: str
    extra: dict[str, Any]

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def key(self) -> str:
        """The name in blur.toml."""
        return f"{self.group}.{self.name}"

    @property
    def choices(self) -> list[str]:
        """The values of an option that is a choice; else empty."""
        return values.choices(self.kind)

    @property
    def text(self) -> str:
        """The help text, with the bounds of a number."""
        bounds = values.bounds(self.kind)
        return f"{self.help} ({bounds})" if bounds else self.help

    @property
    def default_text(self) -> str:
        """The default as a user writes it; empty where the option is off by default."""
        off = self.default is None or self.default is False or self.default in ((), "")
        return "" if off else str(self.default)

    @property
    def several(self) -> bool:
        """Whether the command line may give it more than once."""
        return get_origin(values.plain(self.kind)) is tuple

    def read(self, text: str) -> Any:
        """A value from the command line; of a repeatable option, a single one of its values.

        Raises ValueError with the values that are accepted.
        """
        base = values.plain(self.kind)
        if self.several:
            values.converted(self.kind, [text])
            return text
        number: Any = text
        if base in (int, float):
            try:
                number = base(text)
            except ValueError:
                number = text  # refused below, in the same words
        return values.converted(self.kind, number)


def options(*groups: str) -> Iterator[Option]:
    """The options of the named groups (all when none is named), in order of definition."""
    for group in Settings.__struct_fields__:
        if groups and group not in groups:
            continue
        struct: type[Struct] = type(getattr(Settings(), group))
        for field in msgspec.structs.fields(struct):
            kind = kinds(struct)[field.name]
            meta = next(m for m in kind.__metadata__ if isinstance(m, Meta))
            yield Option(
                group,
                field.name,
                kind,
                field.default,
                meta.description or "",
                meta.extra or {},
            )


def load(file: Path | None, overrides: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Settings from defaults, then `file` (TOML), then `overrides` {group: {name: value}}.

    Raises UsageError naming the file and the key, or the option of the command line, when a value
    cannot be used.
    """
    chosen = {} if file is None else _from_toml(file)
    known = {(option.group, option.name): option for option in options()}
    for group, given in overrides.items():
        for name, value in given.items():
            option = known[group, name]
            chosen.setdefault(group, {})[name] = _checked(option, value, option.flag, "")
    # Not `convert`, which would turn a group's own refusal into an error of its own.
    groups = {group: type(getattr(Settings(), group)) for group in chosen}
    return Settings(**{group: made(**chosen[group]) for group, made in groups.items()})


def _from_toml(file: Path) -> dict[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")  # Windows' editors begin with a mark
        read = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot be read as settings: {error}", subject=file) from error
    chosen: dict[str, dict[str, Any]] = {}
    for group, given in read.items():
        if group not in Settings.__struct_fields__:
            raise _unknown(group, Settings.__struct_fields__, file)
        if not isinstance(given, dict):
            raise BadOption(f"{group} must be a table: [{group}]", subject=file)
        known = {option.name: option for option in options(group)}
        for name, value in given.items():
            if name not in known:
                raise _unknown(f"{group}.{name}", [o.key for o in known.values()], file)
            option = known[name]
            chosen.setdefault(group, {})[name] = _checked(option, value, file, f"{option.key} ")
    return chosen


def _checked(option: Option, value: Any, subject: str | Path, prefix: str) -> Any:
    """The value as `settings` take it. Raises BadOption that names the option as written."""
    try:
        return msgspec.to_builtins(values.converted(option.kind, value))
    except ValueError as error:
        raise BadOption(f"{prefix}{error}", subject=subject) from error


def _unknown(key: str, known: Collection[str], file: Path) -> BadOption:
    near = difflib.get_close_matches(key, known, 1)
    return BadOption(
        f"{key} is no option",
        subject=file,
        remedy=f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
    )


def table() -> str:
    """All options as the table of the README."""
    rows = ["| option | in blur.toml | default | meaning |", "|---|---|---|---|"]
    for option in options():
        choice = " {" + ",".join(option.choices) + "}" if option.choices else ""
        default = f"`{option.default_text}`" if option.default_text else ""
        rows.append(f"| `{option.flag}{choice}` | `{option.key}` | {default} | {option.text} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
