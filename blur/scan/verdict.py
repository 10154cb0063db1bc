"""The verdict on a covered tracklet, from its close-ups at several moments; see `examination`.

A wrong "no" is a leak. So a tracklet counts as none only if it was never seen well, if close-ups of
both detector families and the landmarks are silent at all moments, and if its place or its rarity
speaks against it: on a body, rarely or briefly seen, tiny where nobody is about, or `overlooked` by
many looks. One that the second family saw many times, however well, and the first hardly is none,
too. The dark, and a face cut by the picture's edge, silence every family: there no place is dropped
for its rarity; an overlooked place is dropped in the dark as well, a `hardly_seen` one in both, and
a weak one on a body that most looks pass over where half of its moments are in neither. No look
tells of places so dull, dark and flat, that no face would show: they stay. So does a place on a
body that looks see steadily, as they do a face in a mask, and no hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.plan import Box
from blur.scan.link import Tracklet, Verdict
from blur.scan.overlooked import (
    FEW,
    HARDLY,
    LITTLE,
    SELDOM,
    WEAK,
    hardly_seen,
    overlooked,
    seldom_seen,
)
from blur.scan.weed import SEEN_WELL, top

PROOF = 0.9
"""Presence of landmarks, upright, that proves a face; larger proves fewer. Of 130 patches of real
videos a single one reached it, under 14 pixels; so does a suit's collar in a photograph."""
PRESENT = 0.5
"""Presence in any turn, at the second best moment, from which nothing is dropped; larger drops
more."""
QUIET, SILENT = 0.24, 0.06
"""Answer of close-ups, CenterFace's and half of YuNet's, under which they speak for no face: on the
body of a proven face, and anywhere. Larger drops more. Clear faces of 31 filmed photographs answer
0.1 and more, hands and prints of 22 real videos 0.25 and less; 0.1 drops little more of these and
more of the blurred faces."""
RARE = 0.11
"""Mean score over all looks of a tracklet's span, unseen ones as 0, under which it is seen rarely;
larger drops more."""
_STEADY = 0.6
"""Share of looks that see a place on a body from which it is kept; larger drops more. Hands
and sleeves of 18 real videos that are seen four times and more reach 0.45. Of 136 masked, blurred
faces below a sure one in 40 films, 12 are as quiet in close-ups, and 0.62 of looks or more see
each of them."""
HUSHED = 0.4
"""Answer of close-ups under which they speak for no face where nobody is about; larger drops more.
Weak and tiny texture answers up to 0.34, weak and tiny faces of a crowd less."""
DARK = 24
"""Mean grey level, 0-255, of a close-up, under which no family sees: larger drops less at night."""
_FLAT, _BLACK, _DIM = 13.0, 10.0, 64.0
"""Standard deviation of a close-up's grey levels, 0-255, under which it is flat; and the mean ones
from which, and up to which, looks that pass over a flat place do not tell. A wider range drops less
in the dark. Of lone masked faces in 64 films that looks passed over, five had 11 to 49, and 4 to 12
of contrast. Blacker, patches of two real videos would cover 3 % of the picture, and no face shows.
"""
INSIDE = 0.9
"""Share of a box, a fifth larger, within the picture, under which no family sees; larger drops
less at the edges."""
_INSIDE_PASSED = 0.75
"""Likewise, of a place that is hardly seen though looks pass over it; larger drops less at the
edges. Hands at the lower edge of a real video lie 0.8 within, half a face would 0.5."""


class Finding(NamedTuple):
    """Close-ups of a moment: `answer` of the detectors, `upright` and `presence` of landmarks, 0
    to 1, whether the place is `fit` to see a face: lit, `plain` and inside the picture; the share
    of it `inside`, 0 to 1, and mean and standard deviation of its grey levels, `grey`, `contrast`.
    """

    frame: int
    box: Box
    answer: float
    upright: float
    presence: float
    fit: bool
    inside: float = 1.0
    grey: float = 128.0
    contrast: float = 64.0

    @property
    def plain(self) -> bool:
        """See `is_plain`."""
        return is_plain(self.grey, self.contrast)


def proven(found: Sequence[Finding]) -> bool:
    """Whether landmarks, upright, prove a face."""
    return any(f.upright >= PROOF for f in found)


def judged(
    tracklet: Tracklet, found: Sequence[Finding], on_body: bool, lone: bool = False
) -> Verdict:
    """The verdict on a tracklet as the first pass saw it, from its findings.

    `on_body`: it lies where a proven face's hands and clothes are. `lone`: it is weak and
    tiny, and nobody is about.
    """
    if proven(found):
        return Verdict.FACE
    best, seen = top(tracklet), tracklet.evidence.any(axis=1)
    fit, passed = sum(f.fit for f in found), on_body and tracklet.hits < SELDOM
    # On a body, of a place that most looks pass over, two moments tell at least; half, if weak.
    least = len(found) / 2 if passed and best < WEAK else len(found) // 2 + 1
    least = max(2 if passed else 1, least)
    if not found or best >= SEEN_WELL or fit < least:
        return Verdict.OPEN
    answer, presence = summed(found)
    if answer >= (HUSHED if lone else QUIET) or presence >= PRESENT:
        return Verdict.OPEN
    count = int(seen.sum())
    steady = count >= FEW and tracklet.hits >= _STEADY
    dropped = (
        lone
        or (on_body and not steady and (count >= FEW or best < WEAK))
        or (count >= FEW and _mass(tracklet) < RARE and answer < SILENT)
        or (count <= FEW and best < WEAK and answer < SILENT)
    )
    return Verdict.NONE if dropped else Verdict.UNLIKELY


def passed_over(
    pursued: Tracklet, found: Sequence[Finding], looked: npt.NDArray[np.intp], scale: float
) -> bool:
    """Whether whole looks, on the frames `looked`, passed a tracklet over after its pursuit, and
    its close-ups say as little.

    `scale` is that of `seen_by_one`.
    """
    answer, presence = summed(found)
    if _mostly(not f.plain and f.grey >= _BLACK for f in found):
        return False
    inside = _mostly(f.inside >= INSIDE for f in found)
    limit = LITTLE if inside and _mostly(f.plain for f in found) else SILENT
    if hardly_seen(pursued, looked) and answer < limit and presence < PRESENT:
        return _mostly(f.inside >= _INSIDE_PASSED for f in found)
    lit = _mostly(f.grey >= _DIM for f in found) and answer < LITTLE and presence < PRESENT
    seldom = lit and seldom_seen(pursued, looked, scale)
    return inside and (seldom or overlooked(pursued, looked, answer, presence))


def summed(found: Sequence[Finding]) -> tuple[float, float]:
    """The mean of the better half of the answers, and the second best presence."""
    answers = np.sort([f.answer for f in found])[::-1]
    presence = sorted(f.presence for f in found)[-2:][0]
    return float(answers[: better_half(len(answers))].mean()), presence


def is_plain(grey: float, contrast: float) -> bool:
    """Whether a face would show, by the mean and the standard deviation of grey levels, 0-255."""
    return contrast >= _FLAT or grey >= _DIM


def _mostly(answers: Iterable[bool]) -> bool:
    every = list(answers)
    return 2 * sum(every) > len(every)


def better_half(count: int) -> int:
    """The number of the better ones among `count` answers."""
    return (count + 1) // 2


def _mass(tracklet: Tracklet) -> float:
    """Mean score over the looks of its span, 0 to 1."""
    seen = tracklet.evidence.any(axis=1)
    return float(tracklet.evidence.max(axis=1)[seen].mean()) * tracklet.hits


def open_to_dropping(tracklet: Tracklet, on_body: bool) -> bool:
    """Whether silent close-ups could drop a tracklet."""
    best, count = top(tracklet), int(tracklet.evidence.any(axis=1).sum())
    rare = count >= FEW and _mass(tracklet) < RARE
    return best < SEEN_WELL and (
        rare or (count <= FEW and best < WEAK) or (count >= FEW and on_body)
    )


def keeping_answer(tracklet: Tracklet) -> float:
    """Answer of close-ups from which looks that pass a tracklet over cannot drop it."""
    return LITTLE if len(tracklet) <= FEW else HARDLY
