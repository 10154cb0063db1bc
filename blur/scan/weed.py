"""Weeding: telling faces from what looked like one, by all the evidence of a tracklet."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from blur.data.boxes import sizes
from blur.scan.link import Tracklet

_WEIGHTS = {
    "best": 4.1,
    "mean": 6.1,
    "second": 1.4,
    "size": -0.6,
    "agreement": -0.6,
    "hits": 0.7,
    "answer": 3.0,
}
_BIAS = -2.8

_NEUTRAL = 0.1
"""An answer to the second look that speaks neither for a face nor against it."""

BAR = -1.1
"""Log-odds from which a tracklet is covered: a wrong cover costs less than a missed face."""

_SURE = np.array([0.5, 0.85])
"""Scores, by family, from which one sighting is a face, however short it lasts."""

_UNSURE = (-3.0, -0.1)
"""Log-odds between which a second look is worth its time: of what is less likely, none became a
face by it."""

_APART = 4
_SIGHTINGS = 3
"""Sightings that a second look is taken at."""


def credence(tracklet: Tracklet) -> float:
    """Log-odds that a tracklet is a face: above 0 more likely than not.

    A logistic fit over tracklets from photographs filmed with a moving camera. The features: the
    best and the mean score of the first family, the best of the second, the size, how well the
    turns agree, the share of the looks that saw it, and the answer to the second look where one
    was taken. Wrong tracklets counted in the fit by the area that they would have covered.
    """
    seen = tracklet.take(np.asarray(tracklet.evidence.any(axis=1)))
    first, second = seen.evidence[:, 0], seen.evidence[:, 1]
    scores = seen.evidence.max(axis=1)
    turns = np.exp(1j * np.radians(seen.boxes[:, 4]))
    features = {
        "best": first.max(),
        "mean": first.mean(),
        "second": second.max(),
        "size": np.log(sizes(seen.boxes).mean()) - 4.0,
        "agreement": abs((turns * scores).sum()) / scores.sum(),
        "hits": tracklet.hits,
        "answer": 0.0 if math.isnan(tracklet.answer) else tracklet.answer - _NEUTRAL,
    }
    return _BIAS + sum(weight * float(features[name]) for name, weight in _WEIGHTS.items())


def is_face(tracklet: Tracklet) -> bool:
    """Whether a tracklet is covered."""
    return bool(sure(tracklet).any()) or credence(tracklet) >= BAR


def sure(tracklet: Tracklet) -> npt.NDArray[np.bool_]:
    """Which sightings of a tracklet are a face by themselves."""
    return np.asarray((tracklet.evidence >= _SURE).any(axis=1))


def to_look_at(tracklet: Tracklet) -> list[int]:
    """The rows that a second look should be taken at, the best seen first and apart in time;
    none where the evidence already decides."""
    if not _UNSURE[0] <= credence(tracklet) <= _UNSURE[1]:
        return []
    chosen: list[int] = []
    for row in np.argsort(-tracklet.evidence.max(axis=1), kind="stable").tolist():
        apart = all(abs(tracklet.frames[row] - tracklet.frames[r]) > _APART for r in chosen)
        if apart and len(chosen) < _SIGHTINGS:
            chosen.append(row)
    return chosen
