"""Following: a known face carried from frame to frame by the motion of its texture.

Median flow (Kalal, Mikolajczyk, Matas, "Forward-backward error", ICPR 2010): points on the face
are tracked to the next picture and back; those that return vote on the face's move and growth.
Tracking starts from the camera's motion.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist

from blur.data.arrays import Gray
from blur.data.boxes import Affine, carried
from blur.data.plan import Box

_LEVELS = 2
"""Pyramid levels above the picture; each more doubles the motion that flow can follow, and the
surroundings that it reads."""
_GRID = 9  # points on a face's side; larger is steadier, and cost grows with its square
_INNER = 0.8  # share of the box that points lie on; larger tracks more of the background
_ENOUGH = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 10, 0.03)
"""Iterations, and pixels of an iteration, at which a point's flow stops. OpenCV's 30 and 0.01 move
a face by less than a thousandth of its width and take half as long again."""
_RETURN = 0.02
"""Face sizes, and 1 pixel at least, by which a point may miss its start on the way back; larger
keeps more wrong points."""
_MIN_SHARE = 0.4  # share of the points that must return; larger loses faces sooner
_MIN_POINTS = 8
"""Points that must be in the picture, and return; larger loses small and cut faces sooner."""
_GROWTH = 1.15
"""Factor by which a face may grow or shrink in a step; larger follows faster zooms and drifts
more."""


def follow(before: Gray, after: Gray, box: Box, camera: Affine, scale: float) -> Box | None:
    """The face's box on `after`, a neighbour of `before` in either direction of time; None if lost.

    `box` on `before`, `camera` (from `before` to `after`) and the result are in display
    coordinates; `scale` is display pixels per picture pixel.
    """
    points = _points(box) / scale
    inside = ((points >= 0) & (points < (before.shape[1], before.shape[0]))).all(axis=1)
    points = points[inside]
    if len(points) < _MIN_POINTS:
        return None
    size = float(np.sqrt(box.w * box.h)) / scale
    guess = (points * scale @ camera[:2, :2].T + camera[:2, 2]) / scale
    reach = int(np.clip(size / 4, 7, 31)) | 1
    # Crop: flow builds a pyramid of its whole input for every face.
    corner, before, after = _surroundings(before, after, points, guess, reach)
    points, guess = points - corner, guess - corner
    found, there = _flow(before, after, points, guess, reach)
    back, again = _flow(after, before, found, points, reach)
    error = np.linalg.norm(back - points, axis=1)
    good = there & again & (error < max(1.0, _RETURN * size))
    if good.sum() < max(_MIN_POINTS, _MIN_SHARE * len(points)):
        return None
    start, end = points[good].astype(np.float64), found[good].astype(np.float64)
    growth = float(np.clip(_median_growth(start, end), 1 / _GROWTH, _GROWTH))
    turn = float(np.degrees(np.arctan2(camera[1, 0], camera[0, 0])))
    centre = np.array([box.cx, box.cy]) / scale - corner
    shift = (np.median(end - growth * (start - centre), axis=0) + corner) * scale
    return Box(float(shift[0]), float(shift[1]), box.w * growth, box.h * growth, box.angle + turn)


def waiting(box: Box, camera: Affine) -> Box:
    """The box of a face at rest, moved by the camera alone."""
    row = carried(np.array([box], np.float32), camera)[0]
    return Box(*row.tolist())


@functools.cache
def _disc() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """x and y of points on the ellipse inside the inner part of a box of size 1."""
    steps = np.linspace(-0.5, 0.5, _GRID) * _INNER
    u, v = np.meshgrid(steps, steps)
    keep = u**2 + v**2 <= (0.5 * _INNER) ** 2
    return u[keep], v[keep]


def _points(box: Box) -> npt.NDArray[np.float32]:
    u, v = _disc()
    u, v = u * box.w, v * box.h
    cos, sin = np.cos(np.radians(box.angle)), np.sin(np.radians(box.angle))
    return np.stack([box.cx + cos * u - sin * v, box.cy + sin * u + cos * v], 1).astype(np.float32)


def _surroundings(
    before: Gray,
    after: Gray,
    points: npt.NDArray[np.float32],
    guess: npt.NDArray[np.floating],
    reach: int,
) -> tuple[npt.NDArray[np.float32], Gray, Gray]:
    """The corner x, y, and the part of both pictures, that flow between these points reads."""
    pad = reach * 2**_LEVELS  # coarsest level: a window, half of it, and half the motion
    both = np.concatenate([points, guess])
    x1, y1 = np.maximum(np.floor(both.min(0)).astype(int) - pad, 0)
    x2, y2 = np.ceil(both.max(0)).astype(int) + pad
    corner = np.array([x1, y1], np.float32)
    return corner, before[y1:y2, x1:x2], after[y1:y2, x1:x2]


def _flow(
    before: Gray,
    after: Gray,
    points: npt.NDArray[np.float32],
    guess: npt.NDArray[np.floating],
    reach: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    found, ok, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points[:, None],
        guess[:, None].astype(np.float32),
        winSize=(reach, reach),
        maxLevel=_LEVELS,
        criteria=_ENOUGH,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return found[:, 0], ok[:, 0] == 1


def _median_growth(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> float:
    first, second = pdist(start), pdist(end)
    apart = first > 2
    return float(np.median(second[apart] / first[apart])) if apart.any() else 1.0
