"""Progress reports from the stages of the corridor."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with frames `done` of `total` (None if unknown) in a stage of the corridor.

    `stage` is "scan", "follow", "render" or "audit". Raises Interrupted after a request to stop.
    """

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


def silent(stage: str, done: int, total: int | None) -> None:
    """Reports to nobody."""
