from __future__ import annotations

import itertools

import numpy as np
import pytest
from footage import ORIENTATIONS
from hypothesis import given
from hypothesis import strategies as st

from blur.data.plan import Box
from blur.media.open.geometry import Orientation

FLAGS = list(itertools.product([False, True], repeat=3))

orientations = st.builds(
    Orientation,
    st.integers(1, 50),
    st.integers(1, 50),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
boxes = st.builds(
    Box,
    st.floats(-20, 70),
    st.floats(-20, 70),
    st.floats(1, 30),
    st.floats(1, 30),
    st.floats(-180, 179.9),
)


@given(orientations, boxes)
def test_there_and_back(orientation, box):
    again = orientation.box_to_stored(orientation.box_to_display(box))
    assert np.allclose(again[:4], box[:4])
    assert abs((again.angle - box.angle + 180) % 360 - 180) < 1e-6
    assert -180 <= again.angle < 180


@given(orientations)
def test_arrays_there_and_back(orientation):
    stored = np.arange(orientation.stored_width * orientation.stored_height).reshape(
        orientation.stored_height, orientation.stored_width
    )
    shown = orientation.to_display(stored)
    assert shown.shape == (orientation.height, orientation.width)
    assert (orientation.to_stored(shown) == stored).all()


@given(orientations, st.data())
def test_a_box_finds_the_pixel_that_moved(orientation, data):
    x = data.draw(st.integers(0, orientation.stored_width - 1))
    y = data.draw(st.integers(0, orientation.stored_height - 1))
    stored = np.zeros((orientation.stored_height, orientation.stored_width), np.uint8)
    stored[y, x] = 1
    shown = orientation.to_display(stored)
    row, column = np.argwhere(shown)[0]
    found = orientation.box_to_stored(Box(column + 0.5, row + 0.5, 1, 1))
    assert (found.cx, found.cy) == (x + 0.5, y + 0.5)


@pytest.mark.parametrize(("transposed", "flip_x", "flip_y"), FLAGS)
def test_the_forehead_stays_on_the_forehead(transposed, flip_x, flip_y):
    """The forehead of a face upright on screen lies at `angle` in the stored picture."""
    orientation = Orientation(40, 30, transposed, flip_x, flip_y)
    shown = np.zeros((orientation.height, orientation.width), np.uint8)
    shown[5, 10] = 1  # forehead
    shown[15, 10] = 2  # chin
    stored = orientation.to_stored(shown)
    forehead, chin = (np.argwhere(stored == v)[0][::-1] + 0.5 for v in (1, 2))
    box = orientation.box_to_stored(Box(10.5, 10.5, 6, 10, 0))
    up = np.array([np.sin(np.radians(box.angle)), -np.cos(np.radians(box.angle))])
    assert np.allclose((forehead - chin) / 10, up)
    assert (box.w, box.h) == (6, 10)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_display_matrix_moves_corners_as_ffmpeg_defines(name):
    matrix = ORIENTATIONS[name]
    a, b, c, d = (matrix[i] // 65536 for i in (0, 1, 3, 4))
    orientation = Orientation.from_matrix(40, 30, matrix)
    corners = [(a * p + c * q, b * p + d * q) for p, q in [(0, 0), (40, 0), (0, 30), (40, 30)]]
    left, top = (min(values) for values in zip(*corners, strict=True))
    p, q = 7, 9
    found = orientation.box_to_display(Box(p, q, 1, 1))
    assert (found.cx, found.cy) == (a * p + c * q - left, b * p + d * q - top)
