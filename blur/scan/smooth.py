"""Smoothing: detectors' jitter taken out of sizes and turns, from both directions of time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from blur.data.boxes import carried
from blur.scan.camera import Camera
from blur.scan.link import Tracklet

_SIZE_SPAN = 5
"""Sightings whose median sets a size; larger removes longer runs of wrong sizes and lags behind
zooms."""

_SHRINK = 0.9
"""Least share of the local median that a smoothed size keeps; larger covers more."""

_TURN_SPAN = 4.0
"""Sightings, sigma of the Gaussian over turns; larger is steadier and lags behind turning heads."""


def smooth(tracklet: Tracklet, camera: Camera) -> Tracklet:
    """The tracklet with sizes and turns smoothed over neighbouring sightings.

    The camera's zoom and roll are taken out first. Centres stay: a smoothed one would leave its
    face, and covers sweep over neighbouring frames anyway.
    """
    n = len(tracklet)
    if n < 3:
        return tracklet
    origin = int(tracklet.frames[n // 2])
    forth = [camera.between(int(f), origin) for f in tracklet.frames]
    still = np.concatenate([carried(tracklet.boxes[i : i + 1], forth[i]) for i in range(n)])
    logs = np.log(still[:, 2:4].astype(np.float64))
    middle = median_filter(logs, size=(min(_SIZE_SPAN, n), 1), mode="nearest")
    logs = np.maximum(middle, np.minimum(logs, middle + np.log(1.3)) + np.log(_SHRINK))
    logs = np.maximum(
        gaussian_filter1d(logs, 1.0, axis=0, mode="nearest"), middle + np.log(_SHRINK)
    )
    still[:, 2:4] = np.exp(logs)
    weights = tracklet.evidence.max(axis=1).astype(np.float64) ** 2
    turn = np.exp(1j * np.radians(still[:, 4].astype(np.float64))) * weights
    around = gaussian_filter1d(turn.real, _TURN_SPAN, mode="nearest") + 1j * gaussian_filter1d(
        turn.imag, _TURN_SPAN, mode="nearest"
    )
    still[:, 4] = np.degrees(np.angle(around))
    boxes = np.concatenate(
        [carried(still[i : i + 1], np.asarray(np.linalg.inv(forth[i]))) for i in range(n)]
    )
    boxes[:, :2] = tracklet.boxes[:, :2]
    return replace(tracklet, boxes=boxes)
