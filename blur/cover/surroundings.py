"""The colours around covers, spread under them."""

from __future__ import annotations

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
    weights = _cells(clear & _SHARE, window) / np.float32(_SHARE)
    weights[weights < 0.05] = 0
    if not weights.any():
        grey = np.concatenate(native("#707070", layout, window.matrix, window.full_range)).astype(
            np.float32
        )
        return np.tile(grey, (*weights.shape[:2], 1)), weights
    totals = []
    for plane, samples in zip(layout.planes, window.planes, strict=True):
        # A sample of the coarsest plane is covered or clear as a whole, in all planes, so no mean
        # over its pixels mixes covered with clear ones.
        wide, tall = layout.step_x // plane.step_x, layout.step_y // plane.step_y
        means = _shrunk(_padded(samples, wide, tall), wide, tall)
        totals.append(_cells(cv2.copyTo(means, clear), window))  # zero under the covers
    known = np.concatenate(totals, -1) * (weights > 0)
    corner = window.rect.y0 // window.grid, window.rect.x0 // window.grid
    return membrane.stretch(known, weights, corner), weights


def _cells(samples: Samples, window: Window) -> Grid:
    """(rows, columns, channels) means over the window's cells of samples on the coarsest plane."""
    wide, tall = window.grid // window.layout.step_x, window.grid // window.layout.step_y
    samples = _padded(samples, wide, tall)
    while min(wide, tall) > 2:  # halving integers is many times faster than a single large step
        wide, tall = wide // 2, tall // 2
        samples = _shrunk(samples, 2, 2)
    means = _shrunk(samples.astype(np.float32), wide, tall)
    return means.reshape(*means.shape[:2], -1)


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
