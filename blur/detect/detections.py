"""Detections as validated columns, and what every detector promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from blur.data.plan import Boxes

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) RGB, 0-255, C-contiguous."""


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces found on one picture, as columns of equal length n.

    `boxes` is (n, 5) float32: cx, cy, w, h, angle (see `plan.Box`) in pixels of the picture
    that was looked at; it may reach beyond the picture's edge. `scores` is (n,) float32 in
    [0, 1]. `detectors` is (n,) str: the name of the detector that saw each one.
    """

    boxes: Boxes
    scores: npt.NDArray[np.float32]
    detectors: npt.NDArray[np.str_]

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 5) or self.detectors.shape != (n,):
            raise ValueError(
                f"columns disagree: boxes {self.boxes.shape}, scores {self.scores.shape}, "
                f"detectors {self.detectors.shape}"
            )
        if not n:
            return
        if not (np.isfinite(self.boxes).all() and (self.boxes[:, 2:4] > 0).all()):
            raise ValueError("a box is not finite or has no size")
        if not ((self.scores >= 0) & (self.scores <= 1)).all():
            raise ValueError("a score is outside [0, 1]")

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def of(cls, boxes: Boxes, scores: npt.NDArray[np.float32], detector: str) -> Detections:
        """Columns from one detector."""
        return cls(boxes, scores, np.full(len(scores), detector))

    @classmethod
    def none(cls) -> Detections:
        return cls.of(np.zeros((0, 5), np.float32), np.zeros(0, np.float32), "")

    @classmethod
    def concat(cls, parts: Sequence[Detections]) -> Detections:
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([p.boxes for p in parts]),
            np.concatenate([p.scores for p in parts]),
            np.concatenate([p.detectors for p in parts]),
        )

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Detections:
        """The rows that `index` (positions or a mask) names."""
        return Detections(self.boxes[index], self.scores[index], self.detectors[index])


class Detector(Protocol):
    """Finds faces on pictures.

    `name` stands in plans and reports; detectors of one `family` share their training and so
    their mistakes. `detect` may be called from any thread; the answer for each picture does not
    depend on the others in the call. Pictures may be of any size; each detector letterboxes to
    what its network needs, without scaling up or down. Raises DetectorError.
    """

    name: str
    family: str

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]: ...
