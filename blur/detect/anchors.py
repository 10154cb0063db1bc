"""MediaPipe's single-shot networks: the points that their answers count from, and their scores."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats
from blur.detect.network import Outputs
from blur.errors import DetectorError

Grids = tuple[tuple[int, int], ...]
"""Cells a side, and anchors in each cell, of one grid after the other."""


@functools.cache
def anchors(side: int, grids: Grids) -> Floats:
    """(n, 2) x, y of the anchors, pixels of an input of `side` pixels."""
    points = []
    for cells, times in grids:
        middles = (np.arange(cells) + 0.5) * side / cells
        x, y = np.meshgrid(middles, middles)
        points.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), times, axis=0))
    return np.concatenate(points)


def answers(
    outputs: Outputs, columns: int, name: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(n,) scores, 0 to 1, and (n, columns) rows of the anchors, in the network's own memory.

    Raises DetectorError unless the answer is finite.
    """
    by_width = {values.shape[-1]: values[0] for values in outputs.values()}
    logits, rows = by_width[1][:, 0], by_width[columns]
    if not (np.isfinite(logits).all() and np.isfinite(rows).all()):
        raise DetectorError(f"{name} answered with numbers that are not finite")
    return np.asarray(0.5 + 0.5 * np.tanh(logits / 2), np.float32), rows
