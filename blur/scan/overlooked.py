"""Places that looks pass over: all looks at many frames, or all of a family's.

A face that flow can follow is there to be seen; a weak sighting that hardly any look repeats is
texture, and so is a place that the second family sees again and again and the first hardly. Takes
tracklets after their pursuit, and never pixels.

    rule             sightings             best score   looks that passed   answer of close-ups
    hardly_seen      FEW                   WEAK         _PASSED_FEW         LITTLE
    seldom_seen      FEW, large            _FAINT       PASSED              LITTLE, in the light
    overlooked       a share of SELDOM     _FAINT       PASSED              HARDLY
                     a share of _OFTEN     _FAINT       PASSED              _SILENT
    seen_by_one      _ALONE by the second  SURE                             ASIDE, MUTE
    judged_by_looks  in no whole look      _BRIEF_FAINT PASSED              none is taken

Sightings and scores are the most, passed looks the least; `verdict.passed_over` holds the answers
of close-ups against them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from blur.data.boxes import sizes
from blur.scan.link import Tracklet, Verdict
from blur.scan.weed import sure, top

PASSED = 12
"""Whole looks that a followed place must have passed unseen to be none; larger keeps more patches.
Of 31 filmed clips, 60 brief films and 18 real videos, brief faces passed 4 at most between their
sightings, brief patches 15 and 28. In crowds it tells nothing: a masked face of 14 pixels among 25
is seen by 6 of 30 looks."""

_FAINT = 0.45
"""Best score under which passed looks make a place none; larger drops more. Of faces that passed 10
looks and whose close-ups are as silent, one inside the picture reached 0.57, patches 0.42."""

_BRIEF_FAINT = 0.5
"""Likewise for brief ones, the mean of the three best: patches reached 0.42, faces 0.55 and more.
"""

SELDOM, HARDLY = 0.25, 0.1
"""Share of its looks that see a place, and answer of close-ups at the best of these, under which it
is none; larger drops more. Of faces that passed 10 looks, one is as weak: 150 pixels, half out of
the picture; the next answers 0.12. 0.2 and 0.08 drop a seventh less of the area of patches."""

_OFTEN, _SILENT, _ABSENT = 0.5, 0.02, 0.1
"""Likewise, a larger share where close-ups and landmarks, in any turn, are wholly silent."""

FEW = 3
"""Sightings, at most, that are too few for a share of looks to tell; larger judges more places by
their weakness alone."""
WEAK = 0.3
"""Best score, or mean of the three best, under which so few may be dropped; larger drops more brief
faces. On a body, none of 31 filmed clips and 18 real videos is weaker than 0.38."""

_PASSED_FEW = 5
"""Whole looks that passed over so few and so weak sightings, from which a place is hardly seen, in
any light; larger keeps more patches. Of 31 filmed clips and 60 brief films, faces outside crowds
that close-ups hardly answer were passed 4 times at most, 20 patches of 18 real videos 5 to 16
times; in crowds of masked faces of 10 to 23 pixels, where nothing is dropped, 14 times."""

LITTLE = 0.2
"""Answer of close-ups under which they speak for no place that few looks of many saw, where a face
would show; larger drops more. Of faces that looks pass over so often, all in crowds, where nothing
is dropped, one answers 0.14, at grey 31, the next 0.23; 13 patches of real videos 0.11 to 0.2."""

_ALONE, _BESIDE = 10, 8
"""Sightings by the second family, from which a place is none if the first shares an eighth of them
at most; larger ones keep more texture. Of 151 faces with 12 sightings and more the first family
sees 44 % at least, and of a masked, lying one of 440 pixels in a film of few bits 4 of 17; 7 of 9
coins, stones and pages of print are seen 15 to 48 times, at up to 0.84, by the second alone."""

_PLAIN = 24.0
"""Pixels of the pictures that faces are followed on, mean size from which the first family would
see a face as well: its looks are as large, or half as large. Larger keeps more texture."""

_LARGE = 20.0
"""Likewise, from which a few faint sightings of many looks tell; larger keeps more patches. Turned
heads of pedestrians, 8 pixels large, are seen as seldom, at up to 0.44."""

ASIDE, MUTE = 0.35, 0.3
"""Answer of close-ups, and best presence of landmarks in any turn at any moment, under which a
place `seen_by_one` is none; larger ones drop more. Gravel answers up to 0.29, by its second family
alone; a masked, lying face, seen by both, 0.1, and another 0.08 with a presence of 0.07 to 0.77.
Nine stones, coins and pages of print reach 0.23."""


def passed(tracklet: Tracklet, looked: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The frames, of the ascending `looked` ones of whole looks, on which a place was followed and
    no look saw it."""
    unseen = tracklet.frames[~tracklet.evidence.any(axis=1)]
    return looked[np.isin(looked, unseen)]


def overlooked(
    tracklet: Tracklet, looked: npt.NDArray[np.intp], answer: float, presence: float
) -> bool:
    """Whether looks and close-ups together make a tracklet none.

    `answer` and `presence`, 0 to 1, are those of close-ups at its best sightings.
    """
    count = len(passed(tracklet, looked))
    if count < PASSED or not may_be_overlooked(tracklet):
        return False
    seen = _sightings(tracklet)
    share = seen / (seen + count)
    seldom = share < SELDOM and answer < HARDLY
    return seldom or (share < _OFTEN and answer < _SILENT and presence < _ABSENT)


def hardly_seen(tracklet: Tracklet, looked: npt.NDArray[np.intp]) -> bool:
    """Whether many whole looks passed over a place that few sightings, all weak, are at."""
    weak = _sightings(tracklet) <= FEW and tracklet.evidence.max() < WEAK
    return bool(weak and len(passed(tracklet, looked)) >= _PASSED_FEW)


def seldom_seen(tracklet: Tracklet, looked: npt.NDArray[np.intp], scale: float) -> bool:
    """Whether few of many whole looks saw a place of some size, and none plainly; `scale` as in
    `seen_by_one`."""
    many = len(passed(tracklet, looked)) >= PASSED
    large = float(sizes(tracklet.boxes).mean()) >= _LARGE * scale
    few = _sightings(tracklet) <= FEW
    return few and many and large and may_be_overlooked(tracklet)


def may_be_overlooked(tracklet: Tracklet) -> bool:
    """Whether a tracklet, before its pursuit, is weak enough."""
    return not sure(tracklet).any() and float(tracklet.evidence.max()) < _FAINT


def seen_by_one(tracklet: Tracklet, scale: float) -> bool:
    """Whether the second family, all but alone, sees a place again and again; `scale` is square
    pixels of the clip per pixel of the pictures that faces are followed on."""
    first, second = np.count_nonzero(tracklet.evidence, axis=0)
    alone = second >= _ALONE and first * _BESIDE <= second
    plain = float(sizes(tracklet.boxes).mean()) >= _PLAIN * scale
    return bool(alone and plain and not sure(tracklet).any())


def _sightings(tracklet: Tracklet) -> int:
    return int(np.count_nonzero(tracklet.evidence.any(axis=1)))


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
