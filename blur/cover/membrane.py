"""A smooth surface through known values, stretched over the holes like a membrane.

Far from a hole's rim: the mean of all known values, weighted by distance^-3 (Shepard 1968, close
to Laplace's equation). Towards the rim: relaxed on finer and finer grids until it meets the known
values. Local and bound to the grid: a hole that moves a little changes the surface a little.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Grid = npt.NDArray[np.float32]
"""(rows, columns, channels) of cells."""

_POOL = 4
"""Cells along a side of the squares in which far values are pooled, a power of two; smaller is
finer and far slower."""

_RELAXATIONS = 4
"""Steps of relaxation on each grid; more meets the rim more smoothly."""


def stretch(totals: Grid, weights: Grid, corner: tuple[int, int] = (0, 0)) -> Grid:
    """(h, w, c) values of all cells.

    `weights`, (h, w, 1) in [0, 1], is the known share of each cell; `totals`, (h, w, c), holds
    known values times weights. At least one weight must be positive. `corner` is the (row, column)
    of the first cell on the picture's grid, which stays while windows move.
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
    # Not a matrix product: BLAS's threads would spin for milliseconds after microseconds of work.
    spread = np.einsum("xyj,kj->yxk", inverse_cubes(*pooled.shape[:2]), columns, order="C")
    surface = spread[..., :channels] / spread[..., channels:]
    # A cell holds its value if half known or more, else gives way to the surface.
    cells = np.concatenate([level.reshape(-1, channels + 1) for level in levels])
    weight = np.repeat(cells[:, channels:], channels, 1)
    all_free = np.maximum(1 - 2 * weight, 0)
    all_held = cells[:, :channels] * np.minimum(2, 1 / np.maximum(weight, 1e-6))
    end = len(cells)
    for level in reversed(levels):
        size = *level.shape[:2], channels
        start = end - size[0] * size[1]
        free, held = all_free[start:end].reshape(size), all_held[start:end].reshape(size)
        end = start
        surface = _deep(cv2.resize(surface, level.shape[1::-1], interpolation=cv2.INTER_LINEAR))
        surface *= free
        surface += held
        blurred = np.empty_like(surface)
        for _ in range(_RELAXATIONS):
            blurred = _deep(cv2.blur(surface, (3, 3), blurred, borderType=cv2.BORDER_REPLICATE))
            np.multiply(blurred, free, surface)
            surface += held
    return np.ascontiguousarray(surface[above : above + height, left : left + width])


@lru_cache(maxsize=32)
def inverse_cubes(height: int, width: int) -> Grid:
    """(width, height, height * width) distance^-3 of each cell (column, row) from all cells, row by
    row, softened by half a cell.

    A strided view over one run for each column: O(h * w^2) memory instead of (h * w)^2.
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
    """The array with the channel axis that OpenCV drops from a single channel."""
    return array if array.ndim == 3 else array[..., None]
