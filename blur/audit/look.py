"""Detectors of the audit: BlazeFace, which no scan asks, and the scan's own at other sizes.

The scan's looks would miss a face that they missed again.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from blur.data import overlap
from blur.data.arrays import Gray, Picture
from blur.data.boxes import stretched_box
from blur.data.findings import Suspect
from blur.data.plan import Box
from blur.detect.closeup import SILENT, SizedCloseup
from blur.detect.detections import Detections, Detector
from blur.detect.pyramid import COARSE, Pyramid, needs_tiles
from blur.detect.treated import treated
from blur.detect.views import MAX_ENLARGE, SizedFrame, View, crop, lifted, tiles
from blur.process.prefetch import together
from blur.scan.brief import seen_at, views_of
from blur.scan.looks import FINDS
from blur.scan.surprise import Surprise

_LONGEST = 1280
"""Pixels, longest side of the pictures; larger shows smaller faces and takes longer."""

_TILE, _OVERLAP = 480, 160
"""Pixels, side and overlap of BlazeFace's tiles, which it shrinks to 192 or less: it finds faces of
40 pixels in a tile, larger ones in the whole frame. Smaller tiles show smaller faces and cost
more."""


class AuditLook(NamedTuple):
    """A detector on the whole frame, at a size that no level of the scan uses.

    `longest` is the view's longest side where the picture's is `_LONGEST`, pixels.
    """

    detector: str
    longest: int
    threshold: float


UPRIGHT = (AuditLook("centerface", 800, 0.2), AuditLook("yunet", 1024, 0.3))
TURNED = (AuditLook("centerface", 512, 0.2), AuditLook("yunet", 512, 0.3))
_TURNS = (1, 2, 3)
"""Counter-clockwise quarter turns."""

_NEAR, _FAR = "blazeface-short", "blazeface-full"
_BLAZE_THRESHOLD = 0.3
"""Score from which BlazeFace's boxes are suspects; smaller takes more close-ups."""

_GLANCING = ("yunet", _NEAR)
"""Detectors of places that changed for a moment; CenterFace, which doubles their time, judges in
close-ups."""

_GLANCE_THRESHOLD = 0.4
"""Score from which a face at a place that changed is a suspect; smaller takes more close-ups. Of 30
faces that show on a single frame, 29 score 0.8 or more."""

SECOND_LOOKS = ("yunet", "centerface")
"""Families that judge close-ups, the cheaper first."""

_WINDOW, _WINDOW_REACH = 320, 4.0
"""Pixels of the window around a place, and its side in sizes of the face expected there; a wider
window finds a face further away, smaller."""


class AuditLooks:
    """Looks at the frames of a covered clip of `width` x `height` square pixels.

    `pixel` is the width and height of a display pixel in square pixels. Pictures must be of (width,
    height) `size`, boxes are in display coordinates. Large pictures are native, and looked at in
    tiles. `whole` is (width, height) of the clip. Raises DetectorError.
    """

    def __init__(
        self,
        width: int,
        height: int,
        load: Callable[[str], Detector],
        still: bool = False,
        pixel: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self.tiled = needs_tiles(width, height, still)
        least = max(width, height) if self.tiled else _LONGEST
        longest = min(least, int(max(width, height) * MAX_ENLARGE))
        scale = longest / max(width, height)
        self.whole = width, height
        self.size = max(1, round(width * scale)), max(1, round(height * scale))
        self._scale = float(np.mean([width / self.size[0], height / self.size[1]]))
        self._load, self._pixel = load, pixel
        self._shown: tuple[Picture, SizedCloseup] | None = None

    def smallest(self) -> tuple[int, int]:
        """Widths of the smallest faces that `everywhere` can find, upright and turned, in square
        pixels."""
        views = (max(look.longest for look in looks) for looks in (UPRIGHT, TURNED))
        upright, turned = (math.ceil(FINDS * self._scale * _LONGEST / view) for view in views)
        return upright, turned

    def everywhere(self, picture: Picture) -> list[Suspect]:
        """The suspects of a whole frame, looked at upright and turned."""
        found: list[Detections] = []
        for shown in treated(picture):
            if self.tiled:
                pyramid = Pyramid(shown, _LONGEST)
                views = itertools.chain(pyramid.tiles(_LONGEST), [pyramid.smallest])
                found += [view.restored(self._found(view.picture)) for view in views]
            else:
                found.append(self._found(shown))
        return self._suspects(Detections.concat(found), self._scale)

    def _found(self, picture: Picture) -> Detections:
        picture = lifted(picture)
        longest = max(picture.shape)
        jobs = [(look, 0) for look in UPRIGHT] + [(look, t) for t in _TURNS for look in TURNED]
        shown = functools.cache(SizedFrame(picture).whole)
        calls = []
        for look, turn in jobs:
            view = shown(round(look.longest * longest / _LONGEST), turn)
            calls.append(partial(self._seen, look.detector, [view], look.threshold))
        views = [shown(longest), *tiles(picture, (_TILE, _TILE), _OVERLAP)]
        calls.append(partial(self._seen, _NEAR, views, _BLAZE_THRESHOLD))
        calls.append(partial(self._seen, _FAR, views[:1], _BLAZE_THRESHOLD))
        return Detections.concat(together(calls))

    def around(self, picture: Picture, box: Box) -> list[Suspect]:
        """The suspects in a window around `box`, turned upright."""
        small = self.on_picture(box)
        reach = min(_WINDOW_REACH, max(self.size) / max(small.w, small.h))
        view = crop(picture, small, _WINDOW, reach)
        view = View(lifted(view.picture), view.to_frame)
        jobs = [(look.detector, look.threshold) for look in UPRIGHT]
        jobs += [(name, _BLAZE_THRESHOLD) for name in (_NEAR, _FAR)]
        calls = [partial(self._seen, name, [view], threshold) for name, threshold in jobs]
        return self._suspects(Detections.concat(together(calls)), self._scale)

    def on_picture(self, box: Box) -> Box:
        """A box of the clip on a picture at `size`."""
        return _scaled(self.squared(box), 1 / self._scale)

    def squared(self, box: Box) -> Box:
        """A box of the clip in square pixels, on a picture at `whole`."""
        return stretched_box(box, *self._pixel)

    def at(self, gray: Gray, places: Sequence[Surprise], scale: float) -> list[Suspect]:
        """The suspects at places of a gray picture; `scale` is square pixels per gray pixel."""
        views = views_of(gray, places, scale)
        found = seen_at(self._load, views, _GLANCING, _GLANCE_THRESHOLD)
        return self._suspects(found, 1.0)

    def enlarged(self, gray: Gray) -> Gray:
        """A gray picture at `size`, for second looks."""
        return np.asarray(cv2.resize(gray, self.size, interpolation=cv2.INTER_LINEAR), np.uint8)

    def second_look(self, picture: Picture | Gray, suspect: Suspect, family: str) -> Suspect:
        """The suspect with the answer of close-ups by `family`. The first answer moves its box to
        the face, which may stand beside it, and turns it upright."""
        closeup = self._closeup(picture)
        box = stretched_box(suspect.box, *self._pixel)
        if not suspect.answers:
            box, best = closeup.upright(box)
            if best < SILENT:
                return replace(suspect, answers={family: 0.0})
            box = seen.box if (seen := closeup.find(box)) else box
        answer = closeup.answer(box, family)
        box = self._stored(box)
        return replace(suspect, box=box, answers={**suspect.answers, family: answer})

    def _closeup(self, picture: Picture | Gray) -> SizedCloseup:
        """The close-ups of a picture; those of the last picture are kept."""
        if self._shown is None or self._shown[0] is not picture:
            gray = picture
            if picture.ndim == 3:
                gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
            pyramid = Pyramid(gray, COARSE if self.tiled else max(gray.shape))
            self._shown = picture, SizedCloseup(self._load, pyramid, self._scale)
        return self._shown[1]

    def _stored(self, box: Box) -> Box:
        return stretched_box(box, 1 / self._pixel[0], 1 / self._pixel[1])

    def _seen(self, name: str, views: Sequence[View], threshold: float) -> Detections:
        answers = self._load(name).detect([view.picture for view in views], threshold)
        return Detections.concat([v.restored(a) for v, a in zip(views, answers, strict=True)])

    def _suspects(self, found: Detections, scale: float) -> list[Suspect]:
        """A suspect per face, with the box of the best score; `scale` is square pixels of the
        clip per pixel of the boxes."""
        found = found.take(np.argsort(-found.scores, kind="stable"))
        suspects = []
        for best, rows in overlap.faces(found.boxes):
            evidence: dict[str, float] = defaultdict(float)
            for name, score in zip(found.detectors[rows], found.scores[rows], strict=True):
                evidence[str(name)] = max(evidence[str(name)], float(score))
            box = self._stored(_scaled(Box(*found.boxes[best].tolist()), scale))
            suspects.append(Suspect(box, dict(evidence)))
        return suspects


def _scaled(box: Box, factor: float) -> Box:
    return Box(box.cx * factor, box.cy * factor, box.w * factor, box.h * factor, box.angle)
