"""Faces seen on one frame, with the evidence for each: tracks are made from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data import overlap
from blur.data.plan import Box, Boxes

FAMILIES = ("centerface", "yunet")
"""Detector families that the scan asks, in the order of the evidence columns."""

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
    best score of each family, 0 where it saw nothing.
    """

    frame: int
    boxes: Boxes
    evidence: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """(n,) best score of any family."""
        return np.asarray(self.evidence.max(axis=1, initial=0.0), np.float32)

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Sightings:
        return Sightings(self.frame, self.boxes[index], self.evidence[index])


def merged(
    frame: int, boxes: Boxes, scores: npt.NDArray[np.float32], families: npt.NDArray[np.intp]
) -> Sightings:
    """One sighting per face from the rows of all views and detectors; the best score's box stays.

    `families` (n,) indexes FAMILIES.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, scores, families = boxes[order], scores[order], families[order]
    kept: list[int] = []
    evidence: list[npt.NDArray[np.float32]] = []
    for best, rows in overlap.faces(boxes):
        row = np.zeros(len(FAMILIES), np.float32)
        np.maximum.at(row, families[rows], scores[rows])
        kept.append(best)
        evidence.append(row)
    columns = np.array(evidence, np.float32).reshape(-1, len(FAMILIES))
    return Sightings(frame, boxes[kept], columns)
