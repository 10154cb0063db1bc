"""Faces seen on one frame, with the evidence for each: tracks are made from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data import overlap, yaw
from blur.data.boxes import wrapped
from blur.data.plan import Box, Boxes

FAMILIES = ("centerface", "yunet")
"""Detector families that the scan asks, in the order of the evidence columns."""

_ALIKE = 45.0
"""Degrees between the turns of two detections up to which their yaws are of one axis; larger mixes
a lying head's sides with its crown and chin."""

UNSEEN = np.zeros(len(FAMILIES), np.float32)
"""Evidence of a face that was followed, not detected."""


class Sighting(NamedTuple):
    """One face: its box in display coordinates and (len(FAMILIES),) scores."""

    box: Box
    evidence: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sightings:
    """Faces on one frame, one row each, best first.

    `boxes` is (n, 5) float32, display coordinates. `evidence` is (n, len(FAMILIES)) float32: the
    best score of each family, 0 where it saw nothing. `yaws` is (n,) float32, unknown if not given.
    """

    frame: int
    boxes: Boxes
    evidence: npt.NDArray[np.float32]
    yaws: yaw.Yaws = field(default_factory=lambda: yaw.unknown(0))

    def __post_init__(self) -> None:
        if not len(self.yaws):
            object.__setattr__(self, "yaws", yaw.unknown(len(self.boxes)))

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """(n,) best score of any family."""
        return np.asarray(self.evidence.max(axis=1, initial=0.0), np.float32)

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Sightings:
        return Sightings(self.frame, self.boxes[index], self.evidence[index], self.yaws[index])


def merged(
    frame: int,
    boxes: Boxes,
    scores: npt.NDArray[np.float32],
    families: npt.NDArray[np.intp],
    yaws: yaw.Yaws | None = None,
) -> Sightings:
    """One sighting per face from the rows of all views and detectors; the best score's box stays.

    `families` (n,) indexes FAMILIES. A face's yaw is the mean of those of rows turned like it.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, scores, families = boxes[order], scores[order], families[order]
    yaws = yaw.unknown(len(boxes)) if yaws is None else yaws[order]
    kept: list[int] = []
    evidence: list[npt.NDArray[np.float32]] = []
    found = yaw.unknown(len(boxes))
    for best, rows in overlap.faces(boxes):
        row = np.zeros(len(FAMILIES), np.float32)
        np.maximum.at(row, families[rows], scores[rows])
        alike = np.abs(wrapped(boxes[:, 4] - boxes[best, 4])) <= _ALIKE
        if (known := rows & alike & np.isfinite(yaws)).any():
            found[best] = yaws[known].mean()
        kept.append(best)
        evidence.append(row)
    columns = np.array(evidence, np.float32).reshape(-1, len(FAMILIES))
    return Sightings(frame, boxes[kept], columns, found[kept])
