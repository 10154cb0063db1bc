"""Texts that others may read are scrubbed: no folder, and under `--rename` no name of a clip.

Folders are often named after people, and names of files tell dates, apps and people.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from blur.disk.places import absolute
from blur.store.names import shown, without_folders

_SHORTEST = 3
"""Letters of a stem or folder that is taken for a name where it stands alone; with fewer, words and
numbers of messages go as well."""
_GONE = "…"


class Known(Struct, frozen=True):
    """A file of the batch: its path as it was opened, its name below the input, its output's."""

    path: Path
    name: str
    output: str | None = None


class Scrub:
    """Takes `folders`, those above the files, and those above these, out of texts.

    With `rename`, the names of files as well: an output's number stands for its clip.
    """

    def __init__(self, files: Iterable[Known], folders: Iterable[Path], *, rename: bool) -> None:
        files = list(files)
        forms = {form for place in {*folders, *map(_root, files)} for form in _forms(place)}
        self._folders = {form: _spelt(form) for form in _longest_first(forms)}
        names = _aliases(files) if rename else {}
        self._names = {form: names[form] for form in _longest_first(names)}
        self.text = functools.lru_cache(maxsize=4096)(self._text)

    def made(self, value: Any, but: Container[str] = ()) -> Any:
        """A copy of a struct or list with every text in it scrubbed, `but` those in some fields."""
        if isinstance(value, Struct):
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return type(value)(
                **{n: part if n in but else self.made(part, but) for n, part in fields.items()}
            )
        if isinstance(value, list):
            return [self.made(part, but) for part in value]
        return self.text(value) if type(value) is str else value

    def _text(self, text: str) -> str:
        text = shown(text)
        for form, pattern in self._folders.items():
            if form in text:
                text = pattern.sub(_without, text)
        text = without_folders(text)
        for name, alias in self._names.items():
            if name in text:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", alias.replace("\\", r"\\"), text)
        return text


def _spelt(folder: str) -> re.Pattern[str]:
    """A folder in a text; a bare word is a folder only where a path goes on below it."""
    form = re.escape(folder)
    if "/" not in folder:
        return re.compile(rf"(?<![\w./]){form}/")
    before = "" if folder.startswith("/") else r"(?<![\w./])"
    return re.compile(rf"{before}{form}(?:/|(?!\w))")


def _without(found: re.Match[str]) -> str:
    return "" if found[0].endswith("/") else _GONE


def _longest_first(forms: Iterable[str]) -> list[str]:
    return sorted(forms, key=lambda form: (-len(form), form))


def _root(file: Known) -> Path:
    """The folder that the file's name is relative to; the file's own where it is not."""
    parts = PurePosixPath(file.name).parts
    return file.path.parents[min(len(parts), len(file.path.parents)) - 1]


def _forms(folder: Path) -> Iterator[str]:
    """The spellings of a folder, and of those above: as given, absolute, with links resolved."""
    for path in (folder, absolute(folder), _resolved(folder)):
        for above in (path, *path.parents):
            if above.name not in ("", ".."):
                yield from (str(above), shown(above))


def _resolved(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return absolute(folder)


def _aliases(files: Iterable[Known]) -> dict[str, str]:
    """The stand-in of each name, its last part, its stem and its folders."""
    aliases: dict[str, str] = {}

    def add(form: str, alias: str) -> None:
        same = aliases.setdefault(form, alias) == alias
        aliases[form] = alias if same else _GONE

    for file in files:
        alias, name = file.output or _GONE, PurePosixPath(file.name)
        for form in {file.name, name.name, file.path.name, shown(file.path.name)}:
            add(form, alias)
        if len(name.stem) >= _SHORTEST:
            add(name.stem, alias)
        for folder in name.parts[:-1]:
            if len(folder) >= _SHORTEST:
                add(folder, _GONE)
    return {form: alias for form, alias in aliases.items() if form and form != alias}
