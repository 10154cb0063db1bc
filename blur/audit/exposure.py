"""The share of a face that shows in a covered frame. Takes outlines and boxes, never pixels."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from blur.cover.region import Covers, Outline
from blur.data.arrays import Floats
from blur.data.overlap import is_kept
from blur.data.plan import Box, Track
from blur.data.resolve import Resolved

EXPOSED = 0.25
"""Share of a face outside all covers above which it is exposed; larger lets more of a face show."""

SLIVER = 0.05
"""Likewise in a gap between covers, where no detector need see the face."""

_AROUND = ((0, 0), (-0.14, 0), (0.14, 0), (0, -0.1), (0, 0.1))

_EYE = 0.3
"""Share of a face that shows, at least, where an eye does: more than `EXPOSED`. Less than that lets
an eye and a brow show beside another's cover."""

_EYES = np.array([(u + du, -0.2 + dv) for u in (-0.4, 0.4) for du, dv in _AROUND]).reshape(2, -1, 2)
"""(2, n, 2) points in and around the eyes, in half widths and half heights of a tight box from its
centre."""

_POINTS = 16
"""Points across a face at which covers are looked up; more measures shares more finely."""

_AT_HAND = 32
"""Frames whose outlines are kept: glances come `REACH` frames late, and pictures some ahead. Fewer
make outlines twice, a tenth of a millisecond each."""


class Exposure:
    """The covers of each frame of a `width` x `height` picture, and the faces kept clear.

    `outlines` gives the covers of a frame, display coordinates.
    """

    def __init__(
        self,
        outlines: Callable[[int], Sequence[Outline]],
        kept: Sequence[Track],
        width: int,
        height: int,
    ) -> None:
        self._kept, self._size = kept, (width, height)
        self._outlines = functools.lru_cache(_AT_HAND)(outlines)

    @classmethod
    def of(cls, resolved: Resolved, covers: Covers) -> Self:
        """The covers that the render paints for a resolved plan."""
        plan = resolved.plan
        return cls(
            lambda frame: [region.outline() for region in covers.at(frame)],
            resolved.kept,
            plan.width,
            plan.height,
        )

    def bare(self, frame: int, box: Box) -> float | None:
        """Share of a face, as far as it lies in the picture, outside all covers, 0 to 1; None for
        a face that a person keeps clear."""
        if any(is_kept(box, kept) for t in self._kept if (kept := t.box(frame)) is not None):
            return None
        return self._free(frame, _points_on(box))

    def shown(self, frame: int, box: Box) -> float | None:
        """`bare`, but never as little as `EXPOSED` where most of an eye is outside all covers."""
        bare = self.bare(frame, box)
        if bare is None or bare >= _EYE:
            return bare
        eyes = (_placed(box, eye[:, 0], eye[:, 1]) for eye in _EYES)
        return _EYE if any(self._free(frame, eye) > 0.5 for eye in eyes) else bare

    def _free(self, frame: int, points: Floats) -> float:
        """Share of the points in the picture that no cover holds; 0 if none is in it."""
        points = points[((points >= 0) & (points < self._size)).all(axis=1)]
        if not len(points):
            return 0.0
        free = np.ones(len(points), bool)
        low, high = points.min(0), points.max(0)
        for outline in self.covers(frame):
            if (outline.min(0) <= high).all() and (outline.max(0) >= low).all():
                free &= ~_in_convex(points, outline)
        return float(free.mean())

    def covers(self, frame: int) -> Sequence[Outline]:
        """The outlines of a frame's covers, display coordinates; any thread may ask."""
        return self._outlines(frame)

    def exposes(self, frame: int, box: Box) -> bool:
        """Whether more than `EXPOSED` of a face, or an eye, shows against a person's will."""
        return (self.shown(frame, box) or 0.0) > EXPOSED


def _points_on(box: Box) -> Floats:
    """(n, 2) points spread evenly over the ellipse in a turned box."""
    steps = (np.arange(_POINTS) + 0.5) / _POINTS * 2 - 1
    u, v = (axis.ravel() for axis in np.meshgrid(steps, steps))
    disc = u**2 + v**2 <= 1
    return _placed(box, u[disc], v[disc])


def _placed(box: Box, u: Floats, v: Floats) -> Floats:
    """(n, 2) points of a turned box, from half widths across and half heights down its centre."""
    across, down = u * box.w / 2, v * box.h / 2
    cos, sin = math.cos(math.radians(box.angle)), math.sin(math.radians(box.angle))
    return np.stack([box.cx + cos * across - sin * down, box.cy + sin * across + cos * down], 1)


def _in_convex(points: Floats, outline: Outline) -> npt.NDArray[np.bool_]:
    """(n,) whether points lie in a convex polygon, left of all its edges or right of all."""
    start = outline.astype(np.float64)
    side = np.roll(start, -1, axis=0) - start
    away = points[:, None] - start[None]
    cross = side[None, :, 0] * away[..., 1] - side[None, :, 1] * away[..., 0]
    return np.asarray((cross >= 0).all(axis=1) | (cross <= 0).all(axis=1))
