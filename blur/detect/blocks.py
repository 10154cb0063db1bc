"""Square blocks spread over a picture, by which the whole of it is judged."""

from __future__ import annotations

import numpy as np

from blur.data.arrays import Gray


def blocks_over(gray: Gray, side: int, grid: tuple[int, int]) -> Gray:
    """(n, side, side): blocks in (rows, columns) evenly over a picture, the outer ones flush with
    its edges; they overlap where it is small."""
    tops, lefts = (
        np.linspace(0, length - side, count).astype(int)
        for length, count in zip(gray.shape, grid, strict=True)
    )
    return np.stack([gray[y : y + side, x : x + side] for y in tops for x in lefts])
