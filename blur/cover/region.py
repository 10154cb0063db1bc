"""Place and size of covers: the head around a track's face, calm over time, swept along its motion.

A cover is the hull of the head (`head`, at a calmed place, size and turn: `steady`), its face
at the place of the track's box, that box, both half way to the frames before and after, and heads
at turns that sightings near in time disagree about. Its area is `eased` from frame to frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, starmap
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from blur.cover.ease import eased
from blur.cover.everywhere import region_tracks
from blur.cover.head import faces_in, head_boxes, quantised
from blur.cover.steady import other_turns, steadied, unsureness
from blur.data.arrays import Floats
from blur.data.plan import Box, Boxes, Plan, Track
from blur.data.spans import FrameSpan
from blur.settings import CoverSettings

SWEEP = 0.5
"""Share of the way to the frames before and after that a cover reaches over: an exposure blurs a
moving face half as far to both sides. Larger covers more of a moving head's way."""

FACE, LEAST, MOST, UNSURE = 1.28, 1.12, 1.36, 8.0
"""Factor on the faces inside a cover, which have a head's own aspect and step of size; the least
and the largest factor on the boxes themselves; and growth of the latter for each unit of a face's
unsureness. Larger `FACE` covers more where a turn or a place is unsure: of 9164 clear faces 22 are
bare by a twentieth at 1.24, 20 at 1.28. Larger `LEAST` tells more of a box's sides: by the whole
outline, of 40 people (ORL) 5.6 % are named at 1.15, 6.4 % at 1.2."""

_TURNED = 0.94
"""Factor on heads at turns that are in doubt; larger covers more."""

HEAD = 0.8
"""Exponent on the growth of an unsure face by which its head grows: the face may lie elsewhere, its
hair is no larger. Larger covers more around unsure faces: on clips with truth 14.1 % of faces lie
under covers of over 1.7 heads at 0.8, 15.5 % at 1; 42 and 36 of 9164 are bare by a fiftieth."""

_VERTICES = 32
"""Corners of the polygon around a head shape; more follows the curve closer."""

_NORMALS = 96
"""Directions in which a hull is measured; more measures its area closer (96: within 2 %)."""
_SHAPES = 4096
"""Shapes measured at once; larger takes more memory."""

Outline = npt.NDArray[np.float32]
"""(n, 2) vertices x, y of a convex polygon, pixels."""


@dataclass(frozen=True, slots=True)
class Region:
    """The area of a cover on a frame: the convex hull of the shapes of `boxes`, display pixels.

    The first box is the head on this frame, the others are the face on the frames around it.
    Shapes are heads; if `drawn`, rectangles or, if `ellipse`, the ellipses in them. They are black
    if `dark`: a lamp's colour would light them. All of a track's regions share a `seed`.
    """

    boxes: tuple[Box, ...]
    seed: int
    drawn: bool = False
    dark: bool = False
    ellipse: bool = False

    def mapped(self, change: Callable[[Box], Box]) -> Region:
        """The region in other coordinates."""
        return replace(self, boxes=tuple(change(box) for box in self.boxes))

    def outline(self, pad: float = 0.0) -> Outline:
        """The hull, grown by `pad` pixels on every side."""
        shape = _CORNERS if self.drawn and not self.ellipse else _HEAD
        boxes = np.fromiter(chain.from_iterable(self.boxes), np.float64).reshape(-1, 5)
        half = boxes[:, 2:4] / 2 + pad
        turn = np.radians(boxes[:, 4:])
        cos, sin = np.cos(turn), np.sin(turn)
        across, down = shape[0] * half[:, :1], shape[1] * half[:, 1:]
        points = np.empty((*across.shape, 2), np.float32)
        points[..., 0] = boxes[:, :1] + cos * across - sin * down
        points[..., 1] = boxes[:, 1:2] + sin * across + cos * down
        return np.asarray(cv2.convexHull(points.reshape(-1, 2))).reshape(-1, 2)


def _ellipse() -> Floats:
    turns = np.arange(_VERTICES) * (2 * np.pi / _VERTICES)
    # Around the curve, not inside it.
    return np.asarray(np.stack([np.cos(turns), np.sin(turns)]) / np.cos(np.pi / _VERTICES))


_HEAD = _ellipse()
_CORNERS = np.array([(-1, 1, 1, -1), (-1, -1, 1, 1)], np.float64)


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
        self._size = width, height
        self._margin = settings.margin
        shots = list(shots)
        self._parts = [
            (track, max(start, track.start), min(end, track.end))
            for track in tracks
            for start, end in shots
            if max(start, track.start) < min(end, track.end)
        ]
        spans = np.array([(first, last) for _, first, last in self._parts], np.int64)
        self._starts, self._ends = spans.reshape(-1, 2).T
        self._made: dict[int, _ShotTrack] = {}

    @classmethod
    def of_plan(
        cls, plan: Plan, settings: CoverSettings, tracks: Sequence[Track] | None = None
    ) -> Self:
        """The covers of a plan's tracks, or of `tracks` instead, and of the settings' regions."""
        chosen = plan.tracks if tracks is None else tracks
        everything = [*chosen, *region_tracks(plan, settings)]
        return cls(everything, plan.shots(), settings, plan.width, plan.height)

    def at(self, frame: int) -> list[Region]:
        """The regions of a frame, without those wholly outside the picture."""
        here = np.flatnonzero((self._starts <= frame) & (frame < self._ends))
        regions = (self._made_at(index).region(frame) for index in here.tolist())
        return [region for region in regions if self._in_sight(region)]

    def _made_at(self, index: int) -> _ShotTrack:
        """A track's covers within a shot, made when a frame first asks for them."""
        if index not in self._made:
            self._made[index] = _ShotTrack.of(*self._parts[index], self._margin, self._size)
        return self._made[index]

    def _in_sight(self, region: Region) -> bool:
        width, height = self._size
        reached = ((x, y, math.hypot(w, h) / 2) for x, y, w, h, _ in region.boxes)
        return any(-r < x < width + r and -r < y < height + r for x, y, r in reached)


@dataclass(frozen=True, slots=True)
class _ShotTrack:
    """A track within one shot, from frame `start` on: `boxes[ends[i - 1] : ends[i]]` are those of
    its i-th frame's cover, the head first."""

    start: int
    boxes: Boxes
    ends: npt.NDArray[np.intp]
    seed: int
    drawn: bool
    dark: bool = False
    ellipse: bool = False

    @classmethod
    def of(cls, track: Track, first: int, last: int, margin: float, size: tuple[int, int]) -> Self:
        rows = slice(first - track.start, last - track.start)
        boxes, marks = track.boxes[rows], track.marks[rows]
        here = np.arange(len(boxes))
        if not track.is_face:
            dark, ellipse = track.source == "dark", track.source == "ellipse"
            return cls(first, boxes, here + 1, track.id, True, dark, ellipse)
        wider = unsureness(boxes, marks, track.scores[rows], size)[:, None]
        steady = steadied(boxes)
        turned, faces = other_turns(boxes, marks, steady)
        faces[:, 2:4] *= wider[turned] ** HEAD
        usual = quantised(steady)
        usual[:, 2:4] *= wider**HEAD  # not before: a step would take it back
        heads = head_boxes(usual, margin)
        turned_heads = head_boxes(faces, margin)
        turned_heads[:, 2:4] *= _TURNED
        inner = _faces(boxes, faces_in(heads, margin), wider)
        owner = np.concatenate([here, *[here] * len(inner), turned])
        order = np.argsort(owner, kind="stable")
        owner, shapes = owner[order], np.concatenate([heads, *inner, turned_heads])[order]
        width = np.log(hull_areas(owner, shapes, len(boxes))) / 2
        shapes = _scaled(shapes, heads[owner, :2], np.exp(eased(width) - width)[owner])
        return cls(first, shapes, np.bincount(owner).cumsum(), track.id, drawn=False)

    def region(self, frame: int) -> Region:
        here = frame - self.start
        rows = self.boxes[self.ends[here - 1] if here else 0 : self.ends[here]]
        boxes = tuple(starmap(Box, rows.tolist()))
        return Region(boxes, self.seed, self.drawn, self.dark, self.ellipse)


def _faces(boxes: Boxes, faces: Boxes, wider: Floats) -> list[Boxes]:
    """The (n, 5) faces inside covers: the boxes, grown a little by (n, 1) factors `wider`, and
    `faces` of the heads at the boxes' places, half way to those of the frames before and after."""
    own = boxes.copy()
    own[:, 2:4] *= np.minimum(LEAST + UNSURE * (wider - 1), MOST) * wider
    shaped = faces.copy()
    shaped[:, :2] = boxes[:, :2]
    shaped[:, 2:4] *= FACE * wider ** (1 - HEAD)  # their heads have grown by the rest
    return [*_swept(shaped), *_swept(own)]


def _swept(faces: Boxes) -> list[Boxes]:
    """(n, 5) faces, and the same half way to those of the frames before and after."""
    swept = [faces]
    for neighbour in (np.roll(faces, 1, axis=0), np.roll(faces, -1, axis=0)):
        way = faces.copy()
        way[:, :4] += SWEEP * (neighbour[:, :4] - faces[:, :4])
        swept.append(way)
    swept[1][0], swept[2][-1] = faces[0], faces[-1]
    return swept


def _scaled(shapes: Boxes, centres: npt.NDArray[np.float32], factors: Floats) -> Boxes:
    """(m, 5) boxes, grown by (m,) factors about (m, 2) centres."""
    out = shapes.copy()
    out[:, :2] = centres + (shapes[:, :2] - centres) * factors[:, None]
    out[:, 2:4] *= factors[:, None]
    return out


def hull_areas(owner: npt.NDArray[np.intp], shapes: Boxes, count: int) -> Floats:
    """(count,) areas of the hulls of heads, (m, 5), by their (m,) owners in order; pixels squared.

    By the hulls' support in `_NORMALS` directions: a polygon around the hull, its sides' lengths
    from the distances of three neighbouring sides.
    """
    normals = np.arange(_NORMALS) * (2 * np.pi / _NORMALS)
    cos, sin = np.cos(normals), np.sin(normals)
    support = np.full((count, _NORMALS), -np.inf)
    # Distances from each owner's first shape: small numbers keep the areas exact.
    origin = np.zeros((count, 2))
    origin[owner[::-1]] = shapes[::-1, :2]
    for start in range(0, len(owner), _SHAPES):
        some = slice(start, start + _SHAPES)
        box = shapes[some].astype(np.float64)
        x, y = (box[:, :2] - origin[owner[some]]).T
        turn = np.radians(box[:, 4:])
        across = box[:, 2:3] / 2 * np.cos(normals - turn)
        down = box[:, 3:4] / 2 * np.sin(normals - turn)
        reach = x[:, None] * cos + y[:, None] * sin + np.hypot(across, down)
        # Each owner's shapes stand together: a run of them is measured in a fifth of `at`'s time.
        firsts = np.flatnonzero(np.diff(owner[some], prepend=-1))
        rows = owner[some][firsts]
        support[rows] = np.maximum(support[rows], np.maximum.reduceat(reach, firsts))
    step = 2 * np.pi / _NORMALS
    sides = np.roll(support, 1, 1) + np.roll(support, -1, 1) - 2 * support * np.cos(step)
    return np.asarray((support * sides).sum(1) / (2 * np.sin(step)))
