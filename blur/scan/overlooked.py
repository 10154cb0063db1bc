"""Places that whole looks pass over: followed through many looks that see nothing there.

A face that flow can follow is there to be seen; a weak sighting that hardly any look repeats is
texture. Takes tracklets after their pursuit, and never pixels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from blur.scan.link import Tracklet, Verdict
from blur.scan.weed import sure, top

PASSED = 12
"""Whole looks that a followed place must have passed unseen to be none; larger keeps more patches.
Of 31 filmed clips, 60 brief films and 18 real videos, brief faces passed 4 at most between their
sightings, brief patches 15 and 28."""

_FAINT = 0.45
"""Best score up to which passed looks make a place none; larger drops more. Of faces that passed 10
looks and whose close-ups are as silent, one inside the picture reached 0.57, patches 0.42."""

_BRIEF_FAINT = 0.5
"""Likewise for brief ones, the mean of the three best: patches reached 0.42, faces 0.55 and more.
"""

_SELDOM, HARDLY = 0.25, 0.1
"""Share of its looks that see a place, and answer of close-ups at the best of these, under which it
is none; larger drops more. Of faces that passed 10 looks, one is as weak: 150 pixels, half out of
the picture; the next answers 0.12. 0.2 and 0.08 drop a seventh less of the area of patches."""

_OFTEN, _SILENT, _ABSENT = 0.5, 0.02, 0.1
"""Likewise, a larger share where close-ups and landmarks, in any turn, are wholly silent."""


def passed(tracklet: Tracklet, looked: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The frames of those whole looks, of ascending `looked`, that a followed place was on and that
    did not see it."""
    unseen = tracklet.frames[~tracklet.evidence.any(axis=1)]
    return looked[np.isin(looked, unseen)]


def overlooked(
    tracklet: Tracklet, looked: npt.NDArray[np.intp], answer: float, presence: float
) -> bool:
    """Whether looks and close-ups together make a tracklet none.

    `answer` and `presence`, 0 to 1, are those of close-ups at its best sightings.
    """
    count = len(passed(tracklet, looked))
    if count < PASSED or sure(tracklet).any() or tracklet.evidence.max() >= _FAINT:
        return False
    seen = int(tracklet.evidence.any(axis=1).sum())
    share = seen / (seen + count)
    seldom = share < _SELDOM and answer < HARDLY
    return seldom or (share < _OFTEN and answer < _SILENT and presence < _ABSENT)


def may_be_overlooked(tracklet: Tracklet) -> bool:
    """Whether a tracklet, before its pursuit, is weak enough."""
    return not sure(tracklet).any() and float(tracklet.evidence.max()) < _FAINT


def judged_by_looks(tracklet: Tracklet, looked: npt.NDArray[np.intp]) -> Tracklet:
    """A brief tracklet, after its pursuit, with verdict `NONE` if it is no face, nor brief.

    `looked` are the frames of the whole looks, none of which saw it. A place that was followed from
    a faint sighting to another past many of them was there to be seen.
    """
    seen = tracklet.frames[tracklet.evidence.any(axis=1)]
    between = passed(tracklet, looked)
    count = np.count_nonzero((seen[0] < between) & (between < seen[-1]))
    none = count >= PASSED and top(tracklet) < _BRIEF_FAINT and not sure(tracklet).any()
    return replace(tracklet, verdict=Verdict.NONE) if none else tracklet
