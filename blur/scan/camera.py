"""Camera motion: the similarity transform of the whole picture from each frame to the next.

Hand-held phones never stand still: a box that waits for its face moves with the scene.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.data.boxes import Affine

MOTION_WIDTH = 480
"""Pixels, longest side of the pictures for motion; larger is finer than tenths of a percent of the
width, and takes longer than a few milliseconds."""
_CORNERS = 240  # corners to look for; larger finds enough where texture is scarce, and takes longer
_TRACKED = 80
"""Corners to track, about: every second or third of those found gives the motion of all at half the
cost. Larger is steadier, at a proportional cost."""
_MIN_INLIERS = 12
"""Corners that must agree, or the step is unknown; larger leaves more steps unknown."""
_MIN_INLIER_SHARE = 0.3
"""Share of the tracked corners that must agree for a reliable step; larger takes more looks and
finds more cuts."""
_BLOCK = 256
"""Frames over which transforms are multiplied up; larger saves products between far frames and
loses precision."""


@dataclass(frozen=True, slots=True)
class Step:
    """Motion from the frame before, in display pixels; `support` is the share of tracked corners
    that agree, 0 if there is no measurement (a cut, a blank picture)."""

    transform: Affine
    support: float

    @property
    def reliable(self) -> bool:
        return self.support >= _MIN_INLIER_SHARE

    @classmethod
    def unknown(cls) -> Step:
        return cls(np.eye(3), 0.0)


class StepMeter:
    """Measures the step between successive gray pictures of equal size.

    `scale` is display pixels per picture pixel.
    """

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._last: Gray | None = None

    def measure(self, gray: Gray) -> Step:
        last, self._last = self._last, gray
        if last is None:
            return Step.unknown()
        corners = cv2.goodFeaturesToTrack(last, _CORNERS, 0.01, 8)
        if corners is None or len(corners) < _MIN_INLIERS:
            return Step.unknown()
        corners = corners[:: max(1, round(len(corners) / _TRACKED))].copy()
        step = self._fit(last, gray, corners, None)
        if step.reliable:
            return step
        # A whip pan outruns the pyramid: start again from the whole picture's shift.
        (dx, dy), _ = cv2.phaseCorrelate(last.astype(np.float32), gray.astype(np.float32))
        guess = corners + np.array([dx, dy], np.float32)
        again = self._fit(last, gray, corners, guess)
        return max(step, again, key=lambda s: s.support)

    def _fit(
        self,
        last: Gray,
        gray: Gray,
        corners: npt.NDArray[np.float32],
        guess: npt.NDArray[np.float32] | None,
    ) -> Step:
        flags = 0 if guess is None else cv2.OPTFLOW_USE_INITIAL_FLOW
        moved, ok, _ = cv2.calcOpticalFlowPyrLK(
            last, gray, corners, guess, winSize=(21, 21), maxLevel=4, flags=flags
        )
        seen = ok.ravel() == 1
        if seen.sum() < _MIN_INLIERS:
            return Step.unknown()
        matrix, inliers = cv2.estimateAffinePartial2D(
            corners[seen], moved[seen], method=cv2.RANSAC, ransacReprojThreshold=1.5
        )
        if matrix is None:
            return Step.unknown()
        zoom = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        if inliers.sum() < _MIN_INLIERS or not 0.5 < zoom < 2:
            return Step.unknown()
        transform = np.eye(3)
        transform[:2] = matrix
        transform[:2, 2] *= self._scale
        return Step(transform, float(inliers.sum()) / len(corners))


@dataclass(slots=True)
class Camera:
    """The camera's path through a clip, a step for each frame; step 0 is the identity.

    Transforms are multiplied up in blocks, so long clips neither overflow nor lose precision.
    """

    steps: list[Step] = field(default_factory=list)
    _within: list[Affine] = field(default_factory=list)
    _back: list[Affine] = field(default_factory=list)

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Camera:
        camera = cls()
        for step in steps:
            camera.append(step)
        return camera

    def append(self, step: Step) -> None:
        transform = step.transform if step.reliable else np.eye(3)
        begins_block = len(self.steps) % _BLOCK == 0
        self._within.append(transform if begins_block else transform @ self._within[-1])
        self._back.append(np.asarray(np.linalg.inv(self._within[-1])))
        self.steps.append(step)

    def between(self, a: int, b: int) -> Affine:
        """The transform that carries display coordinates on frame `a` to frame `b`."""
        if a // _BLOCK > b // _BLOCK:
            return np.asarray(np.linalg.inv(self.between(b, a)))
        before = np.eye(3)
        while a // _BLOCK < b // _BLOCK:
            edge = (a // _BLOCK + 1) * _BLOCK
            head = self._within[edge - 1] @ self._back[a]
            before, a = self._within[edge] @ head @ before, edge
        return np.asarray(self._within[b] @ self._back[a] @ before)

    def reliable(self, a: int, b: int) -> bool:
        """Whether every step from frame `a` to frame `b` was measured."""
        a, b = min(a, b), max(a, b)
        return all(step.reliable for step in self.steps[a + 1 : b + 1])
