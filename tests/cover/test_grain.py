from __future__ import annotations

import numpy as np
import pytest

from blur.cover.grain import grain, noise
from blur.cover.layout import layout_of


@pytest.mark.parametrize("x, y, place", [(0, 0, 0), (5, 250, 64), (255, 1, 9)])
def test_grain_of_a_large_cover_is_that_of_small_ones_side_by_side(x, y, place):
    large = grain(x, y, 2300, 900, place)
    assert large.shape == (900, 2300)
    for top, left in ((0, 0), (700, 100), (100, 1700), (700, 2100)):
        small = grain(x + left, y + top, 200, 200, place)
        assert (large[top : top + 200, left : left + 200] == small).all()


@pytest.mark.parametrize("name", ["yuv420p", "yuv420p10le"])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_noise_is_measured_along_rows_and_not_from_one_row_to_the_next(name, width):
    layout = layout_of(name)
    rows = np.where(np.arange(90) % 2, 50, 200).astype(layout.dtype)
    samples = np.repeat(rows, width).reshape(90, width, 1)
    clear = np.zeros((90, width), np.uint8)
    assert noise(samples, clear, layout) == 0.4 * layout.unit


def test_noise_under_a_cover_counts_for_nothing():
    layout = layout_of("yuv420p")
    samples = np.full((40, 60, 1), 128, np.uint8)
    samples[:, 20:40] = np.random.default_rng(0).integers(0, 255, (40, 20, 1))
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 20:40] = 255
    assert noise(samples, mask, layout) == 0.4 * layout.unit
