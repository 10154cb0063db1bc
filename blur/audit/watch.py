"""Places of a covered clip that changed for a moment outside its covers, on every frame.

Whole frames are looked at some frames apart; a face that shows between them surprises.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2

from blur.data.arrays import Gray
from blur.scan.camera import StepMeter
from blur.scan.surprise import REACH, Polygon, Surprise, SurpriseFinder

WATCHED = 960
"""Pixels, longest side of the pictures that crops are cut from; larger shows smaller faces, and
`REACH` of them are held."""

_MOTION = 320
"""Pixels, longest side of the pictures for the camera's motion: two thirds of the scan's, at half
the time. Smaller leaves edges unexplained, which are then looked at."""


class Glance(NamedTuple):
    """A frame's gray picture and the places to look at on it, in square pixels."""

    frame: int
    gray: Gray
    places: Sequence[Surprise]


class Watch:
    """Takes the gray pictures of frames in order, and gives back those with surprises.

    `scale` is square pixels of the clip per picture pixel. `covered` gives the outlines of a
    frame's covers, in square pixels. `blind` tells whether the camera's motion to the last frame is
    unknown: nothing surprises there.
    """

    blind = False

    def __init__(self, scale: float, covered: Callable[[int], Sequence[Polygon]]) -> None:
        self._scale, self._covered = scale, covered
        self._pictures: dict[int, Gray] = {}

    def add(self, frame: int, gray: Gray) -> Iterator[Glance]:
        """The glances that are due with this frame's picture, up to `REACH` frames late."""
        if self._pictures and frame - 1 not in self._pictures:
            yield from self.finish()
        shrink = min(1.0, _MOTION / max(gray.shape))
        small = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        first = not self._pictures
        if first:
            scale = self._scale * gray.shape[1] / small.shape[1]
            self._meter, self._finder = StepMeter(scale), SurpriseFinder(scale, self._covered)
        step = self._meter.measure(small)
        self.blind = not first and not step.reliable
        self._pictures[frame] = gray
        self._finder.add(frame, small, step)
        yield from self._glances(self._finder.settled())
        self._pictures.pop(frame - REACH, None)

    def finish(self) -> Iterator[Glance]:
        """The glances left; the next picture begins anew."""
        if self._pictures:
            yield from self._glances(self._finder.finish())
            self._pictures.clear()

    def _glances(self, found: Iterable[Surprise]) -> Iterator[Glance]:
        for frame, places in itertools.groupby(found, lambda surprise: surprise.frame):
            yield Glance(frame, self._pictures[frame], list(places))
