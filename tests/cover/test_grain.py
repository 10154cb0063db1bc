from __future__ import annotations

import pytest

from blur.cover.grain import grain


@pytest.mark.parametrize("x, y, place", [(0, 0, 0), (5, 250, 64), (255, 1, 9)])
def test_grain_of_a_large_cover_is_that_of_small_ones_side_by_side(x, y, place):
    large = grain(x, y, 2300, 900, place)
    assert large.shape == (900, 2300)
    for top, left in ((0, 0), (700, 100), (100, 1700), (700, 2100)):
        small = grain(x + left, y + top, 200, 200, place)
        assert (large[top : top + 200, left : left + 200] == small).all()
