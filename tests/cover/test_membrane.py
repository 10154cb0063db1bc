from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from blur.cover.membrane import inverse_cubes, stretch


def holed(values: np.ndarray, hole: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    weights = np.ones((*values.shape[:2], 1), np.float32)
    weights[hole] = 0
    return values * weights, weights


def test_known_values_stay():
    values = np.random.default_rng(0).uniform(0, 255, (20, 30, 3)).astype(np.float32)
    totals, weights = holed(values, np.s_[5:12, 8:20])
    surface = stretch(totals, weights)
    known = weights[..., 0] == 1
    assert surface[known] == pytest.approx(values[known], abs=1e-3)


def test_a_hole_in_a_slope_is_filled_by_the_slope():
    x, y = np.meshgrid(np.arange(48.0), np.arange(40.0))
    values = (3 * x + 2 * y)[..., None].astype(np.float32)
    surface = stretch(*holed(values, np.s_[12:28, 14:34]))
    assert np.abs(surface - values).max() < 12  # of a range of 90 over the hole


def test_a_hole_at_the_corner_takes_its_rims_colours():
    values = np.full((24, 24, 1), 50, np.float32)
    assert stretch(*holed(values, np.s_[:12, :12])) == pytest.approx(values, abs=1e-3)


def test_a_single_known_cell_colours_everything():
    weights = np.zeros((9, 1, 1), np.float32)
    weights[3] = 0.2
    totals = np.repeat(weights * 40, 2, 2)
    assert stretch(totals, weights) == pytest.approx(np.full((9, 1, 2), 40), abs=1e-3)


@given(
    weights=arrays(np.float32, (11, 7, 1), elements=st.sampled_from([0, 0.1, 0.5, 1])),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_no_value_is_beyond_the_known_ones(weights, seed):
    values = np.random.default_rng(seed).uniform(10, 20, (11, 7, 2)).astype(np.float32)
    if weights.any():
        surface = stretch(values * weights, weights)
        known = values[weights[..., 0] > 0]
        assert (surface >= known.min(0) - 0.01).all()
        assert (surface <= known.max(0) + 0.01).all()


@pytest.mark.parametrize("height, width", [(1, 1), (1, 6), (5, 1), (4, 7)])
def test_each_cell_pulls_with_the_inverse_cube_of_its_distance(height, width):
    y, x = np.indices((height, width)).reshape(2, -1)
    pull = ((y[:, None] - y) ** 2 + (x[:, None] - x) ** 2 + 0.25) ** -1.5
    by_rows = inverse_cubes(height, width).swapaxes(0, 1).reshape(pull.shape)
    assert by_rows == pytest.approx(pull, rel=1e-6)
