"""Doubts of a clip that one look answers together: at one place of the picture, or about one cover;
what covers too much harms nobody, and is asked about once a clip.

A person is asked by question. Geometry and time as in `data.plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from blur.data.answers import Group
from blur.data.overlap import iou
from blur.data.plan import Doubt, Plan

_NEAR = 1.0
"""Seconds between two doubts that are played in one loop; larger makes longer loops."""
_LONGEST = 10.0
"""Seconds of a loop of several doubts; larger asks less often, about more at a time."""
_STILL = 12.0
"""Seconds of all doubts of a question that stills are shown of; a larger value makes more stills of
a place."""
_SAME = 0.3
"""Overlap (IoU) of two places from which they are one, as a wall's is again after each cut; larger
asks about it more often."""
_MOST = 24
"""Doubts in a question about faces that may show: each is one more picture to look at."""
_COVERS = 200
"""Covers in a question about too many of them; larger makes requests that name them longer."""


@dataclass(slots=True)
class Question:
    """Doubts of one reason, the gravest first, and the frames [start, end) to play: the gravest's,
    with those of others that are near."""

    doubts: list[Doubt] = field(default_factory=list)
    start: int = 0
    end: int = 0

    def is_still(self, plan: Plan) -> bool:
        """Whether stills tell as much as a loop: of places that are doubted briefly, and of covers
        that harm nobody."""
        match Group.of(self.doubts[0].reason):
            case Group.KEPT:
                return False
            case Group.EXCESS:
                return True
            case Group.EXPOSED:
                seconds = sum(plan.seconds(d.end) - plan.seconds(d.start) for d in self.doubts)
                return seconds <= _STILL and all(doubt.box for doubt in self.doubts)


def questions(plan: Plan, doubts: Sequence[Doubt]) -> list[Question]:
    """Every doubt in one question; the questions in the order of their first doubts, `doubts` from
    the gravest on. About who somebody is, and about whole pictures, each is asked alone."""
    found: list[Question] = []
    for doubt in doubts:
        asked = next((one for one in found if _joins(one, doubt)), None)
        if asked is None:
            found.append(Question([doubt], doubt.start, doubt.end))
            continue
        asked.doubts.append(doubt)
        if _is_near(plan, asked, doubt):
            asked.start, asked.end = min(asked.start, doubt.start), max(asked.end, doubt.end)
    return found


def _joins(asked: Question, doubt: Doubt) -> bool:
    first = asked.doubts[0]
    if (doubt.reason, doubt.track is None) != (first.reason, first.track is None):
        return False
    match Group.of(doubt.reason):
        case Group.KEPT:
            return False
        case Group.EXCESS:
            return len(asked.doubts) < _COVERS
        case Group.EXPOSED:
            if len(asked.doubts) == _MOST or None in (doubt.box, first.box):
                return False
            if doubt.track is None:
                return _is_there(asked, doubt)
            return doubt.track == first.track


def _is_near(plan: Plan, asked: Question, doubt: Doubt) -> bool:
    """Whether a loop can show the doubt too."""
    start, end = min(asked.start, doubt.start), max(asked.end, doubt.end)
    gap = max(asked.start, doubt.start), min(asked.end, doubt.end)
    apart = plan.seconds(gap[0]) - plan.seconds(gap[1]) if gap[0] > gap[1] else 0.0
    within = (start, end) == (asked.start, asked.end)
    return within or (apart <= _NEAR and plan.seconds(end) - plan.seconds(start) <= _LONGEST)


def _is_there(asked: Question, doubt: Doubt) -> bool:
    """Whether it is at the place of a doubt that is asked about already."""
    places = np.array([other.box for other in asked.doubts], np.float32)
    here = np.repeat(np.array([doubt.box], np.float32), len(places), axis=0)
    return bool((iou(places, here) >= _SAME).any())
