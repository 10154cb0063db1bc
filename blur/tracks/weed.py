"""Weeding: telling faces from what looked like one, by all the evidence of a tracklet."""

from __future__ import annotations

import math

import numpy as np

from blur.tracks.link import Tracklet

_WEIGHTS = {"best": 3.1, "mean": 6.9, "second": 0.6, "size": -0.2}
_BIAS = -2.8

_ANSWERED = {"best": 3.1, "mean": 4.0, "second": 0.6, "size": -0.2, "answer": 6.0}
_ANSWERED_BIAS = -3.0

BAR = -1.0
"""Log-odds from which a tracklet is covered: a wrong cover costs less than a missed face."""

_UNSURE = (-2.5, 1.5)
"""Log-odds between which a second look is worth its time."""

_SURE = 0.5
"""A sighting with this score is a face, however short it lasts."""

_APART = 4
_SIGHTINGS = 3
"""Sightings that a second look is taken at."""


def credence(tracklet: Tracklet) -> float:
    """Log-odds that a tracklet is a face: above 0 more likely than not.

    A logistic fit over tracklets from photographs filmed with a moving camera; the features are
    the best and the mean score of the first family, the best of the second, the size, and the
    answer to the second look where one was taken. Wrong tracklets counted in the fit by the area
    that they would have covered.
    """
    seen = tracklet.evidence[tracklet.evidence.any(axis=1)]
    size = np.log(np.sqrt(tracklet.boxes[:, 2] * tracklet.boxes[:, 3]).mean())
    features = {
        "best": float(seen[:, 0].max()),
        "mean": float(seen[:, 0].mean()),
        "second": float(seen[:, 1].max()),
        "size": float(size - 4.0),
        "answer": tracklet.answer,
    }
    answered = not math.isnan(tracklet.answer)
    weights, bias = (_ANSWERED, _ANSWERED_BIAS) if answered else (_WEIGHTS, _BIAS)
    return bias + sum(weight * features[name] for name, weight in weights.items())


def is_face(tracklet: Tracklet) -> bool:
    """Whether a tracklet is covered."""
    return float(tracklet.evidence.max()) >= _SURE or credence(tracklet) >= BAR


def hopeless(tracklet: Tracklet) -> bool:
    """Whether not even a good answer to a second look could make this a face."""
    return not is_face(tracklet) and credence(tracklet) < _UNSURE[0]


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
