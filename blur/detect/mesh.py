"""A mesh in front of people, or a screen's lines, smoothed away for a second look.

Nets, fences and filmed displays lay a regular pattern over faces, through which people see and
detectors do not (`tests/bench/lights.py`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray, Picture
from blur.detect.blocks import blocks_over

_LONGEST = 1280
"""Pixels, longest side of the picture that is measured; larger finds finer meshes only."""
_SIDE = 64
"""Pixels of a block's side; larger holds wider meshes, and fewer blocks fit beside a face."""
_LINES = (2, 9, 17, 22, 31, 37, 46, 51, 60)
"""Lines of a block that are measured: no mesh has all of its threads between them, or on them."""
_GRID = 6
"""Blocks along each side of a frame that tell whether all are measured."""
_PERIODS = range(3, 28)
"""Pixels from thread to thread; a block holds too few of wider meshes."""
_ALIKE, _DIP = 0.5, 0.2
"""Autocorrelation of a block's differences from pixel to pixel: one period on at least, and
somewhere before it at most. A larger first and a smaller second leave worn and leaning meshes."""
_CONTRAST = 9.0
"""Grey levels, root mean square of these differences, at least; larger leaves fainter meshes. Drawn
nets have 16, cloth behind crowds 8."""
_SHARE = 0.4
"""Share of a frame's blocks that are mesh, from which it is looked at twice; larger leaves people
behind small windows. Films of people without a mesh have 0.25 at most, by echoes of a whip pan."""
_THREADS = 3.0
"""Pixels of a period for one of the Gaussian's sigma; larger leaves more of the mesh, smaller
smooths small faces away. Of 183 faces behind nets of 12 pixels YuNet finds 15 %, at 6 20, at 3 51
and at 2 55."""


def without_mesh(frame: Picture) -> Picture | None:
    """A whole frame, smoothed where it is mesh, None where little of it is."""
    height, width = frame.shape[:2]
    scale = min(1.0, _LONGEST / max(height, width))
    gray = frame[..., 1]
    if scale < 1:
        size = round(width * scale), round(height * scale)
        gray = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    if min(gray.shape) < _SIDE or (_periods(gray, (_GRID, _GRID)) > 0).mean() < _SHARE:
        return None
    periods = _periods(gray, (-(-gray.shape[0] // _SIDE), -(-gray.shape[1] // _SIDE)))
    if not periods.any():
        return None
    # A face between the blocks that are mesh lies behind it, too.
    around = np.ones((3, 3), np.uint8)
    meshed = cv2.morphologyEx((periods > 0).astype(np.float32), cv2.MORPH_CLOSE, around)
    share = cv2.resize(cv2.dilate(meshed, around), (width, height))
    sigma = float(np.median(periods[periods > 0])) / scale / _THREADS
    smooth = cv2.GaussianBlur(frame, (0, 0), sigma)
    return np.asarray(cv2.blendLinear(frame, smooth, 1 - share, share), np.uint8)


def _periods(gray: Gray, grid: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Pixels from thread to thread in (rows, columns) of blocks over the picture, 0 without any."""
    lines = blocks_over(gray, _SIDE, grid).astype(np.float32)
    across = _period(np.diff(lines[:, _LINES], axis=2))
    down = _period(np.diff(lines[:, :, _LINES].transpose(0, 2, 1), axis=2))
    return np.maximum(across, down).reshape(grid)


def _period(differences: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Period in pixels of each of (blocks, lines, pixels) along its lines, 0 without any."""
    length = differences.shape[2]
    power = np.abs(np.fft.rfft(differences, 2 * length, axis=2)) ** 2
    shared = np.fft.irfft(power.mean(axis=1), axis=1)[:, : _PERIODS.stop]
    shared /= 1 - np.arange(_PERIODS.stop) / length  # fewer pairs are that far apart
    contrast = np.sqrt(np.maximum(shared[:, 0], 0) / length)
    alike = shared / np.maximum(shared[:, :1], 1e-6)
    dipped = np.minimum.accumulate(alike, axis=1)[:, _PERIODS.start - 1 : -1] < _DIP
    later = np.where(dipped, alike[:, _PERIODS.start :], 0)
    best = later.max(axis=1)
    # The first of its multiples that are as good.
    period = _PERIODS.start + np.argmax(later >= 0.85 * best[:, np.newaxis], axis=1)
    return np.where((best >= _ALIKE) & (contrast >= _CONTRAST), period, 0)
