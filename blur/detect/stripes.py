"""Striped shadows of blinds, slats and bars over people, evened out for a second look.

Viewers see through them and detectors do not (`tests/bench/lights.py`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture
from blur.data.boxes import Affine
from blur.detect.views import thumbnail

_SIDE = 128
"""Pixels, longest side of the picture whose spectrum is measured; larger finds finer stripes, which
detectors see through."""
_SLOW, _FEWEST = 4.5, 11.0
"""Waves along the longest side: below the first is the scene's own light, stripes have the second
at least. Larger ones leave wide stripes; at 10 two of 6,716 ordinary frames count as striped."""
_FINEST = 0.4
"""Waves along a pixel of the measured picture, at most; larger takes its sampling for stripes."""
_PEAK, _AROUND = 7, 21
"""Waves, sides of the peak and of its surroundings in the spectrum; larger ones take bent stripes,
and more scenes, for stripes."""
_SHARE, _ALONE, _CONTRAST = 0.12, 0.5, 0.3
"""Least share of the logarithm's power that is in the peak, least share of its surroundings' that
is, and least standard deviation of the logarithm; larger ones leave fainter shadows. Of 98 frames
of people in stripes of 1:5, 95 reach all three; of 994 frames from 205 ordinary films none, with
0.44 of the second at most, or like a page of text 0.28 of the third."""
_DARK = 4.0
"""Grey levels added before the logarithm; larger leaves stripes in the dark, smaller raises its
noise."""
_ALONG = 0.25
"""Share of the frame's height over which the logarithm is averaged to both sides along the stripes;
larger leaves curved stripes, smaller takes faces for stripes."""
_WIDE = 16.0
"""Sigmas of the scene's own light along the longest side; larger evens out bodies as well."""


class Stripes(NamedTuple):
    """Waves along a picture's longest side, across and down."""

    across: float
    down: float

    def apart(self, frame: Picture) -> float:
        """Pixels of a frame from stripe to stripe."""
        return float(max(frame.shape) / math.hypot(self.across, self.down))

    def flat(self, frame: Picture) -> tuple[Affine, int]:
        """(2, 3) turn of a frame after which its stripes lie flat, and the side of a square that
        holds the turned frame."""
        height, width = frame.shape[:2]
        side = math.ceil(math.hypot(width, height))
        turn = math.degrees(math.atan2(-self.across, self.down))
        flat = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, 1)
        flat[:, 2] += (side - width) / 2, (side - height) / 2
        return flat, side


def evened_out(frame: Picture, found: Stripes) -> Picture:
    """A whole frame with its stripes, shadows, evened out."""
    height, width = frame.shape[:2]
    light = np.log(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) + _DARK)
    coarse = cv2.resize(light, (width // 8 or 1, height // 8 or 1), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), max(height, width) / 8 / _WIDE)
    light -= cv2.resize(coarse, (width, height))
    # Turned until the stripes lie flat, averaged along them, and turned back.
    flat, side = found.flat(frame)
    laid = cv2.warpAffine(light, flat, (side, side), borderMode=cv2.BORDER_REFLECT)
    along = cv2.blur(laid, (2 * round(_ALONG * height) + 1, 1))
    back = cv2.WARP_INVERSE_MAP
    stripes = cv2.warpAffine(along, flat, (width, height), flags=back | cv2.INTER_LINEAR)
    even = np.clip(frame * np.exp(-stripes)[..., np.newaxis], 0, 255)
    return np.asarray(even, np.uint8)


def stripes_of(frame: Picture) -> Stripes | None:
    """The stripes that most of a frame's contrast lies in, None without any."""
    small = thumbnail(frame[..., 1], _SIDE)
    light = np.log(small.astype(np.float32) + _DARK)
    fade = np.outer(*(np.hanning(length) for length in small.shape)).astype(np.float32)
    if not fade.any():
        return None
    light = (light - np.average(light, weights=fade)) * fade
    if np.square(light).sum() < _CONTRAST**2 * np.square(fade).sum():
        return None
    power = np.fft.fftshift(np.abs(np.fft.fft2(light, (_SIDE, _SIDE))) ** 2)
    down, across = np.mgrid[-_SIDE // 2 : _SIDE // 2, -_SIDE // 2 : _SIDE // 2]
    waves = np.hypot(down, across)
    whole = power[waves >= 3].sum()
    power[waves < _SLOW] = 0
    peaks = np.where((waves >= _FEWEST) & (waves <= _FINEST * _SIDE), _summed(power, _PEAK), 0)
    at = np.unravel_index(peaks.argmax(), peaks.shape)
    # Half of a wave's power lies at the peak opposite.
    if 2 * peaks[at] < _SHARE * whole or peaks[at] < _ALONE * _summed(power, _AROUND)[at]:
        return None
    near = power * (np.hypot(down - down[at], across - across[at]) < _PEAK / 2)
    return Stripes(*(float(np.average(axis, weights=near)) for axis in (across, down)))


def _summed(power: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
    """The sum of a square around each place of a spectrum."""
    return np.asarray(
        cv2.boxFilter(power, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    )
