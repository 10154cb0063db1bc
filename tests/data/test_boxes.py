"""Turned boxes are moved and bounded as their ellipses are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.boxes import Affine, bounds, carried, sizes, stretched, wrapped

coordinates = st.floats(-2000, 6000, width=32)
lengths = st.floats(2, 1500, width=32)
degrees = st.floats(-180, 179, width=32)
boxes = st.tuples(coordinates, coordinates, lengths, lengths, degrees).map(
    lambda row: np.array([row], np.float32)
)


@st.composite
def similarities(draw: st.DrawFn) -> Affine:
    zoom, turn = draw(st.floats(0.3, 3)), draw(st.floats(-np.pi, np.pi))
    out = np.eye(3)
    out[0, :2] = zoom * np.cos(turn), -zoom * np.sin(turn)
    out[1, :2] = zoom * np.sin(turn), zoom * np.cos(turn)
    out[:2, 2] = draw(coordinates), draw(coordinates)
    return out


def corners(row: np.ndarray) -> np.ndarray:
    """(4, 2) corners of a turned box, as `plan.Box` defines it."""
    cx, cy, w, h, angle = row.astype(float)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    local = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (w / 2, h / 2)
    return local @ np.array([[cos, sin], [-sin, cos]]) + (cx, cy)


@given(boxes, similarities())
def test_a_carried_box_has_the_carried_corners(box: np.ndarray, transform: Affine) -> None:
    moved = corners(box[0]) @ transform[:2, :2].T + transform[:2, 2]
    assert np.allclose(corners(carried(box, transform)[0]), moved, rtol=1e-4, atol=0.05)


@given(boxes, similarities())
def test_carrying_there_and_back_changes_nothing(box: np.ndarray, transform: Affine) -> None:
    back = carried(carried(box, transform), np.linalg.inv(transform))
    assert np.allclose(corners(back[0]), corners(box[0]), rtol=1e-3, atol=0.1)


def test_carrying_does_not_touch_the_original() -> None:
    box = np.array([[10, 10, 4, 4, 0]], np.float32)
    carried(box, np.diag([2.0, 2.0, 1.0]))
    assert box.tolist() == [[10, 10, 4, 4, 0]]


@given(st.floats(-1000, 1000))
def test_wrapped_angles_are_the_same_turn_within_half_a_circle(angle: float) -> None:
    found = float(wrapped(np.array(angle)))
    assert -180 <= found < 180
    assert np.cos(np.radians(found - angle)) == pytest.approx(1)


@given(boxes)
def test_bounds_just_hold_the_ellipse(box: np.ndarray) -> None:
    cx, cy, w, h, angle = box[0].astype(float)
    around = np.linspace(0, 2 * np.pi, 721)
    u, v = w / 2 * np.cos(around), h / 2 * np.sin(around)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    x, y = cx + u * cos - v * sin, cy + u * sin + v * cos
    expected = [x.min(), y.min(), x.max(), y.max()]
    assert np.allclose(bounds(box)[0], expected, atol=1e-3 * max(w, h) + 1e-3)


def test_a_size_is_the_geometric_mean() -> None:
    assert sizes(np.array([[0, 0, 8, 18, 45]], np.float32)) == pytest.approx([12])


@pytest.mark.parametrize("angle", [-170.0, -90.0, -30.0, 0.0, 12.0, 45.0, 90.0, 135.0, 179.0])
@pytest.mark.parametrize("scale", [(2.0, 1.0), (1.0, 1.5), (0.5, 1.0)])
def test_a_stretched_box_has_the_stretched_ellipse_and_comes_back(angle, scale):
    box = np.array([[50, 80, 30, 40, angle]], np.float32)
    there = stretched(box, *scale)
    assert there[0, :2] == pytest.approx((50 * scale[0], 80 * scale[1]))
    grown = bounds(box)[0].reshape(2, 2) * scale
    assert bounds(there)[0] == pytest.approx(grown.ravel(), abs=1e-3)
    back = stretched(there, 1 / scale[0], 1 / scale[1])
    assert bounds(back)[0] == pytest.approx(bounds(box)[0], abs=1e-3)
    assert abs(wrapped(back[0, 4] - angle)) <= 90


def test_upright_and_lying_boxes_keep_their_angles_when_stretched():
    boxes = np.array([[0, 0, 30, 40, a] for a in (0, 90, -180, -90)], np.float32)
    out = stretched(boxes, 2, 1)
    assert out[:, 4] == pytest.approx(boxes[:, 4], abs=1e-4)
    assert out[:, 2:4].tolist() == [[60, 40], [30, 80], [60, 40], [30, 80]]
