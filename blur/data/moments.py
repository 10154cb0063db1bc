"""The frames of doubts that a person looks at as stills, and the part of each to show.

Geometry and time as in `data.plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from blur.data.paths import interpolate
from blur.data.plan import Box, Doubt, Plan

_STEP = 0.1
"""Seconds of a doubt between two frames that are shown stay below this: what viewers see for as
long, the reviewer sees. Larger shows fewer frames."""
_REACH = 2.5
"""Face sizes from the centre of a still to its edge; larger shows faces smaller."""
_LEAST = 40.0
"""Pixels from the centre to the edge, at least: a smaller value enlarges noise."""
_HELD = 3
"""Tenths of a second for which a moment without neighbours is shown; larger takes longer."""


def moments(plan: Plan, doubts: Iterable[Doubt]) -> list[tuple[int, Box]]:
    """Frames ascending, each with the square around a doubt's place there; all doubts have a place.
    Of every doubt the first and the last frame, those on which a detector saw it, and others so
    near each other that less than `_STEP` between them is not shown."""
    return sorted({moment for doubt in doubts for moment in _moments(plan, doubt)})


def beats(plan: Plan, frames: Sequence[int]) -> list[int]:
    """Tenths of a second for which each of the ascending frames is shown: as in the film where they
    follow each other, else `_HELD`."""
    times = np.array([plan.seconds(frame) for frame in frames])
    near = np.concatenate([[False], np.diff(times) <= 2 * _STEP, [False]])
    return [1 if one else _HELD for one in (near[1:] | near[:-1]).tolist()]


def fullest(doubts: Sequence[Doubt]) -> int:
    """The frame that the most doubts are about, the first such."""
    changes = sorted([(d.start, -1) for d in doubts] + [(d.end, 1) for d in doubts])
    counts = -np.cumsum([change for _, change in changes])
    return changes[int(counts.argmax())][0]


def _moments(plan: Plan, doubt: Doubt) -> Iterator[tuple[int, Box]]:
    track = next((t for t in plan.tracks if t.id == doubt.track), None)
    if track is not None:
        start, boxes = track.start, [Box(*row) for row in track.boxes.tolist()]
    elif doubt.path:
        start, rows = interpolate(doubt.path)
        boxes = [Box(*row) for row in rows.tolist()]
    else:
        start, boxes = doubt.start, [doubt.box] if doubt.box else []
    wanted = {doubt.start, doubt.end - 1, *(key.frame for key in doubt.path)}
    last = doubt.start
    for frame in range(doubt.start + 1, doubt.end - 1):
        if plan.seconds(frame + 1) - plan.seconds(last + 1) >= _STEP:
            wanted.add(frame)
            last = frame
    for frame in wanted if boxes else ():
        yield frame, _square(boxes[min(max(frame - start, 0), len(boxes) - 1)])


def _square(box: Box) -> Box:
    reach = max(_LEAST, _REACH * max(box.w, box.h))
    return Box(box.cx, box.cy, 2 * reach, 2 * reach)
