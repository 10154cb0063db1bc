"""What an audit sees and concludes: the data that its rooms and the report share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from blur.data.plan import Box


@dataclass(frozen=True, slots=True)
class Suspect:
    """What may be a face on one frame, in display coordinates.

    `evidence` is the best score of each detector that saw it, by name; `answers` how consistently
    it looks like a face in close-ups (see `faces.closeup`), by family, once these were taken.
    """

    box: Box
    evidence: Mapping[str, float]
    answers: Mapping[str, float] = field(default_factory=dict)


class Residual(Struct, frozen=True, kw_only=True):
    """A face that an audit saw in a covered clip, at one frame and place.

    `seconds` count from the clip's first frame. `sure` is the likelihood, 0 to 1, that it is a
    face; `bare` is the share of it outside all covers, 0 of what lies in a cover and looks like a
    face all the same. `seen_by` is empty where no detector was needed: a cover is missing between
    two others of one face.
    """

    frame: int
    seconds: float
    box: Box
    sure: float
    seen_by: list[str]
    bare: float = 1.0


class Audit(Struct, frozen=True, kw_only=True):
    """What one audit of an output did and found.

    `looked` counts the frames that were searched whole and `closeups` the single places that
    were looked at besides; `sampling` says in words which those were.
    """

    frames: int
    looked: int
    closeups: int
    sampling: str
    detectors: list[str]
    residuals: list[Residual]
    seconds: float
