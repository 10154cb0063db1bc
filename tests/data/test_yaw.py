"""Yaws from five points of a face, whatever its size, tilt and turn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.yaw import MOST, STEP, of_points, stepped

EYES_AND_MOUTH = [(-20.0, 0.0), (20.0, 0.0), (-15.0, 40.0), (15.0, 40.0)]


def face(nose: float, degrees: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """(1, 5, 2) points of a face whose nose lies `nose` pixels to the right of its middle."""
    points = np.array([*EYES_AND_MOUTH[:2], (nose, 22.0), *EYES_AND_MOUTH[2:]])
    turn = np.radians(degrees)
    turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (turned * scale + (300, 200))[None]


@given(nose=st.floats(-15, 15), degrees=st.floats(-40, 40), scale=st.floats(0.2, 20))
def test_a_yaw_is_the_nose_s_way_aside_in_lengths_from_eyes_to_mouth(
    nose: float, degrees: float, scale: float
) -> None:
    assert of_points(face(nose, degrees, scale))[0] == pytest.approx(nose / 40, abs=1e-4)


def test_a_yaw_is_bounded() -> None:
    assert of_points(face(90))[0] == pytest.approx(MOST)
    assert of_points(face(-90))[0] == pytest.approx(-MOST)


@pytest.mark.parametrize("degrees", [90, 180, -60])
def test_nobody_tells_the_yaw_of_a_lying_face(degrees: float) -> None:
    assert np.isnan(of_points(face(8, degrees))).all()


def test_points_that_fall_together_have_no_yaw() -> None:
    assert np.isnan(of_points(np.zeros((1, 5, 2)))).all()


@given(st.lists(st.floats(-MOST, MOST), min_size=1))
def test_steps_are_near(yaws: list[float]) -> None:
    steps = stepped(np.array(yaws))
    assert np.abs(steps - yaws).max() <= STEP / 2 + 1e-6
    assert stepped(steps).tolist() == steps.tolist()
