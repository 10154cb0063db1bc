"""A sensor's noise in little light, calmed before detectors look.

They know clean pictures: of 98 faces at half contrast YuNet finds 82 %, 56 in noise of 12 grey
levels and 8 in noise of 20; calmed, 77 and 78 (`tests/bench/lights.py`).
"""

from __future__ import annotations

import cv2
import numpy as np

from blur.data.arrays import Picture
from blur.detect.blocks import blocks_over

NOISY = 5.0
"""Grey levels, sigma of the noise from which a frame is calmed; larger leaves more of it. Videos of
phones and cameras have 0.5 at most, films of crowds over cloth 3.1."""
_SIGMA, _MOST = 6.0, 2.0
"""Grey levels of noise for a pixel of the Gaussian's sigma, larger leaves more noise; and the
largest sigma in pixels, larger smooths small faces away. Of 147 faces in films with noise of 20
levels, 1280 pixels a side, YuNet finds 53 % at a sigma of 2, 31 at 1.3, and 3 at 0.8 or after a
median of 3 x 3 pixels, a bilateral filter 1, like none at all; on 640 pixels 67, 67, 63 and 56, 42,
33 (`tests/bench/lights.py --films`)."""
_SIDE, _GRID = 32, 6
"""Pixels of a block's side, and blocks along each side of a frame; more are steadier and dearer."""
_CALM = 25
"""Percentile of the blocks' noise that is the frame's: texture leaves some blocks smooth, noise
none. Larger takes more texture for noise and smooths it."""
_LAPLACIAN = 6 * 0.6745
"""Median absolute response of the second differences below to noise of a grey level's sigma."""


def without_noise(frame: Picture) -> Picture:
    """A whole frame, smoothed by a Gaussian that its noise widens; a clean one unchanged."""
    level = noise(frame)
    if level < NOISY:
        return frame
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), min(level / _SIGMA, _MOST)), np.uint8)


def noise(frame: Picture) -> float:
    """Grey levels, sigma of the noise in the smoother blocks of a (height, width, 3) frame.

    By the second difference along both axes, which no gradient answers (Immerkaer, "Fast Noise
    Variance Estimation", 1996).
    """
    if min(frame.shape[:2]) < _SIDE:
        return 0.0
    blocks = blocks_over(frame[..., 1], _SIDE, (_GRID, _GRID)).astype(np.int16)
    both = np.diff(np.diff(blocks, 2, axis=1), 2, axis=2)
    return float(np.percentile(np.median(np.abs(both), axis=(1, 2)), _CALM)) / _LAPLACIAN
