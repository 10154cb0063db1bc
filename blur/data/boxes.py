"""Geometry of turned boxes, (n, 5) columns as in `plan.Box`; `overlap` compares them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats
from blur.data.plan import Boxes

Affine = npt.NDArray[np.float64]
"""(3, 3) similarity transform of points (x, y, 1), last row 0 0 1."""


def carried(boxes: Boxes, transform: Affine) -> Boxes:
    """Boxes moved, scaled and turned with a similarity transform."""
    out = boxes.copy()
    out[:, :2] = boxes[:, :2] @ transform[:2, :2].T + transform[:2, 2]
    out[:, 2:4] *= np.hypot(transform[0, 0], transform[1, 0])
    turn = np.degrees(np.arctan2(transform[1, 0], transform[0, 0]))
    out[:, 4] = wrapped(boxes[:, 4] + turn)
    return out


def wrapped(angle: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Degrees brought into [-180, 180)."""
    return (angle + 180) % 360 - 180


def sizes(boxes: Boxes) -> Floats:
    """Geometric mean of width and height, pixels."""
    return np.sqrt(boxes[:, 2].astype(np.float64) * boxes[:, 3])


def bounds(boxes: Boxes) -> Floats:
    """(n, 4) x1, y1, x2, y2 of the upright rectangles around the turned boxes' ellipses.

    An ellipse's bounds do not swell at 45 degrees as its box's do.
    """
    radians = np.radians(boxes[:, 4].astype(np.float64))
    cos, sin = np.cos(radians), np.sin(radians)
    a, b = boxes[:, 2] / 2.0, boxes[:, 3] / 2.0
    half_w = np.hypot(a * cos, b * sin)
    half_h = np.hypot(a * sin, b * cos)
    x, y = boxes[:, 0].astype(np.float64), boxes[:, 1].astype(np.float64)
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=1)
