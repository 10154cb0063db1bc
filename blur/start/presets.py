"""The kinds of work that a person chooses from, in words, and the command that does each."""

from __future__ import annotations

from msgspec import Struct

from blur.errors import UsageError


class Preset(Struct, frozen=True):
    """`command` is that of the command line, with its options."""

    id: str
    name: str
    about: str
    command: tuple[str, ...]


PRESETS = (
    Preset(
        "draft",
        "Screening draft",
        "Covered clips to screen inside the team. Fast: it looks less, and misses more faces that"
        " are small, turned or brief. Not for publishing.",
        ("run", "--level", "fast"),
    ),
    Preset(
        "master",
        "Master, covered",
        "Covered clips for the cut, each in its own format where that can be written. Slow: it"
        " looks at every frame. Watch them in the review before they are published.",
        ("run", "--level", "thorough", "--codec", "match"),
    ),
    Preset(
        "check",
        "Check only",
        "Searches the clips and shows in the review where covers would lie. No covered clip is"
        " written.",
        ("scan",),
    ),
)


def preset(name: str) -> Preset:
    """Raises UsageError."""
    for known in PRESETS:
        if known.id == name:
            return known
    raise UsageError(f"there is no kind of work called {name!r}")
