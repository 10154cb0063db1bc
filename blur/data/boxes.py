"""Geometry of turned boxes, (n, 5) columns as in `plan.Box`; `overlap` compares them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats
from blur.data.plan import Box, Boxes

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


def stretched(boxes: Boxes, across: float, down: float) -> Boxes:
    """Boxes whose ellipses are those of `boxes` in a picture stretched along its axes.

    A box turns to the axis of its new ellipse that is nearest to its own upward axis.
    """
    if across == down == 1 or len(boxes) == 0:
        return boxes
    turn = np.radians(boxes[:, 4].astype(np.float64))
    cos, sin = np.cos(turn), np.sin(turn)
    scale = np.array([across, down])[:, None]
    right, up = scale * [cos, sin], scale * [sin, -cos]
    halves = np.stack([right * boxes[:, 2], -up * boxes[:, 3]], -1).transpose(1, 0, 2)
    axes, lengths, _ = np.linalg.svd(halves)
    along = np.einsum("nij,in->nj", axes, up)
    best = np.abs(along).argmax(axis=1)
    rows = np.arange(len(boxes))
    x, y = (axes[rows, :, best] * np.sign(along[rows, best])[:, None]).T
    out = boxes.copy()
    out[:, :2] *= scale[:, 0].astype(np.float32)
    out[:, 2], out[:, 3] = lengths[rows, 1 - best], lengths[rows, best]
    out[:, 4] = wrapped(np.degrees(np.arctan2(x, -y)))
    return out


def stretched_box(box: Box, across: float, down: float) -> Box:
    """A single box, `stretched`."""
    if across == down == 1:
        return box
    return Box(*stretched(np.array([box], np.float32), across, down)[0].tolist())


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
