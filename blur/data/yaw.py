"""Yaw: how far a head is turned to its side, from five points of its face.

The nose's way from the line between eyes and mouth, as a share of that line's length: 0 looks
straight ahead, above 0 towards the right end of the face's box; 0.25 is about 30 degrees, a profile
0.4 or more. NaN is unknown.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Yaws = npt.NDArray[np.float32]
"""(n,) yaws in [-`MOST`, `MOST`], or NaN."""

MOST = 0.4
"""Largest yaw: points of profiles are guesses, so that a larger one says no more."""

STEP = 0.1
"""Yaws of a plan are multiples of it; a smaller one tells more of how a head moves."""

_UPRIGHT = 0.7
"""Least share of the line from eyes to mouth that runs down its picture; smaller trusts points of
lying heads, which detectors set as if they stood."""


def unknown(count: int) -> Yaws:
    return np.full(count, np.nan, np.float32)


def of_points(points: npt.NDArray[np.floating]) -> Yaws:
    """(n,) yaws of (n, 5, 2) points in pixels: eyes, nose, corners of the mouth."""
    eyes, mouth = points[:, :2].mean(1), points[:, 3:].mean(1)
    down, nose = mouth - eyes, points[:, 2] - eyes
    length = np.maximum(np.hypot(*down.T), 1e-6)  # of points that fall together, none
    aside = (nose[:, 0] * down[:, 1] - nose[:, 1] * down[:, 0]) / length**2
    out = np.asarray(aside.clip(-MOST, MOST), np.float32)
    out[down[:, 1] <= _UPRIGHT * length] = np.nan
    return out


def stepped(yaws: npt.NDArray[np.floating]) -> Yaws:
    """Yaws at the nearest multiple of `STEP`."""
    return np.asarray(np.round(yaws / STEP) * STEP + 0.0, np.float32)  # no -0
