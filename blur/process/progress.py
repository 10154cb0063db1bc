"""Progress: what the stages of the corridor tell of how far they are."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a clip is. `stage` is one of "scan", "follow", "render", "audit"."""

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


def silent(stage: str, done: int, total: int | None) -> None:
    """Tells nobody."""
