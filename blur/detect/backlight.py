"""People before a bright window or sky, nearly black, brightened for a second look.

A viewer who brightens the picture recognises them; detectors miss them (`tests/bench/lights.py`).
"""

from __future__ import annotations

import cv2
import numpy as np

from blur.data.arrays import Picture
from blur.detect.views import thumbnail

_SIDE = 160
"""Pixels, longest side of the picture whose tones are counted; larger is slower, and no finer."""
_DARK, _MIDDLE, _BRIGHT = (0, 30), (50, 140), (170, 256)
"""Grey levels, from and below, of bodies against the light, of all between, and of the light."""
_BODIES, _BETWEEN, _LIGHT = 0.08, 0.14, 0.25
"""Shares of a picture: of dark tones at least, of middle ones at most, of bright ones at least.
Larger ones but the second leave smaller people; a larger second looks twice in daylight: at 0.14
at none of 6,716 ordinary frames, at 0.2 at 26."""
_BODY = 40.0
"""Grey levels of a place, smoothed, under which it is brightened; larger takes lit places, too."""
_SOFT = 160.0
"""Sigmas of the smoothing along the longest side; larger leaves narrower halos, ragged bodies."""
_WHITE, _KEEN = 200.0, 95
"""Grey level that a percentile of the bodies' tones is brought to; larger ones blow out faces."""
_GAINS = 2.0, 10.0
"""Factors on the dark, at least and at most; a larger most brings up a coder's blocks."""
_DIMMED = 0.5
"""Factor on the light; larger lets it shine over faces."""


def out_of_backlight(frame: Picture) -> Picture | None:
    """A whole frame with bodies against the light brightened, None where there are none."""
    small = thumbnail(frame[..., 1], _SIDE)
    dark, middle, bright = (
        np.count_nonzero((small >= low) & (small < high)) / small.size
        for low, high in (_DARK, _MIDDLE, _BRIGHT)
    )
    if dark < _BODIES or middle > _BETWEEN or bright < _LIGHT:
        return None
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    sigma = max(gray.shape) / _SOFT
    bodies = (cv2.GaussianBlur(gray, (0, 0), sigma) < _BODY).astype(np.float32)
    tone = float(np.percentile(gray[bodies > 0], _KEEN)) if bodies.any() else _WHITE
    gain = float(np.clip(_WHITE / max(tone, 1.0), *_GAINS))
    share = cv2.GaussianBlur(bodies, (0, 0), sigma / 3)[..., np.newaxis]
    lit = frame * (_DIMMED + (gain - _DIMMED) * share)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
