"""The colours around covers, spread over what the covers hide."""

from __future__ import annotations

import cv2
import numpy as np

from blur.cover import membrane
from blur.cover.colour import native
from blur.cover.layout import PlaneLayout, Samples
from blur.cover.membrane import Grid
from blur.cover.window import Window


def surroundings(window: Window) -> tuple[Grid, Grid]:
    """The colours outside the covers, spread smoothly over what the covers hide.

    (rows, columns, channels) of coarse cells, channels in the order of the layout's planes,
    in the scale of the samples, and (rows, columns, 1) with the share of each cell that lies
    outside the covers. A mid grey where nothing is left around them.
    """
    planes = window.layout.planes
    coarsest = min(range(len(planes)), key=lambda index: window.masks[index].size)
    clear = cv2.bitwise_not(window.masks[coarsest]) & 64  # a power of two halves exactly
    weights = _cells(clear, planes[coarsest], window) / np.float32(64)
    weights[weights < 0.05] = 0
    if not weights.any():
        grey = np.concatenate(native("#707070", window)).astype(np.float32)
        return np.tile(grey, (*weights.shape[:2], 1)), weights
    totals = []
    for plane, samples, mask in zip(planes, window.planes, window.masks, strict=True):
        kept = cv2.copyTo(samples, cv2.bitwise_not(mask))  # zero under the covers
        totals.append(_cells(kept, plane, window))
    known = np.concatenate(totals, -1) * (weights > 0)
    corner = window.rect.y0 // window.grid, window.rect.x0 // window.grid
    return membrane.stretch(known, weights, corner), weights


def _cells(samples: Samples, plane: PlaneLayout, window: Window) -> Grid:
    """Means of a plane's samples over the window's coarse cells, (rows, columns, channels)."""
    x0, y0, x1, y1 = window.rect
    columns, rows = -(-(x1 - x0) // window.grid), -(-(y1 - y0) // window.grid)
    wide, tall = window.grid // plane.step_x, window.grid // plane.step_y
    below, right = rows * tall - samples.shape[0], columns * wide - samples.shape[1]
    if below or right:  # cells that reach over the picture's edge
        samples = cv2.copyMakeBorder(samples, 0, below, 0, right, cv2.BORDER_REPLICATE)
    while min(wide, tall) > 2:  # whole-number halving is many times faster than one large step
        wide, tall = wide // 2, tall // 2
        size = (columns * wide, rows * tall)
        samples = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    means = samples.astype(np.float32)
    means = cv2.resize(means, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means).reshape(rows, columns, -1)
