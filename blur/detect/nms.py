"""Non-maximum suppression: one box per face out of a network's many."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.boxes import bounds
from blur.detect.detections import Detections


def suppressed(found: Detections, iou: float) -> Detections:
    """The detections, best score first, that overlap no better one by more than `iou`.

    Boxes are compared by the upright bounds of their ellipses (`boxes.bounds`), so that sightings
    from differently turned views may be mixed.
    """
    return found.take(nms(bounds(found.boxes), found.scores, iou))


def nms(
    rectangles: npt.NDArray[np.floating], scores: npt.NDArray[np.float32], iou: float
) -> npt.NDArray[np.intp]:
    """Rows of (n, 4) x1, y1, x2, y2 to keep, best score first; greedy, as is usual."""
    if len(scores) < 2:
        return np.arange(len(scores))
    corners_and_sizes = np.column_stack([rectangles[:, :2], rectangles[:, 2:] - rectangles[:, :2]])
    # Lists, not arrays, are what its signature asks for; arrays are faster and do as well.
    suppress: Any = cv2.dnn.NMSBoxes
    return np.asarray(suppress(corners_and_sizes.astype(np.float64), scores, 0.0, iou), np.intp)
