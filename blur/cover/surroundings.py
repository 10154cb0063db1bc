"""The colours around covers, spread under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from blur.cover import membrane
from blur.cover.colour import native
from blur.cover.layout import Samples
from blur.cover.membrane import Grid
from blur.cover.window import Window

_SHARE = 64
"""A clear sample's value when shares are averaged: a power of two, which halves exactly."""


def surroundings(window: Window) -> tuple[Grid, Grid]:
    """The colours outside the covers, spread smoothly under them; mid grey if none is left.

    (rows, columns, channels) of coarse cells, channels in the order of the layout's planes, in
    units of samples as stored; and (rows, columns, 1), the clear share of each cell.
    """
    layout = window.layout
    clear = cv2.bitwise_not(window.masks[layout.coarsest])
    means = [clear & _SHARE]
    for plane, samples in zip(layout.planes, window.planes, strict=True):
        # A sample of the coarsest plane is covered or clear as a whole, in all planes, so no mean
        # over its pixels mixes covered with clear ones.
        wide, tall = layout.step_x // plane.step_x, layout.step_y // plane.step_y
        shrunk = _shrunk(_padded(samples, wide, tall), wide, tall)
        means.append(cv2.copyTo(shrunk, clear))  # zero under the covers
    single = iter(_cells([grid for grid in means if grid.ndim == 2], window))
    share, *totals = [next(single) if m.ndim == 2 else _cells([m], window)[0] for m in means]
    weights = share[..., None] / np.float32(_SHARE)
    weights *= weights >= 0.05
    if not weights.any():
        grey = np.concatenate(native("#707070", layout, window.matrix, window.full_range)).astype(
            np.float32
        )
        return np.tile(grey, (*weights.shape[:2], 1)), weights
    known = cv2.merge(totals).reshape(*share.shape, -1) * (weights > 0)
    corner = window.rect.y0 // window.grid, window.rect.x0 // window.grid
    return membrane.stretch(known, weights, corner), weights


def _cells(grids: Sequence[npt.NDArray[Any]], window: Window) -> npt.NDArray[np.float32]:
    """(grids, rows, columns, channels if several) means over the window's cells of grids of the
    coarsest plane's samples.

    One above the other they are shrunk as a single picture, in the time of one.
    """
    wide, tall = window.grid // window.layout.step_x, window.grid // window.layout.step_y
    padded = [_padded(grid, wide, tall) for grid in grids]
    samples = np.concatenate(padded, dtype=window.layout.dtype)
    while min(wide, tall) > 2:  # halving integers is many times faster than a single large step
        wide, tall = wide // 2, tall // 2
        samples = _shrunk(samples, 2, 2)
    means = _shrunk(samples.astype(np.float32), wide, tall)
    return means.reshape(len(grids), -1, *means.shape[1:])


def _padded(samples: Samples, wide: int, tall: int) -> Samples:
    """Samples continued to a multiple of `wide` x `tall`, for cells over the picture's edge."""
    below, right = -samples.shape[0] % tall, -samples.shape[1] % wide
    if not below and not right:
        return samples
    return np.asarray(cv2.copyMakeBorder(samples, 0, below, 0, right, cv2.BORDER_REPLICATE))


def _shrunk(samples: npt.NDArray[Any], wide: int, tall: int) -> npt.NDArray[Any]:
    """Means over cells of `wide` x `tall` samples."""
    if wide == tall == 1:
        return samples
    size = samples.shape[1] // wide, samples.shape[0] // tall
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA))
