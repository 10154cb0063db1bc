"""A face's way on and its way back, as one tracklet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from blur.data.plan import Box
from blur.data.sightings import UNSEEN, Sighting
from blur.scan.link import Tracklet

AGREED = 0.3
"""Face widths within which two pursuits agree; larger skips more ways back, and averages boxes
where a box around both would be safer."""
_PARTED = 1.0
"""Face widths between two pursuits from which each is covered by itself: a link joined two faces,
and a box between them would cover neither. Larger leaves a face bare, smaller makes more covers."""

_Way = Mapping[int, Sighting]
"""Gained sightings by frame."""


def grown(tracklet: Tracklet, forward: _Way, backward: _Way) -> Tracklet:
    """The tracklet with sightings gained on both ways; on frames gained twice, a box around both,
    or the way on, and the way back `beside` it."""
    gained = {**forward, **backward}
    parted: list[int] = []
    for frame in sorted(forward.keys() & backward.keys()):
        on, back = forward[frame], backward[frame]
        if not (on.evidence.any() or back.evidence.any()) and _far(on.box, back.box):
            gained[frame] = on
            parted.append(frame)
        else:
            gained[frame] = _both(on, back)
    if not gained:
        return tracklet
    beside = tuple(_ways_back(tracklet, backward, parted))
    return replace(tracklet.joined(_of(gained)), beside=beside)


def _ways_back(tracklet: Tracklet, backward: _Way, parted: Sequence[int]) -> Iterator[Tracklet]:
    """The ways back from sightings, each from the first `parted` frame on the way."""
    end = -1
    for frame in parted:
        if frame >= end:
            end = int(tracklet.frames[np.searchsorted(tracklet.frames, frame)])
            way = {f: row for f, row in backward.items() if frame <= f < end}
            yield _of(way).joined(tracklet.take(tracklet.frames == end))


def _of(sightings: _Way) -> Tracklet:
    """A tracklet of sightings by frame."""
    frames = np.array(sorted(sightings), np.intp)
    rows = [sightings[frame] for frame in frames.tolist()]
    boxes = np.array([row.box for row in rows], np.float32)
    return Tracklet(frames, boxes, np.array([row.evidence for row in rows], np.float32))


def _far(a: Box, b: Box) -> bool:
    return apart(a, b) > _PARTED * max(a.w, b.w)


def _both(first: Sighting, second: Sighting) -> Sighting:
    """The detected one of two sightings; if neither is, a box around both."""
    if first.evidence.any() or second.evidence.any():
        return max(first, second, key=lambda row: float(row.evidence.max()))
    return Sighting(around(first.box, second.box), UNSEEN)


def around(a: Box, b: Box) -> Box:
    """A box around two, turned like the first, larger by up to its width each way.

    It grows along the way between them alone: grown sideways too, it would hide shoulders.
    """
    turn = math.radians(a.angle)
    x, y = b.cx - a.cx, b.cy - a.cy
    way = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
    # The cover's own margin makes up for `AGREED`.
    wider, higher = (min(max(0.0, abs(part) - AGREED * a.w), a.w) for part in way)
    w, h = max(a.w, b.w) + wider, max(a.h, b.h) + higher
    return Box(a.cx + x / 2, a.cy + y / 2, w, h, a.angle)


def apart(a: Box, b: Box) -> float:
    return float(np.hypot(a.cx - b.cx, a.cy - b.cy))
