"""Surprises: places that changed for a moment, where a scheduled look need not have seen a face.

A face that shows for k frames differs from the picture k frames before and from the picture k
frames after. Both are laid over its frame by the camera's motion. The smaller difference counts: it
is large where something moves or appears by itself, small where something is only uncovered.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.data.boxes import Affine
from blur.data.plan import Box
from blur.scan.camera import Step

_SIDE = 320
"""Pixels on the longest side of the compared pictures; smaller loses faces under 1/40 of it."""

_REACHES = ((1, 1), (2, 2), (4, 3), (9, 5))
"""Frames to both compared pictures, and frames from a comparison to the next: an appearance of up
to so many frames meets one. Longer reaches find longer appearances and more motion of bodies."""

REACH = _REACHES[-1][0]
"""Frames beside a frame on which its surprises depend."""

_SHORT = 2
"""Longest reach at which small places count: scheduled looks see upright faces that stay longer."""

_CHANGE = 12.0
"""Levels of 255 by which a sample must differ; larger misses dark faces on dark ground."""

_NOISE = 2.5
"""Medians of the picture's difference added to `_CHANGE`; larger misses faces in noise."""

_SMALL, _LARGE = 5, 9
"""Pixels of the window that must be filled: faces of 24 and 48 pixels in a picture of 1280."""

_FILLED = 0.75
"""Share of a window that must differ; smaller takes the edges of everything that moves."""


Polygon = npt.NDArray[np.floating[Any]]
"""(n, 2) corners of a convex polygon."""


class Surprise(NamedTuple):
    """A place on a frame: an upright box in display coordinates, `turned` where a face of any turn
    would fill it, else a small one that only an upright face is looked for in."""

    frame: int
    turned: bool
    box: Box


class SurpriseFinder:
    """Finds surprises in a stream of gray pictures and camera steps, up to `REACH` frames late.

    `scale` is display pixels per gray pixel. `covered` gives polygons of a frame, (n, 2) display
    coordinates, in which no change counts.
    """

    def __init__(
        self, scale: float, covered: Callable[[int], Sequence[Polygon]] = lambda frame: ()
    ) -> None:
        self._scale, self._next, self._covered = scale, 0, covered
        self._pictures: deque[Gray] = deque(maxlen=2 * REACH + 1)
        self._steps: deque[Step] = deque(maxlen=2 * REACH + 1)
        self._masks: dict[int, list[tuple[int, Gray]]] = {}
        self._found: list[Surprise] = []

    def add(self, frame: int, gray: Gray, step: Step) -> None:
        """Take the next frame's picture, and the camera's step to it."""
        shrink = min(1.0, _SIDE / max(gray.shape))
        small = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        self._unit = self._scale * gray.shape[1] / small.shape[1]
        if not self._pictures:
            self._next = frame
        self._pictures.append(cv2.blur(small, (3, 3)))
        self._steps.append(step)
        self._next = frame + 1
        for reach, every in _REACHES:
            self._compare(self._next - 1 - reach, reach, every)
        self._settle(self._next - 1 - REACH)

    def finish(self) -> list[Surprise]:
        """All surprises, in order of time; the last frames are compared with earlier ones alone."""
        oldest = self._next - len(self._pictures)
        for reach, every in _REACHES:
            for frame in range(max(oldest, self._next - reach), self._next):
                self._compare(frame, reach, every)
        for frame in sorted(self._masks):
            self._settle(frame)
        return self.settled()

    def settled(self) -> list[Surprise]:
        """The surprises of frames that no later picture can change, since the last call."""
        found, self._found = self._found, []
        return found

    def _compare(self, frame: int, reach: int, every: int) -> None:
        oldest = self._next - len(self._pictures)
        if frame < oldest or frame % every:
            return
        now = self._pictures[frame - oldest]
        changes = [
            cv2.absdiff(now, laid)
            for other in (frame - reach, frame + reach)
            if oldest <= other < self._next
            and (laid := self._laid(other - oldest, frame - oldest)) is not None
        ]
        if changes:
            change = changes[0] if len(changes) == 1 else cv2.min(*changes)
            level = _CHANGE + _NOISE * float(np.median(change[::4, ::4]))
            mask = (change > int(level)).astype(np.uint8)  # whole numbers compare many at a time
            if cv2.countNonZero(mask):
                self._masks.setdefault(frame, []).append((reach, mask))

    def _laid(self, other: int, now: int) -> Gray | None:
        """The picture at `other` as the camera stood at `now`; None where its motion is unknown."""
        way = self._steps_between(min(other, now), max(other, now))
        if way is None:
            return None
        motion = way if other < now else np.asarray(np.linalg.inv(way))
        matrix = motion[:2].copy()
        matrix[:, 2] /= self._unit
        target = self._pictures[now]
        laid: Gray = cv2.warpAffine(
            self._pictures[other],
            matrix,
            target.shape[::-1],
            dst=target.copy(),
            borderMode=cv2.BORDER_TRANSPARENT,
        )
        return laid

    def _steps_between(self, start: int, end: int) -> Affine | None:
        steps = list(itertools.islice(self._steps, start + 1, end + 1))
        if not all(step.reliable for step in steps):
            return None
        motion = np.eye(3)
        for step in steps:
            motion = step.transform @ motion
        return motion

    def _settle(self, frame: int) -> None:
        """Make the masks of a frame, one for each reach, into places."""
        masks = self._masks.pop(frame, [])
        for outline in self._covered(frame) if masks else ():
            corners = np.round(outline / self._unit).astype(np.int32)
            for _, mask in masks:
                cv2.fillConvexPoly(mask, corners, 0)
        masks = [(reach, mask) for reach, mask in masks if cv2.countNonZero(mask)]
        for window, turned in ((_LARGE, True), (_SMALL, False)):
            filled = [_filled(m, window) for reach, m in masks if turned or reach <= _SHORT]
            if filled:
                union = np.bitwise_or.reduce(filled)
                self._found += [Surprise(frame, turned, box) for box in self._places(union, window)]

    def _places(self, filled: Gray, window: int) -> Iterator[Box]:
        if not cv2.countNonZero(filled):  # as on most frames: spares a labelling of the picture
            return
        whole = cv2.dilate(filled, np.ones((window + 2, window + 2), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(whole)
        for x, y, w, h, _ in stats[1:].tolist():
            yield Box(*(self._unit * v for v in (x + w / 2, y + h / 2, w, h)))


def _filled(mask: Gray, window: int) -> Gray:
    """1 at the centres of windows of which `_FILLED` differs."""
    shares = cv2.boxFilter(mask * 200, -1, (window, window))
    return np.asarray(shares > 200 * _FILLED, np.uint8)
