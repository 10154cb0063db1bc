"""Bars and rails in front of people, bridged for a further look.

A bed's rails, a window's bars: viewers see people between them, detectors hardly do
(`tests/bench/lights.py`). What bars hide is drawn from what lies beside them.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray, Picture
from blur.detect.stripes import Stripes
from blur.detect.views import thumbnail

_ALONG = 0.4
"""Share of the frame's height over which tones are compared to both sides along a bar; larger takes
uneven light on a bar for the scene, smaller smooth skin for a bar. Behind bars turned and apart in
15 ways the weaker of two detectors gives a face .85 on average, .77 at 0.2."""
_EVEN = 0.7
"""Standard deviation of tones along a bar, at most, over the mean of a stripe's period; larger
bridges more of the scene."""
_DARK = 4.0
"""Grey levels added before the logarithm; larger takes shadows for bars, smaller raises noise."""
_LEAST = 0.32
"""Least share of the frame that bars take; larger leaves thin bars. On 47 frames in striped shadows
at most .23 look like bars, on 20 frames behind bars of two fifths of their distance .45 and
more."""
_SMALL = 320
"""Pixels, longest side of the picture on which stripes are turned; larger is slower."""
_ASIDE, _WAYS = 1.5, 13
"""Waves along the longest side by which stripes are turned at most, and in how many ways; more is
slower. Behind two large faces they were found 1.3 aside."""
_EDGE = 2
"""Pixels beyond a bar's sides that are bridged, too: its soft edges; larger loses narrow gaps."""
_REACH = 0.22
"""Sigma of the bridge, over the pixels from bar to bar; larger smears, smaller leaves bars."""


def bridged(frame: Picture, found: Stripes) -> Picture | None:
    """A whole frame whose `found` stripes, bars, are bridged from side to side; None for shadows,
    in which the scene is as uneven as beside them."""
    height, width = frame.shape[:2]
    found = _straightened(frame, found)
    flat, side = found.flat(frame)
    laid = cv2.warpAffine(frame, flat, (side, side), borderMode=cv2.BORDER_REFLECT)
    uneven = _uneven(cv2.cvtColor(laid, cv2.COLOR_RGB2GRAY), height)
    apart = found.apart(frame)
    even = uneven < _EVEN * cv2.blur(uneven, (1, 2 * round(apart) + 1))
    bars = cv2.morphologyEx(even.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 1), np.uint8))
    bars = cv2.dilate(bars, np.ones((2 * _EDGE + 1, 1), np.uint8))
    held = cv2.warpAffine(np.ones((height, width), np.uint8), flat, (side, side))
    if cv2.mean(bars, held)[0] < _LEAST:
        return None
    scene = (1 - bars).astype(np.float32)
    reach = 1, 2 * round(3 * _REACH * apart) + 1
    share = cv2.GaussianBlur(scene, reach, 1, sigmaY=_REACH * apart)[..., np.newaxis]
    light = cv2.GaussianBlur(laid * scene[..., np.newaxis], reach, 1, sigmaY=_REACH * apart)
    shown = np.where(bars[..., np.newaxis] > 0, light / np.maximum(share, 1e-4), laid)
    back = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    bridge = np.clip(shown, 0, 255).astype(np.uint8)
    return np.asarray(cv2.warpAffine(bridge, flat, (width, height), flags=back), np.uint8)


def _straightened(frame: Picture, found: Stripes) -> Stripes:
    """The stripes turned a little until tones along them are most even: the scene draws their
    waves aside."""
    small = thumbnail(frame[..., 1], _SMALL)
    length = math.hypot(found.across, found.down)
    ways = [
        Stripes(found.across - by * found.down / length, found.down + by * found.across / length)
        for by in np.linspace(-_ASIDE, _ASIDE, _WAYS).tolist()
    ]

    def unevenness(way: Stripes) -> float:
        flat, side = way.flat(small)
        laid = cv2.warpAffine(small, flat, (side, side), borderMode=cv2.BORDER_REFLECT)
        return float(_uneven(laid, small.shape[0]).mean())

    return min(ways, key=unevenness)


def _uneven(laid: Gray, height: int) -> npt.NDArray[np.float32]:
    """(side, side) deviation of logarithmic tones along stripes that lie flat."""
    gray = np.log(cv2.GaussianBlur(laid.astype(np.float32), (0, 0), 1) + _DARK)
    along = 2 * round(_ALONG * height) + 1, 1
    spread = cv2.blur(gray * gray, along) - np.square(cv2.blur(gray, along))
    return np.asarray(cv2.blur(np.sqrt(np.maximum(spread, 0)), (1, 3)))
