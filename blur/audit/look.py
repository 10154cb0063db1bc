"""What the audit looks with: another family of detectors, and the scan's at other scales.

A scan that missed a face would miss it again. So BlazeFace, which no scan asks, searches the
whole frame and its tiles, and the scan's own detectors look at sizes that no level uses.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from blur.data import overlap
from blur.data.arrays import Picture
from blur.data.findings import Suspect
from blur.data.plan import Box
from blur.detect.closeup import SILENT, Closeup
from blur.detect.detections import Detections, Detector
from blur.detect.views import SizedFrame, View, crop, lifted, tiles
from blur.process.prefetch import together

_LONGEST = 1280
"""Longest side of the pictures that are looked at, in pixels."""

_MAX_ENLARGE = 2.0
_TILE, _OVERLAP = 480, 160
"""BlazeFace shrinks what it is shown to 192 pixels or less: in a tile of this size it finds faces
of 40 pixels, and larger ones in the whole frame."""


class Look(NamedTuple):
    """One detector on the whole frame, its longest side as it is where `_LONGEST` pixels are
    looked at; no level of the scan uses that size."""

    detector: str
    longest: int
    threshold: float


UPRIGHT = (Look("centerface", 800, 0.2), Look("yunet", 1024, 0.3))
TURNED = (Look("centerface", 512, 0.2), Look("yunet", 512, 0.3))
_TURNS = (1, 2, 3)
"""Counter-clockwise quarter turns."""

_NEAR, _FAR = "blazeface-short", "blazeface-full"
_BLAZE_THRESHOLD = 0.3

SECOND_LOOKS = ("yunet", "centerface")
"""The families that close-ups are shown to, the cheaper first."""

_WINDOW, _WINDOW_REACH = 320, 4.0
"""Pixels of the window around one place, and its side in sizes of the face expected there."""


class Inspection:
    """Looks at the covered frames of one clip; `width` and `height` are its display size.

    `size` is the (width, height) that the pictures must have. Raises DetectorError.
    """

    def __init__(self, width: int, height: int, load: Callable[[str], Detector]) -> None:
        longest = min(_LONGEST, int(max(width, height) * _MAX_ENLARGE))
        scale = longest / max(width, height)
        self.size = max(1, round(width * scale)), max(1, round(height * scale))
        self._scale = float(np.mean([width / self.size[0], height / self.size[1]]))
        self._load = load
        self._closeup = Closeup(load, self._scale)

    def everywhere(self, picture: Picture) -> list[Suspect]:
        """The suspects of a whole frame; the scan's families look at it turned as well."""
        picture = lifted(picture)
        longest = max(self.size)
        jobs = [(look, 0) for look in UPRIGHT] + [(look, t) for t in _TURNS for look in TURNED]
        shown = functools.cache(SizedFrame(picture).whole)
        calls = []
        for look, turn in jobs:
            view = shown(round(look.longest * longest / _LONGEST), turn)
            calls.append(partial(self._seen, look.detector, [view], look.threshold))
        views = [shown(longest), *tiles(picture, (_TILE, _TILE), _OVERLAP)]
        calls.append(partial(self._seen, _NEAR, views, _BLAZE_THRESHOLD))
        calls.append(partial(self._seen, _FAR, views[:1], _BLAZE_THRESHOLD))
        return self._suspects(Detections.concat(together(calls)))

    def around(self, picture: Picture, box: Box) -> list[Suspect]:
        """The suspects in a window around `box`, turned as the face is."""
        small = _scaled(box, 1 / self._scale)
        reach = min(_WINDOW_REACH, max(self.size) / max(small.w, small.h))
        view = crop(picture, small, _WINDOW, reach)
        view = View(lifted(view.picture), view.to_frame)
        jobs = [(look.detector, look.threshold) for look in UPRIGHT]
        jobs += [(name, _BLAZE_THRESHOLD) for name in (_NEAR, _FAR)]
        calls = [partial(self._seen, name, [view], threshold) for name, threshold in jobs]
        return self._suspects(Detections.concat(together(calls)))

    def second_look(self, picture: Picture, suspect: Suspect, family: str) -> Suspect:
        """The suspect with the answer of close-ups by `family`; after the first, it stands
        upright where the close-ups see the face, which may be beside where it was suspected."""
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        box = suspect.box
        if not suspect.answers:
            box, best = self._closeup.upright(gray, box)
            if best < SILENT:
                return replace(suspect, answers={family: 0.0})
            box = seen.box if (seen := self._closeup.find(gray, box)) else box
        answer = self._closeup.answer(gray, box, family)
        return replace(suspect, box=box, answers={**suspect.answers, family: answer})

    def _seen(self, name: str, views: Sequence[View], threshold: float) -> Detections:
        answers = self._load(name).detect([view.picture for view in views], threshold)
        return Detections.concat([v.restored(a) for v, a in zip(views, answers, strict=True)])

    def _suspects(self, found: Detections) -> list[Suspect]:
        """One suspect per face from everything that saw it; the box is that of the best score."""
        found = found.take(np.argsort(-found.scores, kind="stable"))
        suspects = []
        for best, rows in overlap.faces(found.boxes):
            evidence: dict[str, float] = defaultdict(float)
            for name, score in zip(found.detectors[rows], found.scores[rows], strict=True):
                evidence[str(name)] = max(evidence[str(name)], float(score))
            box = _scaled(Box(*found.boxes[best].tolist()), self._scale)
            suspects.append(Suspect(box, dict(evidence)))
        return suspects


def _scaled(box: Box, factor: float) -> Box:
    return Box(box.cx * factor, box.cy * factor, box.w * factor, box.h * factor, box.angle)
