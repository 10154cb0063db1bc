"""Weeding: telling faces from what looked like one, by all the evidence of a tracklet."""

from __future__ import annotations

import numpy as np

from blur.tracks.link import Tracklet

_WEIGHTS = {"best": 1.9, "mean": 7.4, "second": 0.7, "count": 0.3, "size": 0.9, "jitter": 1.3}
_BIAS = -3.34

_SURE = 0.5
"""A sighting with this score is a face, however short it lasts."""


def credence(tracklet: Tracklet) -> float:
    """Log-odds that a tracklet is a face: above 0 more likely than not.

    A logistic fit over tracklets from photographs filmed with a moving camera; the features are
    the best and the mean score of the first family, the best of the second, how often it was
    seen, its size and how steady the size is.
    """
    first, second = tracklet.evidence[:, 0], tracklet.evidence[:, 1]
    size = np.log(np.sqrt(tracklet.boxes[:, 2] * tracklet.boxes[:, 3]).mean())
    jitter = np.abs(np.diff(np.log(tracklet.boxes[:, 2]))).mean() if len(tracklet) > 1 else 0.25
    features = {
        "best": float(first.max()),
        "mean": float(first.mean()),
        "second": float(second.max()),
        "count": float(np.log(len(tracklet))),
        "size": float(size - 4.0),
        "jitter": float(jitter),
    }
    return _BIAS + sum(_WEIGHTS[name] * value for name, value in features.items())


def is_face(tracklet: Tracklet, bar: float) -> bool:
    """Whether a tracklet stays; a lower `bar` covers more that is no face."""
    return float(tracklet.evidence.max()) >= _SURE or credence(tracklet) >= bar
