"""Cuts: frames where the shot changes.

A cut is a frame to which no camera motion leads, that shares neither its whole with the frame
before nor its middle at another place, and that is no flash: a moment later the old picture does
not come back. A wrong cut ends tracks too early, a missed one only joins what the linking will
not join; so a frame must show all three signs.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

from blur.scan.camera import Gray, Step

_THUMB = 64
"""Longest side of the pictures that are compared: blur and noise are gone, the scene is not."""

_MIDDLE = 0.64, 0.7
"""Share of width and height that must be found again: leaves a whip pan 18 % of the width."""

_ALIGNED = 0.84
"""Correlation above which it is found. Over 8,000 pairs of different photographs 0.82 was the
highest, over whip pans of 12 % of the width a frame, blurred over half of it, 0.96 the lowest."""

_UNMOVED = 0.75
"""Correlation of two whole pictures, unshifted, above which somebody has moved in one scene."""

_EQUAL = 1.5
"""Mean difference of two pictures, of 255, under which they are the same, whatever their noise."""

_FADING = 25.0
"""The same where one of them is blank: between a picture and a blank one lies a cut or flash when
it comes at once, and a fade when it comes by steps."""

_BLANK = 0.5
"""Contrast (standard deviation of 255) under which a picture shows nothing."""

_FLASH = 3
"""Frames that a flash lasts at most."""

_Thumb = npt.NDArray[np.float32]


class CutFinder:
    """Finds cuts in a stream of gray pictures and camera steps, `_FLASH` frames late.

    `cuts` grows with the first frame of every new shot, ascending; `finish` settles the end.
    """

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self._count = 0
        self._thumbs: deque[_Thumb] = deque(maxlen=_FLASH + 2)
        self._pending: list[int] = []

    def add(self, gray: Gray, step: Step) -> None:
        thumb = _thumb(gray)
        if self._thumbs and not step.reliable and not _one_scene(self._thumbs[-1], thumb):
            self._pending.append(self._count)
        self._thumbs.append(thumb)
        self._count += 1
        if self._pending and self._pending[0] == self._count - 1 - _FLASH:
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
            if _one_scene(before, self._thumbs[later - first]):
                # The way back out of a flash looks like a cut too.
                self._pending = [p for p in self._pending if p > later]
                return
        self.cuts.append(frame)


def _thumb(gray: Gray) -> _Thumb:
    height, width = gray.shape
    scale = _THUMB / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0))


def _one_scene(a: _Thumb, b: _Thumb) -> bool:
    """Whether two pictures show one scene, whatever the shift and the brightness."""
    middles = _middle(a), _middle(b)
    blank = min(float(middle.std()) for middle in middles) < _BLANK
    if float(np.abs(a - b).mean()) < (_FADING if blank else _EQUAL):
        return True
    if blank:
        return False
    if _found(a, b) > _UNMOVED:
        return True
    return _found(middles[0], b) > _ALIGNED and _found(middles[1], a) > _ALIGNED


def _middle(picture: _Thumb) -> _Thumb:
    height, width = picture.shape
    x, y = round(width * (1 - _MIDDLE[0]) / 2), round(height * (1 - _MIDDLE[1]) / 2)
    return picture[y : height - y, x : width - x]


def _found(part: _Thumb, picture: _Thumb) -> float:
    """How well a part is found anywhere in a picture where it fits: a correlation."""
    return float(cv2.matchTemplate(picture, part, cv2.TM_CCOEFF_NORMED).max())
