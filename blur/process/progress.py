"""Progress reports from the stages of the corridor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Called with frames `done` of `total` (None if unknown) in a stage of the corridor.

    `stage` is "scan", "follow", "render" or "audit". Raises Interrupted after a request to stop.
    """

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


def silent(stage: str, done: int, total: int | None) -> None:
    """Reports to nobody."""


def growing(tell: Progress, stage: str, total: int | None) -> Callable[[int], None]:
    """A listener for frames `done`, which tells only where they are more than before: told again, a
    count would pass for a sign of life of work that hangs."""
    before = -1

    def hear(done: int) -> None:
        nonlocal before
        if done > before:
            before = done
            tell(stage, done, total)

    return hear
