"""Cuts: frames where the shot changes.

A cut is a frame to which no camera motion leads, that looks different from the frame before,
and that is no flash: a moment later the old picture does not come back. A whip pan has a
camera motion, however fast; a flash returns. A wrong cut ends tracks too early, a missed one
only joins what the linking will not join; so a frame must show all three signs.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

from blur.tracks.camera import Gray, Step

_THUMB = (32, 18)
_DIFFERENT = 0.10
"""Mean difference of neighbouring thumbnails, as a share of the range, at a cut."""

_SAME_SHOT = 0.6
"""Correlation of two thumbnails above which they show one scene, whatever its brightness."""

_FLASH = 4
"""Frames within which the old picture comes back after a flash."""


class CutFinder:
    """Finds cuts in a stream of gray pictures and camera steps, `_FLASH` frames late.

    `cuts` grows with the first frame of every new shot, ascending; `finish` settles the end.
    """

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self._count = 0
        self._thumbs: deque[npt.NDArray[np.float32]] = deque(maxlen=_FLASH + 2)
        self._pending: list[int] = []

    def add(self, gray: Gray, step: Step) -> None:
        thumb = cv2.resize(gray, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        if self._thumbs and not step.reliable and _differ(self._thumbs[-1], thumb):
            self._pending.append(self._count)
        self._thumbs.append(thumb)
        self._count += 1
        if self._pending and self._pending[0] <= self._count - 1 - _FLASH:
            self._settle()

    def suspects(self, frame: int) -> bool:
        """Whether `frame`, the newest one, may turn out to be a cut."""
        return bool(self._pending) and self._pending[-1] == frame

    def finish(self) -> list[int]:
        """All cuts of the clip, after its last frame."""
        while self._pending:
            self._settle()
        return self.cuts

    def _settle(self) -> None:
        """Decide the oldest pending frame by what came after it."""
        frame = self._pending.pop(0)
        first = self._count - len(self._thumbs)
        before = self._thumbs[frame - 1 - first]
        for later in range(frame + 1, self._count):
            if _alike(before, self._thumbs[later - first]):
                # The way back out of a flash looks like a cut too.
                self._pending = [p for p in self._pending if p > later]
                return
        self.cuts.append(frame)


def _differ(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> bool:
    return float(np.abs(a - b).mean()) > _DIFFERENT or _correlation(a, b) < _SAME_SHOT


def _alike(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> bool:
    return float(np.abs(a - b).mean()) < _DIFFERENT and _correlation(a, b) > 0.9


def _correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    energy = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / energy if energy > 1e-3 else 1.0
