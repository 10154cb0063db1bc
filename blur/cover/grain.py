"""Film grain: measured around covers, synthesised under them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from blur.cover.layout import Layout, Samples
from blur.cover.membrane import Grid
from blur.cover.window import PixelMask


def noise(samples: Samples, mask: PixelMask, layout: Layout) -> float:
    """Standard deviation of the grain outside the covers, in units of samples as stored.

    From the lower half of the second differences along some rows: the upper half is texture.
    """
    stride = 1 + mask.size // 4096
    # All rows as a single one, in .7 of the time, less the differences that reach over their ends.
    flat, covered = samples[::stride, :, 0].ravel().astype(np.int32), mask[::stride].ravel()
    width = mask.shape[1]
    second = np.abs(flat[:-2] - 2 * flat[1:-1] + flat[2:])
    clear = (covered[:-2] | covered[1:-1] | covered[2:]) == 0
    clear[max(width - 2, 0) :: width] = clear[width - 1 :: width] = False
    found = second[clear]
    least, most = 0.4 * layout.unit, 6 * layout.unit
    if len(found) < 2:
        return least
    found.partition(len(found) // 2)  # 32 bits are parted in a third of the time of 16
    lower = found[: len(found) // 2]
    # A second difference has 6 times the variance; the lower half of |N(0, 1)| has mean 0.325.
    mean = int(lower.sum()) / len(lower)
    return min(max(mean / (0.325 * 6**0.5), least), most)


_TILE = 256
"""Samples along a side of the grain's tile; smaller repeats visibly."""
_REPEATS = 8
"""Tiles kept in memory each way, 16 MB; smaller assembles the grain of more covers anew."""


def grain(x: int, y: int, width: int, height: int, place: int) -> Grid:
    """(height, width) of unit grain at (x, y) of a plane, the same on every frame.

    Each `place` has other grain.
    """
    # Neighbouring places take their grain from far apart in the tile.
    y, x = (y + 157 * place) % _TILE, (x + 97 * place) % _TILE
    # Powers of two, so that few sizes are kept.
    repeats = min(_REPEATS, 1 << (1 + max(height, width) // _TILE).bit_length())
    span = (repeats - 1) * _TILE
    part = _tiles(repeats)[y : y + min(height, span), x : x + min(width, span)]
    below, right = height - part.shape[0], width - part.shape[1]
    if not below and not right:
        return part
    return np.asarray(cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_WRAP))


@lru_cache(maxsize=4)
def _tiles(repeats: int) -> Grid:
    """Seamless unit grain, the tile repeated `repeats` times each way."""
    white = np.random.default_rng(0).standard_normal((_TILE, _TILE)).astype(np.float32)
    grain = cv2.GaussianBlur(np.tile(white, (3, 3)), (0, 0), 0.6)[_TILE:-_TILE, _TILE:-_TILE]
    return np.tile(grain / grain.std(), (repeats, repeats))
