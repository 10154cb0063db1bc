"""The frames of doubts that a person looks at as stills, and the part of each to show.

Geometry and time as in `data.plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from blur.data.paths import interpolate
from blur.data.plan import Box, Boxes, Doubt, Plan, Track
from blur.data.spans import FrameSpan, masked, runs

_STEP = 0.1
"""Seconds of a doubt between two frames that are shown stay below this: what viewers see for as
long, the reviewer sees. Larger shows fewer frames."""
_REACH = 2.5
"""Face sizes from the centre of a still to its edge; larger shows faces smaller. Of 651 known faces
in filmed clips a detector sees 84 % in stills of 150 pixels at 2, 80 % at 2.5, 66 % at 4, 6 % at 8
(`tests/bench/stills.py`)."""
_LEAST = 40.0
"""Pixels from the centre to the edge, at least: a smaller value enlarges noise, a larger one shows
small faces smaller. Of 77 known faces of up to 16 pixels a detector sees 57 at 15, 30 and 40, 48 at
60, 27 at 80 (`tests/bench/stills.py`, clips zoom, pan1, whip, mask2, edge2, cuts)."""
_BESIDE = 1.5
"""Face sizes from the centre of each of several places to the edge of their still; larger shows
fewer places together."""
_WIDER = 1.5
"""Factor on the smallest of the stills of several places up to which a still shows them together;
larger shows faces smaller, see `_REACH`: with 1.3, 33 questions of the labelled videos become 25,
with 1.5 they become 21, with 2 they become 18."""
_HELD = 3
"""Tenths of a second for which a moment is shown that no other follows at its place; larger takes
longer."""


class Way(NamedTuple):
    """Where a doubt's place is: boxes of the frames from `start` on; before and after them, it
    rests. `must` are the frames that a still shows, however near to others."""

    start: int
    boxes: Boxes
    must: frozenset[int]

    def at(self, frame: int) -> Box:
        row = min(max(frame - self.start, 0), len(self.boxes) - 1)
        return Box(*self.boxes[row].tolist())


def way_of(doubt: Doubt, tracks: Mapping[int, Track]) -> Way | None:
    """None for a doubt without a place; `tracks` by id."""
    must = frozenset({doubt.start, doubt.end - 1, *(key.frame for key in doubt.path)})
    track = None if doubt.track is None else tracks.get(doubt.track)
    if track is not None:
        return Way(track.start, track.boxes, must)
    if doubt.path:
        return Way(*interpolate(doubt.path), must)
    if doubt.box is None:
        return None
    return Way(doubt.start, np.array([doubt.box], np.float32), must)


def moments(plan: Plan, doubts: Iterable[Doubt]) -> list[tuple[int, Box]]:
    """Frames ascending, each with the square around the places of all doubts that it lies in, or
    with several where they lie apart; doubts without a place are left out.

    Of every doubt the first and the last frame, those on which a detector saw it, and others so
    near each other that less than `_STEP` between them is not shown.
    """
    tracks = {track.id: track for track in plan.tracks}
    ways = [(doubt, way) for doubt in doubts if (way := way_of(doubt, tracks))]
    found: list[tuple[int, Box]] = []
    must = {frame for _, way in ways for frame in way.must}
    for frame in _shown(plan, [(doubt.start, doubt.end) for doubt, _ in ways], must):
        here = [way.at(frame) for doubt, way in ways if doubt.start <= frame < doubt.end]
        found += [(frame, square) for square in squares(here)]
    return found


def squares(places: Sequence[Box]) -> list[Box]:
    """Squares that show all places, few and none much wider than a place needs."""
    groups: list[list[Box]] = []
    for place in places:
        group = next((g for g in groups if together([*g, place])), None)
        if group is None:
            groups.append(group := [])
        group.append(place)
    return [square for group in groups if (square := together(group))]


def together(places: Sequence[Box]) -> Box | None:
    """The square that shows places beside each other; None where some would be too small in it."""
    rows = np.array(places, np.float64)
    sizes = rows[:, 2:4].max(axis=1)
    alone = np.maximum(_LEAST, _REACH * sizes)
    margin = _BESIDE * sizes[:, None]
    first, last = (rows[:, :2] - margin).min(axis=0), (rows[:, :2] + margin).max(axis=0)
    reach = max(float((last - first).max() / 2), float(alone.max()))
    if reach > _WIDER * alone.min():
        return None
    x, y = ((first + last) / 2).tolist()
    return Box(x, y, 2 * reach, 2 * reach)


def beats(plan: Plan, shown: Sequence[tuple[int, Box]]) -> list[int]:
    """Tenths of a second for which each of some moments is shown: as in the film where they follow
    each other at a place, else `_HELD`."""
    times = np.array([plan.seconds(frame) for frame, _ in shown])
    squares = np.array([square for _, square in shown])
    steps = np.diff(times)
    moved = np.abs(np.diff(squares[:, :2], axis=0)).max(axis=1)
    goes_on = (steps > 0) & (steps <= 2 * _STEP) & (moved < squares[1:, 2] / 2)
    near = np.concatenate([[False], goes_on, [False]])
    return [1 if one else _HELD for one in (near[1:] | near[:-1]).tolist()]


def fullest(doubts: Sequence[Doubt]) -> int:
    """The frame that the most doubts are about, the first such."""
    changes = sorted([(d.start, -1) for d in doubts] + [(d.end, 1) for d in doubts])
    counts = -np.cumsum([change for _, change in changes])
    return changes[int(counts.argmax())][0]


def _shown(plan: Plan, spans: Sequence[FrameSpan], must: set[int]) -> list[int]:
    """Frames of the spans, ascending: those that must be, and of the others few."""
    found: list[int] = []
    for first, end in runs(masked(spans, plan.frames)):
        for frame in range(first, end):
            last = found[-1] if found else first
            if frame in must or plan.seconds(frame + 1) - plan.seconds(last + 1) >= _STEP:
                found.append(frame)
    return found
