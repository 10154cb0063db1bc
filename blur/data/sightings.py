"""What the looks at one frame saw, with the evidence for it: what tracks are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.boxes import overlaps
from blur.data.plan import Box, Boxes

FAMILIES = ("centerface", "yunet")
"""Detector families that the scan asks, in the order of the evidence columns."""

_SAME_IOU = 0.4
_SAME_INSIDE = 0.75


class Found(NamedTuple):
    """One face seen: its box in display coordinates and the score of each family."""

    box: Box
    evidence: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sightings:
    """Faces seen on one frame, in display coordinates, one row each, best first.

    `boxes` is (n, 5) float32. `evidence` is (n, len(FAMILIES)) float32: the best score that each
    family gave, 0 where it saw nothing.
    """

    frame: int
    boxes: Boxes
    evidence: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        return np.asarray(self.evidence.max(axis=1, initial=0.0), np.float32)

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Sightings:
        return Sightings(self.frame, self.boxes[index], self.evidence[index])


def merged(
    frame: int, boxes: Boxes, scores: npt.NDArray[np.float32], families: npt.NDArray[np.intp]
) -> Sightings:
    """One sighting per face from everything that all views and detectors saw of it.

    The box is that of the best score; `families` indexes FAMILIES.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, scores, families = boxes[order], scores[order], families[order]
    same = same_face(boxes)
    free = np.ones(len(boxes), bool)
    kept: list[int] = []
    evidence: list[npt.NDArray[np.float32]] = []
    for i in range(len(boxes)):
        if not free[i]:
            continue
        group = same[i] & free
        free &= ~group
        row = np.zeros(len(FAMILIES), np.float32)
        np.maximum.at(row, families[group], scores[group])
        kept.append(i)
        evidence.append(row)
    columns = np.array(evidence, np.float32).reshape(-1, len(FAMILIES))
    return Sightings(frame, boxes[kept], columns)


def same_face(boxes: Boxes) -> npt.NDArray[np.bool_]:
    """(n, n) whether two boxes are one face: they overlap well, or the smaller lies inside the
    larger and is not much smaller."""
    iou, inside = overlaps(boxes, boxes)
    area = boxes[:, 2] * boxes[:, 3]
    ratio = area[:, None] / area[None]
    comparable = np.minimum(ratio, 1 / ratio) > 0.25
    return np.asarray((iou > _SAME_IOU) | ((inside > _SAME_INSIDE) & comparable))
