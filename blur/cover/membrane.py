"""A smooth surface through what is known, stretched over the holes like a membrane.

Push-pull interpolation after Gortler et al., "The Lumigraph" (1996), section 3.4: known values
are pulled up a pyramid, their averages pushed down into the holes. On each level a few steps of
relaxation bring the surface towards a solution of Laplace's equation.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.float32]

_RELAXATIONS = 4


def stretch(totals: Grid, weights: Grid) -> Grid:
    """Values for every cell of a grid, (h, w, c).

    `weights`, (h, w, 1) in [0, 1], says how far each cell's value is known, `totals`, (h, w, c),
    holds the values times their weights. At least one weight must be positive.
    """
    known, trust = [totals], [weights]
    while min(known[-1].shape[:2]) > 2:
        known.append(_deep(cv2.pyrDown(known[-1])))
        trust.append(_deep(cv2.pyrDown(trust[-1])))
    surface = known[-1].sum((0, 1), keepdims=True) / trust[-1].sum()
    channels = totals.shape[2]
    for total, weight in zip(reversed(known), reversed(trust), strict=True):
        height, width = weight.shape[:2]
        # A cell that is half known, or more, holds its value; less, it gives way to the surface.
        free = np.repeat(np.maximum(1 - 2 * weight, 0), channels, 2)
        held = total * np.minimum(2, 1 / np.maximum(weight, 1e-6))
        surface = _deep(cv2.resize(surface, (width, height), interpolation=cv2.INTER_LINEAR))
        surface = held + surface * free
        for _ in range(_RELAXATIONS):
            smooth = cv2.blur(surface, (3, 3), borderType=cv2.BORDER_REPLICATE)
            surface = held + _deep(smooth) * free
    return np.asarray(surface)


def _deep(array: npt.NDArray[np.float32]) -> Grid:
    """OpenCV drops the axis of a single channel; this puts it back."""
    return array if array.ndim == 3 else array[..., None]
