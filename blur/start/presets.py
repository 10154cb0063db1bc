"""The kinds of work that a person chooses from, and the command that does each; the page has words
for each `id`."""

from __future__ import annotations

from msgspec import Struct

from blur.errors import UsageError


class Preset(Struct, frozen=True):
    """`command` is that of the command line, with its options."""

    id: str
    command: tuple[str, ...]


PRESETS = (
    Preset("draft", ("run", "--level", "fast")),
    Preset("master", ("run", "--level", "thorough", "--codec", "match")),
    Preset("check", ("scan",)),
)


def preset(name: str) -> Preset:
    """Raises UsageError."""
    for known in PRESETS:
        if known.id == name:
            return known
    raise UsageError(f"there is no kind of work called {name!r}")
