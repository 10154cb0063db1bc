"""Geometry of turned boxes, in columns: moving them and comparing them. See `plan.Box`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blur.data.plan import Boxes

Affine = npt.NDArray[np.float64]
"""(3, 3) similarity transform of points (x, y, 1), last row 0 0 1."""

Floats = npt.NDArray[np.float64]


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
    """(n, 4) x1, y1, x2, y2 of the upright rectangles that just hold the turned boxes' ellipses.

    The ellipse inside a box is the face; its bounds do not swell at 45 degrees as the box's do.
    """
    radians = np.radians(boxes[:, 4].astype(np.float64))
    cos, sin = np.cos(radians), np.sin(radians)
    a, b = boxes[:, 2] / 2.0, boxes[:, 3] / 2.0
    half_w = np.hypot(a * cos, b * sin)
    half_h = np.hypot(a * sin, b * cos)
    x, y = boxes[:, 0].astype(np.float64), boxes[:, 1].astype(np.float64)
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=1)


def overlaps(first: Boxes, second: Boxes) -> tuple[Floats, Floats]:
    """(n, m) IoU, and intersection over the smaller area, of the boxes' upright bounds."""
    a, b = bounds(first)[:, None], bounds(second)[None]
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return shared / (area_a + area_b - shared), shared / np.minimum(area_a, area_b)


def paired_inside(first: Boxes, second: Boxes) -> Floats:
    """(n,) intersection over the smaller area of each pair of rows, by their upright bounds."""
    a, b = bounds(first), bounds(second)
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None)
    areas = np.minimum((a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1))
    return np.asarray(shared.prod(1) / areas)
