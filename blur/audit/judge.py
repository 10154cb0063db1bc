"""A suspect's likelihood to be a face that shows. Takes boxes and scores, never pixels."""

from __future__ import annotations

import bisect
import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import structs

from blur.audit.exposure import EXPOSED
from blur.data.findings import Residual, Suspect
from blur.data.overlap import faces, same_sighting
from blur.data.plan import Box

WEIGHTS = {
    "partly": -1.0,
    "small": 0.6,
    "centerface": 3.9,
    "yunet": 1.7,
    "blazeface-short": 1.25,
    "blazeface-full": 0.3,
    "centerface close-up": 4.6,
    "yunet close-up": 3.3,
}
"""Log-odds a unit of each feature; larger makes its evidence count more."""

BIAS = -2.7
"""Log-odds of a suspect whose features are all 0; larger fails more clips."""
_SMALL = 60.0
"""Pixels, size of a suspect below which it counts against a face: at ten, any texture looks like a
face. Larger dismisses more small faces."""

RESIDUAL_BAR = 0.82
"""Likelihood from which an exposed suspect is a residual face; larger misses more faces, smaller
fails more clips for hands and prints. Over photographs filmed with a moving camera, 93 of 100
faces pass at a single look; the others are dark or turned away."""

FAINT = 0.5
"""Likelihood from which a suspect is covered when a clip is rendered again anyway; smaller covers
more texture."""

HINT = 0.25
"""Likelihood from which a suspect is kept until `recurring`; smaller lets fainter ones add up."""

WORTH = 0.18
"""Likelihood after the first close-ups from which the dearer second ones are taken; larger saves
time. No suspect below has passed `RESIDUAL_BAR`."""

_WHOLE = 0.95
"""Share outside all covers above which a suspect counts as wholly in the open: the edges of covers
make shapes of their own."""

_APART, _LONG = 6, 48
"""Frames between two looks that back each other, at least and at most: nearer looks repeat the
picture and its errors. A larger least lets fewer suspects recur, a larger most takes passers-by for
each other."""
_BACKING, _WITNESSES = 0.3, 4
"""Share of other looks' evidence that counts, and the number of those looks at most; larger lets
weaker suspects pass by recurring."""


def likelihood(suspect: Suspect, bare: float | None = 1.0) -> float:
    """Likelihood, 0 to 1, that a suspect is a face that shows, by a logistic fit over the audit's
    looks at photographs filmed with a moving camera; `tests/bench/fit.py` refits it.

    `bare` is the share of it outside all covers: None (kept clear) gives 0, and so does a share up
    to `EXPOSED` unless two families see it.
    """
    if bare is None or (bare <= EXPOSED and len(_families(suspect.evidence)) < 2):
        return 0.0
    odds = BIAS + sum(WEIGHTS[name] * value for name, value in features(suspect, bare).items())
    return 1 / (1 + math.exp(-odds))


def features(suspect: Suspect, bare: float) -> dict[str, float]:
    """A suspect's evidence as `likelihood` weighs it.

    1 if covers hide part of it, e-folds that it is smaller than `_SMALL` (0 or negative), best
    score of each detector that saw it, and answer of each family's close-ups (0 to 1).
    """
    return {
        "partly": float(bare <= _WHOLE),
        "small": min(0.0, math.log(math.sqrt(suspect.box.w * suspect.box.h) / _SMALL)),
        **suspect.evidence,
        **{f"{family} close-up": answer for family, answer in suspect.answers.items()},
    }


def may_be_cover(bare: float, sure: float) -> bool:
    """Whether a suspect that would be covered lies on a cover that may be all there is of it: it
    hardly shows, or is faint."""
    return sure >= FAINT and (bare <= EXPOSED or (bare <= _WHOLE and sure < RESIDUAL_BAR))


def distinct(residuals: Iterable[Residual]) -> list[Residual]:
    """The surest residual of each face on each frame, by frame."""
    kept: list[Residual] = []
    for here in by_frame(residuals).values():
        here.sort(key=lambda r: -r.sure)
        kept += [here[best] for best, _ in faces(np.array([r.box for r in here], np.float32))]
    return kept


def recurring(residuals: Iterable[Residual]) -> list[Residual]:
    """All residuals by frame, hints made surer by hints in their place at other looks.

    A fold looks like a face for a moment, a face for longer. Hints are below `RESIDUAL_BAR`, in
    the open, and seen by two families.
    """
    frames = by_frame(residuals)
    hints = {frame: [r for r in here if _is_hint(r)] for frame, here in frames.items()}
    times = list(frames)
    found = []
    for frame, here in frames.items():
        first, last = bisect.bisect_left(times, frame - _LONG), bisect.bisect(times, frame + _LONG)
        others = [hints[t] for t in times[first:last] if abs(t - frame) >= _APART]
        found += [_backed(r, others) if _is_hint(r) else r for r in here]
    return found


def by_frame(residuals: Iterable[Residual]) -> dict[int, list[Residual]]:
    """Residuals of each frame, in the order of frames."""
    frames: dict[int, list[Residual]] = defaultdict(list)
    for residual in residuals:
        frames[residual.frame].append(residual)
    return dict(sorted(frames.items()))


def _is_hint(residual: Residual) -> bool:
    families = _families(residual.seen_by)
    return residual.sure < RESIDUAL_BAR and residual.bare > _WHOLE and len(families) > 1


def _families(detectors: Iterable[str]) -> set[str]:
    return {name.split("-")[0] for name in detectors}


def _backed(hint: Residual, others: Sequence[Sequence[Residual]]) -> Residual:
    """The hint with a share of the strongest evidence in its place; `others` holds the hints of
    each other look."""
    evidence = heapq.nlargest(_WITNESSES, (_evidence_at(hint.box, seen) for seen in others))
    odds = _log_odds(hint.sure) + _BACKING * sum(evidence)
    return structs.replace(hint, sure=round(1 / (1 + math.exp(-odds)), 3))


def _evidence_at(box: Box, hints: Sequence[Residual]) -> float:
    """Log-odds above the bias of the surest hint of the face in `box`; 0 without any."""
    boxes = np.array([box, *(r.box for r in hints)], np.float32)
    here = same_sighting(boxes)[0, 1:].tolist()
    return max((_log_odds(r.sure) - BIAS for r, h in zip(hints, here, strict=True) if h), default=0)


def _log_odds(sure: float) -> float:
    sure = min(sure, 0.999)
    return math.log(sure / (1 - sure))
