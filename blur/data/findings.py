"""Suspects, residual faces and the report of an audit; boxes are in display coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from blur.data.plan import Box


@dataclass(frozen=True, slots=True)
class Suspect:
    """A possible face on one frame.

    `evidence` holds the best score of each detector that saw it, by name. `answers` holds, by
    family, how consistently close-ups look like a face (`Closeup.answer`), once taken.
    """

    box: Box
    evidence: Mapping[str, float]
    answers: Mapping[str, float] = field(default_factory=dict)


class Residual(Struct, frozen=True, kw_only=True):
    """A face that an audit saw in a covered clip, on one frame.

    `seconds` count from the first frame. `sure` is its likelihood, 0 to 1. `bare` is the share of
    it outside all covers, at least 0.3 where an eye is: 0 for a face seen through a cover.
    `seen_by` names detectors, none where a cover is missing between two of one face.
    """

    frame: int
    seconds: float
    box: Box
    sure: float
    seen_by: list[str]
    bare: float = 1.0


class Audit(Struct, frozen=True, kw_only=True):
    """One audit of an output, for the report.

    `frames` of the output, of which `looked` were searched whole, and `closeups` single places on
    others; `sampling` says in words which. `seconds` is the time it took. `unseen` says in words
    which faces it could not have seen.
    """

    frames: int
    looked: int
    closeups: int
    sampling: str
    detectors: list[str]
    residuals: list[Residual]
    seconds: float
    unseen: list[str] = []
