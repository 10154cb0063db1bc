"""Which of an audit's suspects are faces that show. Takes boxes and scores only, never pixels."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import structs

from blur.data.findings import Residual, Suspect
from blur.data.overlap import is_kept, same_sighting
from blur.data.plan import Box, Track

Outline = npt.NDArray[np.float32]
"""(n, 2) vertices x, y of a convex polygon, display coordinates."""

_WEIGHTS = {"centerface": 3.9, "yunet": 1.7, "blazeface-short": 1.25, "blazeface-full": 0.3}
_ANSWERED = {"centerface": 4.6, "yunet": 3.3}
_SMALL = 0.6, 60.0
"""Log-odds lost for each e-fold that a suspect is smaller than so many pixels: texture of some ten
pixels looks like anything."""
_BIAS = -2.7

BAR = 0.82
"""Likelihood from which an exposed suspect is a residual face. Over photographs filmed with a
moving camera, 93 of 100 faces pass it at a single look and what fails is dark or turned away;
hands and prints, which look most like faces, stay below."""

FAINT = 0.5
"""Likelihood from which a suspect is likelier a face than not: no reason to render a clip again,
but covered where that happens."""

HINT = 0.25
"""Likelihood from which a suspect may become surer by what else is seen in its place."""

_APART, _LONG = 6, 48
"""Frames between two looks that back each other, at least and at most."""

_BACKING, _WITNESSES = 0.3, 4
"""Share of the evidence of other looks that counts, and how many of them: what they see is mostly
the same picture again."""

WORTH = 0.18
"""Likelihood, after the first close-ups, from which a suspect is worth the dearer second ones: of
what stays below, nothing has passed the bar."""

_WHOLE = 0.95
_PARTLY = 1.0
"""Log-odds that a suspect loses when covers hide some of it: they make shapes of their own."""

EXPOSED = 0.25
"""Share of a face that must be outside all covers for the face to be exposed."""

SLIVER = 0.05
"""The same where a cover is known to be missing."""

_POINTS = 16


def likelihood(suspect: Suspect, bare: float | None = 1.0) -> float:
    """How likely a suspect, of which the share `bare` is uncovered, is a face that shows, 0 to 1;
    0 where `bare` is None, of a face that is to be seen.

    A logistic fit over what the audit's looks see on photographs filmed with a moving camera. In
    a cover there is a face only where two families see it.
    """
    if bare is None or (bare <= EXPOSED and len(_families(suspect.evidence)) < 2):
        return 0.0
    odds = _BIAS - (0.0 if bare > _WHOLE else _PARTLY)
    weight, size = _SMALL
    odds += weight * min(0.0, math.log(math.sqrt(suspect.box.w * suspect.box.h) / size))
    odds += sum(_WEIGHTS[name] * score for name, score in suspect.evidence.items())
    odds += sum(_ANSWERED[name] * score for name, score in suspect.answers.items())
    return 1 / (1 + math.exp(-odds))


class Cover:
    """What of a face shows in a covered clip of `width` x `height`.

    `outlines` gives the covers of a frame; `kept` are the faces that a person keeps clear.
    """

    def __init__(
        self,
        outlines: Callable[[int], Sequence[Outline]],
        kept: Sequence[Track],
        width: int,
        height: int,
    ) -> None:
        self._outlines, self._kept, self._size = outlines, kept, (width, height)
        self._frame = -1
        self._here: Sequence[Outline] = ()

    def bare(self, frame: int, box: Box) -> float | None:
        """Share of the face in `box`, as far as it lies in the picture, outside of all covers;
        None when it is to be seen."""
        if any(is_kept(box, known) for t in self._kept if (known := t.box(frame)) is not None):
            return None
        if frame != self._frame:
            self._frame, self._here = frame, self._outlines(frame)
        points = _ellipse(box)
        points = points[((points >= 0) & (points < self._size)).all(axis=1)]
        if not len(points):
            return 0.0
        free = np.ones(len(points), bool)
        low, high = points.min(0), points.max(0)
        for outline in self._here:
            if (outline.min(0) <= high).all() and (outline.max(0) >= low).all():
                free &= ~_in_convex(points, outline)
        return float(free.mean())

    def exposes(self, frame: int, box: Box, share: float = EXPOSED) -> bool:
        """Whether more than `share` of the face shows that must not."""
        return (self.bare(frame, box) or 0.0) > share


def distinct(residuals: Iterable[Residual]) -> list[Residual]:
    """One for each face on each frame, the surest; in order of time."""
    kept: list[Residual] = []
    for _, here in sorted(by_frame(residuals).items()):
        here.sort(key=lambda r: -r.sure)
        same = same_sighting(np.array([r.box for r in here], np.float32))
        kept += [r for i, r in enumerate(here) if not same[i, :i].any()]
    return kept


def recurring(residuals: Iterable[Residual]) -> list[Residual]:
    """The same, in order of time; what is below the bar, but what two families have seen in the
    open, is made surer by the like in its place at other looks.

    A fold that looks like a face does so for a moment; what goes on doing so is one.
    """
    frames = sorted(by_frame(residuals).items())
    times = [frame for frame, _ in frames]
    hints = [[r for r in here if _is_hint(r)] for _, here in frames]
    found = []
    for frame, here in frames:
        first, last = (bisect.bisect(times, frame + reach) for reach in (-_LONG - 1, _LONG))
        others = [hints[i] for i in range(first, last) if abs(times[i] - frame) >= _APART]
        found += [_backed(r, others) if _is_hint(r) else r for r in here]
    return found


def _is_hint(one: Residual) -> bool:
    return one.sure < BAR and one.bare > _WHOLE and len(_families(one.seen_by)) > 1


def _families(detectors: Iterable[str]) -> set[str]:
    return {name.split("-")[0] for name in detectors}


def _backed(one: Residual, others: Sequence[Sequence[Residual]]) -> Residual:
    """A residual with part of the evidence from other looks, whose residuals `others` are."""
    backing = sorted((_evidence_in_place(one, seen) for seen in others), reverse=True)[:_WITNESSES]
    odds = _log_odds(one.sure) + _BACKING * sum(backing)
    return structs.replace(one, sure=round(1 / (1 + math.exp(-odds)), 3))


def _evidence_in_place(one: Residual, seen: Sequence[Residual]) -> float:
    boxes = np.array([one.box, *(r.box for r in seen)], np.float32)
    same = same_sighting(boxes)[0, 1:]
    return max((_log_odds(r.sure) - _BIAS for r, s in zip(seen, same, strict=True) if s), default=0)


def _log_odds(sure: float) -> float:
    sure = min(sure, 0.999)
    return math.log(sure / (1 - sure))


def by_frame(residuals: Iterable[Residual]) -> dict[int, list[Residual]]:
    frames: dict[int, list[Residual]] = defaultdict(list)
    for residual in residuals:
        frames[residual.frame].append(residual)
    return frames


def _ellipse(box: Box) -> npt.NDArray[np.float64]:
    """Points spread evenly over the ellipse in a turned box."""
    steps = (np.arange(_POINTS) + 0.5) / _POINTS * 2 - 1
    u, v = (axis.ravel() for axis in np.meshgrid(steps, steps))
    disc = u**2 + v**2 <= 1
    across, down = u[disc] * box.w / 2, v[disc] * box.h / 2
    cos, sin = math.cos(math.radians(box.angle)), math.sin(math.radians(box.angle))
    return np.stack([box.cx + cos * across - sin * down, box.cy + sin * across + cos * down], 1)


def _in_convex(points: npt.NDArray[np.float64], outline: Outline) -> npt.NDArray[np.bool_]:
    start = outline.astype(np.float64)
    side = np.roll(start, -1, axis=0) - start
    away = points[:, None] - start[None]
    cross = side[None, :, 0] * away[..., 1] - side[None, :, 1] * away[..., 0]
    return np.asarray((cross >= 0).all(axis=1) | (cross <= 0).all(axis=1))
