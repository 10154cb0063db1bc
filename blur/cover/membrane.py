"""A smooth surface through what is known: push-pull interpolation, then relaxation.

After Gortler et al., "The Lumigraph" (1996), section 3.4: pull known values up a pyramid, push
the averages down into the holes; relaxation then brings the surface close to a membrane
stretched over the holes' rims (Laplace's equation).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.float32]

_RELAX = 12


def stretch(values: Grid, weights: Grid) -> Grid:
    """Values for every cell of a grid.

    `values` is (h, w, c) and `weights` (h, w) in [0, 1]; where the weight is 0 the value must
    be 0 as well, and is filled in. Without any weight at all the answer is 0.
    """
    totals, sums = [weights], [values * weights[..., None]]
    while min(totals[-1].shape) > 2:
        totals.append(cv2.pyrDown(totals[-1]))
        sums.append(_channels(cv2.pyrDown(sums[-1])))
    surface = np.zeros((1, 1, values.shape[2]), np.float32)
    total = float(totals[-1].sum())
    if total > 0:
        surface[...] = sums[-1].sum((0, 1)) / total
    for weight, weighted in zip(reversed(totals), reversed(sums), strict=True):
        h, w = weight.shape
        upper = _channels(cv2.resize(surface, (w, h), interpolation=cv2.INTER_LINEAR))
        trust = np.minimum(weight * 2, 1)[..., None]
        known = weighted / np.maximum(weight, 1e-6)[..., None]
        surface = upper + (known - upper) * trust
    known_mask = (weights >= 0.5).astype(np.uint8)
    fixed = surface.copy()
    for _ in range(_RELAX):
        surface = cv2.blur(surface, (3, 3), borderType=cv2.BORDER_REPLICATE)
        cv2.copyTo(fixed, known_mask, surface)
        surface = _channels(surface)
    return surface


def _channels(array: Grid) -> Grid:
    """OpenCV drops a single channel; put it back."""
    return array if array.ndim == 3 else array[..., None]
