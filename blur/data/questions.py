"""Doubts of a clip that one look answers together: at one place of the picture, about one cover, or
near each other in place and time, as those about a person who comes and goes from view; what covers
too much harms nobody, and is asked about once a clip.

A person is asked by question. Geometry and time as in `data.plan`.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from blur.data.answers import Group
from blur.data.moments import Way, together, way_of
from blur.data.overlap import overlaps
from blur.data.plan import Doubt, Plan
from blur.data.spans import FrameSpan, masked, runs

_NEAR = 1.0
"""Seconds between two doubts that are one question beside each other, and are played in one loop;
larger makes longer loops."""
_LONGEST = 10.0
"""Seconds of a loop of several doubts, and of a question about places beside each other; larger
asks less often, about more at a time."""
_STILL = 12.0
"""Seconds of all doubts of a question that stills are shown of; a larger value makes more stills of
a place. Of 13 such questions of 18 hard videos the longest takes 1.5 s."""
_SAME = 0.3
"""Overlap (IoU) of two places from which they are one, as a wall's is again after each cut; larger
asks about it more often."""
_MOST = 24
"""Doubts in a question about faces that may show: each is one more picture to look at."""
_COVERS = 200
"""Covers in a question about too many of them; larger makes requests that name them longer."""


@dataclass(slots=True)
class Question:
    """Doubts of one group, the gravest first, and the frames [start, end) to play: the gravest's,
    with those of others that are near."""

    doubts: list[Doubt]
    start: int
    end: int

    def is_still(self, plan: Plan) -> bool:
        """Whether stills tell as much as a loop: of places that are doubted briefly, and of covers
        that harm nobody."""
        match Group.of(self.doubts[0].reason):
            case Group.KEPT:
                return False
            case Group.EXCESS:
                return True
            case Group.EXPOSED:
                return _seconds(plan, self.doubts) <= _STILL and all(d.box for d in self.doubts)


def questions(plan: Plan, doubts: Sequence[Doubt]) -> list[Question]:
    """Every doubt in one question; the questions in the order of their first doubts, `doubts` from
    the gravest on. About who somebody is, and about whole pictures, each is asked alone."""
    rank = {id(doubt): number for number, doubt in enumerate(doubts)}
    tracks = {track.id: track for track in plan.tracks}
    found: list[list[_Placed]] = []
    for doubt in sorted(doubts, key=lambda d: (d.start, rank[id(d)])):
        placed = _Placed(doubt, way_of(doubt, tracks), bisect.bisect_right(plan.cuts, doubt.start))
        asked = next((one for one in found if _joins(plan, one, placed)), None)
        if asked is None:
            found.append(asked := [])
        asked.append(placed)
    groups = [sorted((p.doubt for p in asked), key=lambda d: rank[id(d)]) for asked in found]
    groups.sort(key=lambda group: rank[id(group[0])])
    return [Question(group, *_played(plan, group)) for group in groups]


class _Placed(NamedTuple):
    """A doubt, where it is if anywhere, and the number of its shot."""

    doubt: Doubt
    way: Way | None
    shot: int


def _joins(plan: Plan, asked: Sequence[_Placed], new: _Placed) -> bool:
    first, doubt = asked[0].doubt, new.doubt
    group = Group.of(doubt.reason)
    if group is not Group.of(first.reason):
        return False
    match group:
        case Group.KEPT:
            return False
        case Group.EXCESS:
            alike = (doubt.reason, doubt.track is None) == (first.reason, first.track is None)
            return alike and len(asked) < _COVERS
        case Group.EXPOSED:
            if len(asked) == _MOST or None in (doubt.box, first.box, new.way):
                return False
            return _is_there(asked, doubt) or _is_beside(plan, asked, new)


def _is_there(asked: Sequence[_Placed], doubt: Doubt) -> bool:
    """Whether it is about the track, or at the uncovered place, of doubts that are asked about."""
    if doubt.track is not None:
        return any(other.doubt.track == doubt.track for other in asked)
    places = [other.doubt.box for other in asked if other.doubt.track is None]
    here = np.array([doubt.box], np.float32)
    shared, _ = overlaps(np.array(places, np.float32).reshape(-1, 5), here)
    return bool((shared >= _SAME).any())


def _is_beside(plan: Plan, asked: Sequence[_Placed], new: _Placed) -> bool:
    """Whether it belongs to a few seconds of a shot in which a still shows all that is asked about
    at a time. It begins no earlier than the others."""
    first, last = new.doubt.start, new.doubt.end - 1
    start = min(other.doubt.start for other in asked)
    end = max(new.doubt.end, *(other.doubt.end for other in asked))
    if any(o.shot != new.shot for o in asked) or _apart(plan, start, end) > _LONGEST:
        return False
    near = [o for o in asked if _apart(plan, o.doubt.end, first) <= _NEAR]
    for frame in (first, (first + last) // 2, last):
        there = [o for o in near if frame == first or frame < o.doubt.end]
        places = [o.way.at(min(frame, o.doubt.end - 1)) for o in (*there, new) if o.way]
        if together(places) is None:
            return False
    return bool(near)


def _played(plan: Plan, doubts: Sequence[Doubt]) -> FrameSpan:
    """The frames of the gravest doubt, the first, and of those around it that a loop can show."""
    start, end = doubts[0].start, doubts[0].end
    for doubt in sorted(doubts, key=lambda d: max(d.start - start, end - d.end)):
        first, last = min(start, doubt.start), max(end, doubt.end)
        apart = _apart(plan, min(end, doubt.end), max(start, doubt.start))
        within = (first, last) == (start, end)
        if within or (apart <= _NEAR and _apart(plan, first, last) <= _LONGEST):
            start, end = first, last
    return start, end


def _apart(plan: Plan, before: int, after: int) -> float:
    """Seconds between two frames, 0 where the first is no earlier."""
    return plan.seconds(after) - plan.seconds(before) if before < after else 0.0


def _seconds(plan: Plan, doubts: Sequence[Doubt]) -> float:
    """Seconds of the clip that lie in some of the doubts."""
    spans = runs(masked([(d.start, d.end) for d in doubts], max(d.end for d in doubts)))
    return sum(plan.seconds(end) - plan.seconds(start) for start, end in spans)
