"""Close-ups: second looks at a place, enlarged and turned to the face's angle."""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np

from blur.data.arrays import Gray
from blur.data.boxes import wrapped
from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Sighting
from blur.detect.detections import Detections, Detector
from blur.detect.pyramid import Pyramid
from blur.detect.views import View, crop, lifted

_FIND_SIDE = 96
"""Pixels of a close-up's side when a face is sought; larger shows more detail, cost grows with its
square."""
_ANSWER_SIDE = 128
"""Pixels, likewise when a face is judged: at 1.8 to 3.6 face sizes a side it is 36 to 71 wide."""
_REACH = 2.6
"""Face sizes on a close-up's side; larger shows more of the surroundings, and the face smaller."""
_SEEN = {"centerface": 0.25, "yunet": 0.5}
"""Score, by family, from which a close-up is a sighting; larger loses pursued faces sooner, smaller
follows texture."""
_CLEARLY = 0.15
"""Adopt a quarter turn only if it scores this much more than upright; smaller differences are
noise. Larger turns fewer faces."""
_REACHES = (1.8, 2.6, 3.6)
"""Face sizes on the sides of the close-ups that judge a face, and degrees of their turns: texture
rarely looks like a face in all nine."""
_TURNS = (0.0, -20.0, 20.0)

_FLOOR = 0.05
"""Score under which a judging close-up counts as 0; larger hides weak answers from the mean."""

SILENT = 0.1
"""Best score of the first three close-ups under which the other six are skipped; larger saves time
and may lose faces. 85 of 100 second looks are silent, and skipping saves a fifth of a scan."""


class Closeup:
    """Takes close-ups of gray pictures; its answers about the last picture are kept.

    `scale` is display pixels per picture pixel; boxes are in display coordinates. Its methods
    raise DetectorError.
    """

    def __init__(self, load: Callable[[str], Detector], scale: float) -> None:
        self._load, self._scale = functools.cache(load), scale
        self._last: Gray | None = None
        self._answers: dict[tuple[Box, str], float] = {}

    def find(self, gray: Gray, box: Box) -> Sighting | None:
        """The face near `box`, or None if no family scores it high enough."""
        view = self._crop(gray, box, _FIND_SIDE, _REACH, 0.0)
        best: Box | None = None
        evidence = np.zeros(len(FAMILIES), np.float32)
        for column, family in enumerate(FAMILIES):
            threshold = _SEEN[family]
            found = self._near(view, self._detect(family, [view], threshold)[0], box)
            if len(found):
                top = int(found.scores.argmax())
                if best is None:
                    best = Box(*found.boxes[top].tolist())
                evidence[column] = found.scores[top]
        return None if best is None else Sighting(best, evidence)

    def answer(self, gray: Gray, box: Box, family: str = FAMILIES[0]) -> float:
        """Mean score in [0, 1] of `box` over close-ups of three sizes, each at three turns.

        A face scores in all of them, texture does not. Stops after one turn if all are SILENT.
        """
        if self._last is not gray:
            self._last = gray
            self._answers.clear()
        if (box, family) not in self._answers:
            self._answers[box, family] = self._answer(gray, box, family)
        return self._answers[box, family]

    def _answer(self, gray: Gray, box: Box, family: str) -> float:
        scores: list[float] = []
        for turn in _TURNS:
            views = [self._crop(gray, box, _ANSWER_SIDE, reach, turn) for reach in _REACHES]
            scores += self._scores(family, views, box)
            if max(scores) < SILENT:
                break
        return float(np.mean(scores))

    def upright(self, gray: Gray, box: Box) -> tuple[Box, float]:
        """`box`, turned by the quarter turn that the cheaper family prefers clearly, if any, and
        its best score over the four turns."""
        turns = (0.0, 90.0, 180.0, -90.0)
        views = [self._crop(gray, box, _FIND_SIDE, _REACH, turn) for turn in turns]
        scores = self._scores(FAMILIES[1], views, box)
        best = int(np.argmax(scores))
        turn = turns[best] if scores[best] > scores[0] + _CLEARLY else 0.0
        return box._replace(angle=float(wrapped(np.array(box.angle + turn)))), scores[best]

    def _scores(self, family: str, views: list[View], box: Box) -> list[float]:
        """The best score near `box` in each view."""
        return [
            float(self._near(view, found, box).scores.max(initial=0.0))
            for view, found in zip(views, self._detect(family, views, _FLOOR), strict=True)
        ]

    def _detect(self, family: str, views: list[View], threshold: float) -> list[Detections]:
        return self._load(family).detect([view.picture for view in views], threshold)

    def _crop(self, gray: Gray, box: Box, side: int, reach: float, turn: float) -> View:
        x, y, w, h = (value / self._scale for value in box[:4])
        small = Box(x, y, w, h, box.angle)
        view = crop(gray, small, side, reach, turn)
        to_display = np.diag([self._scale, self._scale, 1.0]) @ view.to_frame
        return View(lifted(cv2.cvtColor(view.picture, cv2.COLOR_GRAY2RGB)), to_display)

    def _near(self, view: View, found: Detections, box: Box) -> Detections:
        """The detections, in display coordinates, within half a face of `box` and half to twice its
        size."""
        here = view.restored(found)
        size = np.sqrt(box.w * box.h)
        away = np.hypot(here.boxes[:, 0] - box.cx, here.boxes[:, 1] - box.cy)
        ratio = np.sqrt(here.boxes[:, 2] * here.boxes[:, 3]) / size
        return here.take((away < 0.5 * size) & (ratio > 0.5) & (ratio < 2))


class SizedCloseup:
    """Close-ups of one gray picture, each on the level of `pyramid` that fits its face.

    `scale` is display pixels per native pixel of the pyramid; boxes are in display coordinates. Its
    methods are `Closeup`'s and raise DetectorError.
    """

    def __init__(self, load: Callable[[str], Detector], pyramid: Pyramid, scale: float) -> None:
        self._load, self._pyramid, self._scale = load, pyramid, scale

    def find(self, box: Box) -> Sighting | None:
        closeup, gray = self._at(box)
        return closeup.find(gray, box)

    def answer(self, box: Box, family: str = FAMILIES[0]) -> float:
        closeup, gray = self._at(box)
        return closeup.answer(gray, box, family)

    def upright(self, box: Box) -> tuple[Box, float]:
        closeup, gray = self._at(box)
        return closeup.upright(gray, box)

    def _at(self, box: Box) -> tuple[Closeup, Gray]:
        gray, factor = self._pyramid.for_face(np.sqrt(box.w * box.h) / self._scale)
        return Closeup(self._load, self._scale * factor), gray
