"""Place and size of covers: from face boxes to head shapes, swept over the motion.

A face's box is grown to the head, at a fixed aspect and a step of a geometric ladder of sizes, so
a cover tells little about its face; and swept over the face's places just before and after, so it
never lags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from blur.data.arrays import Floats
from blur.data.plan import Box, Boxes, Track
from blur.data.spans import FrameSpan
from blur.settings import CoverSettings

SIDE, ABOVE, BELOW = 0.45, 0.65, 0.35
"""Reach of a head beyond its face's box: widths to each side, heights above and below; larger
covers more hair, ears and neck."""

ASPECT = 1.35
"""Height over width of every head cover; the shorter side of a head grows to it."""

LADDER = 1.1
"""Factor between neighbouring cover sizes; larger hides a face's size better and covers more."""

SWEEP = 2
"""Frames before and after whose faces a cover reaches over too; larger covers more of a moving
head's way."""

FACE = 1.4
"""Factor on the faces of those frames, so that their boxes' corners are inside; larger covers
more."""

STEADY = 12
"""Frames before and after over which a cover keeps its largest size; smaller lets it pump."""

ROUNDNESS = 2.2
"""Exponent of the head shape: 2 is an ellipse, larger has fuller corners."""

_VERTICES = 32
"""Corners of the polygon around a head shape; more follows the curve closer."""

Outline = npt.NDArray[np.float32]
"""(n, 2) vertices x, y of a convex polygon, pixels."""


@dataclass(frozen=True, slots=True)
class Region:
    """The area of one cover on one frame: the convex hull of the shapes of `boxes`.

    The first box is the head on this frame, the others are the face on the frames around it.
    Shapes are rounded, or rectangles if `drawn`; black ones if `dark`, since a lamp's
    colour would light them. All of a track's regions share a `seed`.
    """

    boxes: tuple[Box, ...]
    seed: int
    drawn: bool = False
    dark: bool = False

    def mapped(self, change: Callable[[Box], Box]) -> Region:
        """The region in other coordinates."""
        return replace(self, boxes=tuple(change(box) for box in self.boxes))

    def outline(self, pad: float = 0.0) -> Outline:
        """The hull, grown by `pad` pixels on every side."""
        shape = _CORNERS if self.drawn else _HEAD
        boxes = np.array(self.boxes, np.float64)
        half = boxes[:, 2:4] / 2 + pad
        turn = np.radians(boxes[:, 4])
        cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
        across, down = shape[:, 0] * half[:, :1], shape[:, 1] * half[:, 1:]
        x = boxes[:, :1] + cos * across - sin * down
        y = boxes[:, 1:2] + sin * across + cos * down
        points = np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)
        return np.asarray(cv2.convexHull(points), np.float32).reshape(-1, 2)


def _head() -> Floats:
    turns = np.arange(_VERTICES) * (2 * np.pi / _VERTICES)
    circle = np.stack([np.cos(turns), np.sin(turns)], -1)
    curve = np.sign(circle) * np.abs(circle) ** (2 / ROUNDNESS)
    # Around the curve, not inside it.
    return np.asarray(curve / np.cos(np.pi / _VERTICES))


_HEAD = _head()
_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)


def head_boxes(boxes: Boxes, margin: float) -> Boxes:
    """(n, 5) face boxes grown to heads along their own axes, at the fixed aspect.

    `margin` scales the reach beyond the face.
    """
    cx, cy, w, h, angle = boxes.astype(np.float64).T
    turn = np.radians(angle)
    up = (ABOVE - BELOW) / 2 * margin * h
    width = w * (1 + 2 * SIDE * margin)
    height = h * (1 + (ABOVE + BELOW) * margin)
    size = np.maximum(width, height / ASPECT)
    heads = [cx + np.sin(turn) * up, cy - np.cos(turn) * up, size, size * ASPECT, angle]
    return np.stack(heads, -1).astype(np.float32)


def quantised(heads: Boxes) -> Boxes:
    """(n, 5) heads of one track within one shot, each at the next larger step of the ladder.

    A size holds for `STEADY` frames around the frame that needs it.
    """
    step = np.ceil(np.log(heads[:, 2].astype(np.float64)) / np.log(LADDER) - 1e-6)
    steady = sliding_window_view(np.pad(step, STEADY, mode="edge"), 2 * STEADY + 1).max(1)
    width = LADDER**steady
    out = heads.copy()
    out[:, 2] = width
    out[:, 3] = width * ASPECT
    return out


class Covers:
    """The covers of a clip: regions of each frame, display coordinates.

    `shots` are [start, end) frames; no cover reaches over a cut. `width` and `height` are those of
    the displayed picture.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        shots: Iterable[FrameSpan],
        settings: CoverSettings,
        width: int,
        height: int,
    ) -> None:
        self._size = np.array([width, height])
        self._tracks: list[_ShotTrack] = []
        shots = list(shots)
        for track in tracks:
            for start, end in shots:
                first, last = max(start, track.start), min(end, track.end)
                if first < last:
                    boxes = track.boxes[first - track.start : last - track.start]
                    self._tracks.append(_ShotTrack.of(track, first, boxes, settings.margin))
        self._starts = np.array([track.start for track in self._tracks], np.int64)
        self._ends = self._starts + np.array([len(track.own) for track in self._tracks], np.int64)

    def at(self, frame: int) -> list[Region]:
        """The regions of one frame, without those wholly outside the picture."""
        here = np.flatnonzero((self._starts <= frame) & (frame < self._ends))
        regions = (self._tracks[index].region(frame) for index in here)
        return [region for region in regions if self._in_sight(region)]

    def _in_sight(self, region: Region) -> bool:
        boxes = np.array(region.boxes)
        reach = np.hypot(boxes[:, 2:3], boxes[:, 3:4]) / 2
        return bool(((boxes[:, :2] > -reach) & (boxes[:, :2] < self._size + reach)).all(1).any())


@dataclass(frozen=True, slots=True)
class _ShotTrack:
    """A track within one shot: head and face boxes, a row per frame from `start` on."""

    start: int
    own: Boxes
    faces: Boxes
    seed: int
    drawn: bool
    dark: bool = False

    @classmethod
    def of(cls, track: Track, start: int, boxes: Boxes, margin: float) -> Self:
        if not track.is_face:
            return cls(start, boxes, boxes[:0], track.id, True, track.source == "dark")
        faces = boxes.copy()
        faces[:, 2:4] *= FACE
        return cls(start, quantised(head_boxes(boxes, margin)), faces, track.id, drawn=False)

    def region(self, frame: int) -> Region:
        here = frame - self.start
        around = self.faces[max(0, here - SWEEP) : here + SWEEP + 1].tolist()
        boxes = (Box(*self.own[here].tolist()), *(Box(*face) for face in around))
        return Region(boxes, self.seed, self.drawn, self.dark)
