"""Grain: measured around covers, made again under them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from blur.cover.layout import Layout, Samples
from blur.cover.membrane import Grid
from blur.cover.window import Mask


def noise(samples: Samples, mask: Mask, layout: Layout) -> float:
    """Standard deviation of the grain outside the covers, in the scale of the samples.

    From second differences along some rows; only the lower half of them counts, so that texture
    is not taken for grain.
    """
    stride = 1 + mask.size // 4096
    rows, covered = samples[::stride, :, 0].astype(np.int32), mask[::stride]
    second = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    clear = (covered[:, :-2] | covered[:, 1:-1] | covered[:, 2:]) == 0
    found = np.minimum(second, 0x7FFF)[clear].astype(np.int16)  # short integers sort fastest
    least, most = 0.4 * layout.unit, 6 * layout.unit
    if len(found) < 2:
        return least
    lower = np.sort(found, kind="stable")[: len(found) // 2]
    # A second difference has 6 variances; the lower half of |N(0, 1)| has a mean of 0.325.
    return float(np.clip(lower.mean() / (0.325 * 6**0.5), least, most))


_TILE = 256
_REPEATS = 8
"""Tiles remembered each way, 16 MB: the grain of a larger cover is put together each time."""


def grain(x: int, y: int, width: int, height: int, place: int) -> Grid:
    """(height, width) of unit grain as it stands at (x, y) of a plane; the same at every time.

    Each `place` has grain of its own.
    """
    # Places next to each other take their grain from far apart in the tile.
    y, x = (y + 157 * place) % _TILE, (x + 97 * place) % _TILE
    # Few sizes to remember.
    repeats = min(_REPEATS, 1 << (1 + max(height, width) // _TILE).bit_length())
    span = (repeats - 1) * _TILE
    part = _tiles(repeats)[y : y + min(height, span), x : x + min(width, span)]
    below, right = height - part.shape[0], width - part.shape[1]
    if not below and not right:
        return part
    return np.asarray(cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_WRAP))


@lru_cache(maxsize=4)
def _tiles(repeats: int) -> Grid:
    """Seamless unit grain, a tile repeated so many times each way."""
    white = np.random.default_rng(0).standard_normal((_TILE, _TILE)).astype(np.float32)
    grain = cv2.GaussianBlur(np.tile(white, (3, 3)), (0, 0), 0.6)[_TILE:-_TILE, _TILE:-_TILE]
    return np.tile(grain / grain.std(), (repeats, repeats))
