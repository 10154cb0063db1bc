"""A smooth surface through what is known, stretched over the holes like a membrane.

Far from a hole's rim the surface is a mean of all known values, weighted by the inverse cube of
their distance (Shepard's interpolation, which comes near the solution of Laplace's equation);
towards the rim it is relaxed, on finer and finer grids, until it meets the values there. All of
it is local and bound to the grid: a hole that moves a little changes the surface a little.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Grid = npt.NDArray[np.float32]

_POOL = 4
"""Cells along a side of the squares in which far values are pooled."""

_RELAXATIONS = 4


def stretch(totals: Grid, weights: Grid, corner: tuple[int, int] = (0, 0)) -> Grid:
    """Values for every cell of a grid, (h, w, c).

    `weights`, (h, w, 1) in [0, 1], says how far each cell's value is known, `totals`, (h, w, c),
    holds the values times their weights. At least one weight must be positive. `corner` is the
    (row, column) of the first cell on a grid that stays while windows on it move.
    """
    height, width, channels = totals.shape
    above, left = (place % _POOL for place in corner)
    below, right = -(above + height) % _POOL, -(left + width) % _POOL
    both = np.concatenate([totals, weights], 2)
    both = _deep(cv2.copyMakeBorder(both, above, below, left, right, cv2.BORDER_CONSTANT))
    levels = [both]
    while len(levels) < _POOL.bit_length():
        levels.append(_halved(levels[-1]))
    pooled = levels.pop()
    columns = np.ascontiguousarray(pooled.reshape(-1, channels + 1).T)
    # Not by a matrix product: threads of BLAS spin for milliseconds after one of microseconds.
    spread = np.einsum("xyj,kj->yxk", _pull(*pooled.shape[:2]), columns, order="C")
    surface = spread[..., :channels] / spread[..., channels:]
    for level in reversed(levels):
        weight = level[..., channels:]
        # A cell that is half known, or more, holds its value; less, it gives way to the surface.
        free = np.repeat(np.maximum(1 - 2 * weight, 0), channels, 2)
        held = level[..., :channels] * np.minimum(2, 1 / np.maximum(weight, 1e-6))
        surface = _deep(cv2.resize(surface, level.shape[1::-1], interpolation=cv2.INTER_LINEAR))
        surface *= free
        surface += held
        for _ in range(_RELAXATIONS):
            surface = _deep(cv2.blur(surface, (3, 3), borderType=cv2.BORDER_REPLICATE))
            surface *= free
            surface += held
    return np.ascontiguousarray(surface[above : above + height, left : left + width])


@lru_cache(maxsize=32)
def _pull(height: int, width: int) -> Grid:
    """How much each cell of a grid (column, row) feels every other, these row by row.

    A view: cells of one column feel the same, moved by rows, so only one run is held for each.
    """
    down = np.arange(1 - height, height, dtype=np.float32)[:, None]
    across = np.arange(1 - width, width, dtype=np.float32)
    kernel = np.asarray((down**2 + across**2 + 0.25) ** -1.5)
    runs = sliding_window_view(kernel, width, 1)[:, ::-1].swapaxes(0, 1).reshape(width, -1)
    return sliding_window_view(runs, height * width, 1)[:, ::-width]


def _halved(grid: Grid) -> Grid:
    size = (grid.shape[1] // 2, grid.shape[0] // 2)
    return np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_AREA))


def _deep(array: npt.NDArray[np.float32]) -> Grid:
    """OpenCV drops the axis of a single channel; this puts it back."""
    return array if array.ndim == 3 else array[..., None]
