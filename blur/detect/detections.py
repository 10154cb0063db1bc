"""Detections as validated columns, non-maximum suppression, and the promises of a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture
from blur.data.boxes import bounds
from blur.data.plan import Boxes

NMS_IOU = 0.3
"""IoU above which the weaker of two boxes goes, in every detector; larger keeps more doubles."""


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces found on one picture, as columns of equal length n.

    `boxes` is (n, 5) float32: cx, cy, w, h, angle (see `plan.Box`) in pixels of the picture given
    to the detector; a box may reach beyond its edge. `scores` is (n,) float32 in [0, 1].
    `detectors` is (n,) str, the name of each row's detector. Raises ValueError on other columns.
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
        """The rows at `index`: positions or a mask."""
        return Detections(self.boxes[index], self.scores[index], self.detectors[index])

    def suppressed(self, iou: float = NMS_IOU) -> Detections:
        """Best score first, without rows that overlap a better one by more than `iou`.

        Compares the upright bounds of the boxes' ellipses, so rows of differently turned views may
        be mixed.
        """
        return self.take(nms(bounds(self.boxes), self.scores, iou))


class Detector(Protocol):
    """Finds faces on pictures of any size, without scaling them.

    `name` stands in plans and reports. Detectors of one `family` share their training and so their
    mistakes. `detect` may be called from any thread and answers for each picture regardless of
    the others in the call; it raises DetectorError.
    """

    name: str
    family: str

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]: ...


def nms(
    rectangles: npt.NDArray[np.floating], scores: npt.NDArray[np.float32], iou: float
) -> npt.NDArray[np.intp]:
    """Greedy non-maximum suppression: rows of (n, 4) x1, y1, x2, y2 to keep, best score first."""
    if len(scores) < 2:
        return np.arange(len(scores))
    corners_and_sizes = np.column_stack([rectangles[:, :2], rectangles[:, 2:] - rectangles[:, :2]])
    suppress: Any = cv2.dnn.NMSBoxes  # its stub asks for lists; arrays are faster
    return np.asarray(suppress(corners_and_sizes.astype(np.float64), scores, 0.0, iou), np.intp)
