"""Close-ups: looking again at one place, enlarged and turned as the face was last seen."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.boxes import wrapped
from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Found
from blur.detect.detections import Detections, Detector
from blur.detect.views import View, crop, lifted

Gray = npt.NDArray[np.uint8]

_FIND_SIDE = 96
_ANSWER_SIDE = 128
"""Pixels of a close-up's side: a face at the usual reach is 37 to 50 pixels wide in it."""

_REACH = 2.6
_SEEN = {"centerface": 0.25, "yunet": 0.5}
"""Scores from which a face in a close-up is a sighting."""

_CLEARLY = 0.15
"""Score by which a turned face must look better than as it was seen; between scores that are near
nothing the turn would be a throw of dice."""

_REACHES = (1.8, 2.6, 3.6)
_TURNS = (0.0, -20.0, 20.0)

SILENT = 0.1
"""Best score in the first close-ups under which more of them would say nothing either."""


class Closeup:
    """Takes close-ups of gray pictures; `scale` is display pixels per picture pixel."""

    def __init__(self, load: Callable[[str], Detector], scale: float) -> None:
        self._load, self._scale = load, scale

    def find(self, gray: Gray, box: Box) -> Found | None:
        """The face near `box` (display coordinates), or None when no family is sure of one."""
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
        return None if best is None else Found(best, evidence)

    def answer(self, gray: Gray, box: Box, family: str = FAMILIES[0]) -> float:
        """How consistently `box` looks like a face, 0 to 1: the mean score over close-ups of three
        sizes, each at three small turns unless all are silent upright. A face answers in all of
        them, texture does not."""
        scores: list[float] = []
        for turn in _TURNS:
            views = [self._crop(gray, box, _ANSWER_SIDE, reach, turn) for reach in _REACHES]
            scores += self._scores(family, views, box)
            if max(scores) < SILENT:
                break
        return float(np.mean(scores))

    def upright(self, gray: Gray, box: Box) -> tuple[Box, float]:
        """`box`, with a quarter turn added where the second, cheaper family likes it clearly
        better so; and the best score in any turn."""
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
            for view, found in zip(views, self._detect(family, views, 0.05), strict=True)
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
        """Those, in display coordinates, that are where the box is and about as large."""
        shown = view.restored(found)
        size = np.sqrt(box.w * box.h)
        away = np.hypot(shown.boxes[:, 0] - box.cx, shown.boxes[:, 1] - box.cy)
        ratio = np.sqrt(shown.boxes[:, 2] * shown.boxes[:, 3]) / size
        return shown.take((away < 0.5 * size) & (ratio > 0.5) & (ratio < 2))
