"""Weeding: faces told from false detections by all evidence of a tracklet."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blur.data.boxes import sizes
from blur.scan.link import Tracklet, Verdict

WEIGHTS = {
    "best": 4.1,
    "mean": 6.1,
    "second": 1.4,
    "size": -0.6,
    "agreement": -0.6,
    "hits": 0.7,
    "answer": 3.0,
}
"""Log-odds a unit of each feature; larger makes its evidence count more."""

BIAS = -2.8
"""Log-odds of a tracklet whose features are all 0; larger covers more."""
_NEUTRAL = 0.1
"""Answer of close-ups, 0 to 1, that leaves the odds as they are; larger makes weak answers count
against a face."""

FACE_BAR = -1.1
"""Log-odds from which a tracklet is covered: a wrong cover costs less than a missed face. Larger
misses more faces and covers less that is none."""
SURE = np.array([0.5, 0.85])
"""Score, by family, from which a single sighting is a face; larger weeds more brief faces."""
SEEN_WELL = 0.7
"""Mean of a tracklet's three best scores from which it is a face whatever close-ups and other
sightings say; larger drops more. Masked and lying faces, where close-ups are blind, reach 0.8."""
_BEST = 3  # sightings that `top` is a mean of; more blame brief faces
_UNSURE = (-3.0, -0.1)
"""Log-odds between which close-ups are taken: no tracklet below became a face by them. A wider
range costs more close-ups."""
_APART = 4
"""Frames, more than which lie between two sightings for close-ups; larger makes them more
independent and finds fewer."""
_SIGHTINGS = 3
"""Sightings for close-ups at most; larger is steadier and dearer, at nine close-ups each."""


def credence(tracklet: Tracklet) -> float:
    """Log-odds that a tracklet is a face: above 0 more likely than not.

    A logistic fit over tracklets from photographs filmed with a moving camera, wrong tracklets
    weighted by the area that they would have covered; `tests/bench/fit.py` refits it.
    """
    return BIAS + sum(WEIGHTS[name] * value for name, value in features(tracklet).items())


def features(tracklet: Tracklet) -> dict[str, float]:
    """A tracklet's evidence as `credence` weighs it.

    Best and mean score of the first family, best score of the second (0 to 1), log size less that
    of 55 pixels, agreement of the turns (1 where all are equal), share of the looks that saw it,
    and the answer to the second look (0 where none was taken).
    """
    seen = tracklet.take(np.asarray(tracklet.evidence.any(axis=1)))
    first, second = seen.evidence[:, 0], seen.evidence[:, 1]
    scores = seen.evidence.max(axis=1)
    turns = np.exp(1j * np.radians(seen.boxes[:, 4]))
    return {
        "best": float(first.max()),
        "mean": float(first.mean()),
        "second": float(second.max()),
        "size": float(np.log(sizes(seen.boxes).mean()) - 4.0),
        "agreement": float(abs((turns * scores).sum()) / scores.sum()),
        "hits": float(tracklet.hits),
        "answer": 0.0 if math.isnan(tracklet.answer) else float(tracklet.answer - _NEUTRAL),
    }


def is_face(tracklet: Tracklet) -> bool:
    """Whether a tracklet is taken for a face, and so is covered."""
    if tracklet.verdict in (Verdict.NONE, Verdict.FACE):
        return tracklet.verdict is Verdict.FACE
    seen_well = len(tracklet) >= _BEST and top(tracklet) >= SEEN_WELL
    return bool(sure(tracklet).any()) or seen_well or credence(tracklet) >= FACE_BAR


def top(tracklet: Tracklet) -> float:
    """Mean of the three best scores of a tracklet, 0 to 1."""
    return best_three(tracklet.evidence.max(axis=1))


def best_three(scores: npt.NDArray[np.float32]) -> float:
    return float(np.sort(scores)[-_BEST:].mean())


def sure(tracklet: Tracklet) -> npt.NDArray[np.bool_]:
    """(n,) bool: sightings with a score that makes the tracklet a face."""
    return np.asarray((tracklet.evidence >= SURE).any(axis=1))


def to_look_at(tracklet: Tracklet) -> list[int]:
    """Rows for close-ups, best score first and apart in time; none where the evidence decides."""
    if not _UNSURE[0] <= credence(tracklet) <= _UNSURE[1]:
        return []
    chosen: list[int] = []
    for row in np.argsort(-tracklet.evidence.max(axis=1), kind="stable").tolist():
        apart = all(abs(tracklet.frames[row] - tracklet.frames[r]) > _APART for r in chosen)
        if apart and len(chosen) < _SIGHTINGS:
            chosen.append(row)
    return chosen
