"""Cuts: frames where the shot changes.

A cut shows three signs: no camera motion leads to it; neither its whole picture in place nor its
middle elsewhere is that of the frame before; and the old picture does not return within a flash.
All three are required: a wrong cut ends tracks too early, while linking copes with a missed one.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.detect.views import thumbnail
from blur.scan.camera import Step
from blur.scan.mixed import is_mixed

_THUMB = 64  # pixels, longest side of compared pictures; larger shows blur and noise as change
_MIDDLE = 0.64, 0.7
"""Share of width and height that must be found again; 0.64 leaves a whip pan 18 % of the width,
larger less."""
_ALIGNED = 0.84
"""Correlation of the middle above which both pictures are one scene; larger finds more cuts, wrong
ones too. Highest over 8,000 pairs of different photographs: 0.82; lowest over whip pans of 12 % of
the width a frame, blurred over half of it: 0.96."""
_UNMOVED = 0.75
"""Correlation of whole pictures in place above which both are one scene; larger finds more cuts
where people move."""
_EQUAL = 1.5
"""Mean difference in grey levels, 0-255, under which pictures are equal but for noise; larger hides
cuts between dark pictures."""
_FADING = 25.0
"""Likewise if one picture is blank: at once is a cut or flash, by steps a fade. Larger takes more
cuts to black for fades."""
_BLANK = 0.5
"""Standard deviation in grey levels under which a picture is blank; larger takes dark scenes for
blank."""
_FLASH = 3  # frames of the longest flash; larger delays decisions and hides shots of its length

_Thumb = npt.NDArray[np.float32]


class CutFinder:
    """Finds cuts in a stream of gray pictures and camera steps, `_FLASH` frames late.

    `cuts` holds the first frame of every new shot, `mixed` the frames beside one that show both
    shots, each ascending; `finish` decides on the last frames.
    """

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self.mixed: list[int] = []
        self._count = 0
        self._thumbs: deque[_Thumb] = deque(maxlen=_FLASH + 3)
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
        """Decide on the oldest pending frame by the frames after it."""
        frame = self._pending.pop(0)
        first = self._count - len(self._thumbs)
        before = self._thumbs[frame - 1 - first]
        for later in range(frame + 1, self._count):
            if _one_scene(before, self._thumbs[later - first]):
                # The way back out of a flash looks like a cut too.
                self._pending = [p for p in self._pending if p > later]
                return
        self.cuts.append(frame)
        for beside in (frame - 1, frame):
            around = list(self._thumbs)[max(0, beside - 1 - first) : beside + 2 - first]
            if len(around) == 3 and beside not in self.mixed[-1:] and is_mixed(*around):
                self.mixed.append(beside)


def _thumb(gray: Gray) -> _Thumb:
    small = thumbnail(gray, _THUMB).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0))


def _one_scene(a: _Thumb, b: _Thumb) -> bool:
    """Whether two pictures show one scene, at any shift and brightness."""
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
    """The highest correlation of a part with any place in a picture."""
    return float(cv2.matchTemplate(picture, part, cv2.TM_CCOEFF_NORMED).max())
