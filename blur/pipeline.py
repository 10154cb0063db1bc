"""Scan and render of one clip: the corridor, as a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from blur.plan import Edits, Plan
from blur.settings import ScanSettings, Settings


class Progress(Protocol):
    """Told how far a clip is. `stage` is one of "scan", "follow", "render", "audit"."""

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


class Rendered(Struct, frozen=True, kw_only=True):
    """What a render did; goes into the report."""

    frames: int
    bytes_in: int
    bytes_out: int
    sha256: str
    seconds: float
    dropped: list[str]
    notes: list[str]


def scan(clip: Path, settings: ScanSettings, progress: Progress | None = None) -> Plan:
    """Look at every frame of `clip` and return its plan; touches no pixel and writes nothing.

    Raises NotAClip, DecodeError or DetectorError.
    """
    raise NotImplementedError


def render(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Write `clip`, covered per `plan` and `edits`, to `out`: whole, or not at all.

    Raises PlanMismatch when the plan is of another clip, DecodeError, OutputError.
    """
    raise NotImplementedError
