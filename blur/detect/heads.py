"""Looks for the head at one place, whichever way it faces, by the shoulders below it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np

from blur.data.arrays import Gray
from blur.data.plan import Box
from blur.detect.detections import Detections
from blur.detect.shoulders import REACH, SIDE, Shoulders
from blur.detect.views import View, crop, lifted

_LOOKS = ((REACH, 0.2), (3.0, 0.3))
"""Face sizes on a look's side, and the score from which a head is seen on it; the second is taken
if the first sees none. The first sees 86 of 100 heads from 45 pixels on, 50 of smaller ones, and
one in 2 of 100 places without a face; the second 96, 62 and 6. Larger scores lose turned heads
sooner."""
_LEAST = 24
"""Pixels of the picture, width of a face under which no look is taken: smaller ones, of which half
or more go unseen, were not measured. Larger saves looks in crowds."""
_NEAR = 0.6
"""Face sizes between a head's place and the place asked about, at most; larger takes neighbours."""
_RATIO = 1.7  # factor between their sizes, at most; larger takes people farther away or nearer


class HeadLooks:
    """Takes looks at gray pictures; `scale` is display pixels per picture pixel, boxes are in
    display coordinates. Its methods raise DetectorError."""

    def __init__(self, load: Callable[[], Shoulders], scale: float) -> None:
        self._load, self._scale = functools.cache(load), scale

    def find(self, gray: Gray, box: Box) -> Box | None:
        """The place of the face of the head at `box`, seen or turned away; None if none is there.

        The head stands upright on the look if `box.angle` is right. No small head is ever found.
        """
        if box.w < _LEAST * self._scale:
            return None
        for reach, threshold in _LOOKS:
            found = self._near(gray, box, reach, threshold)
            if len(found):
                return Box(*found.boxes[0].tolist())
        return None

    def shoulders_under(self, gray: Gray, box: Box) -> float:
        """Score, 0 to 1, of shoulders below a face's box: evidence for a face, and little against
        faces under 45 pixels, half of which score under 0.2."""
        return float(self._near(gray, box, REACH, 0.0).scores.max(initial=0.0))

    def _near(self, gray: Gray, box: Box, reach: float, threshold: float) -> Detections:
        """The heads at about the place and size of `box`, best first."""
        x, y, w, h = (value / self._scale for value in box[:4])
        view = crop(gray, Box(x, y, w, h, box.angle), SIDE, reach)
        picture = lifted(cv2.cvtColor(view.picture, cv2.COLOR_GRAY2RGB))
        to_display = np.diag([self._scale, self._scale, 1.0]) @ view.to_frame
        [found] = self._load().detect([picture], threshold)
        here = View(picture, to_display).restored(found)
        away = np.hypot(here.boxes[:, 0] - box.cx, here.boxes[:, 1] - box.cy)
        ratio = here.boxes[:, 3] / box.h
        return here.take((away < _NEAR * box.h) & (ratio < _RATIO) & (ratio > 1 / _RATIO))
