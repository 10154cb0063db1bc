"""Landmarks are sure of a face, sure of what is plainly none, and lie on the face."""

from __future__ import annotations

import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.plan import Box
from blur.detect import landmarks
from blur.detect.registry import load_landmarks, unload_detectors
from blur.detect.views import crop
from blur.errors import DetectorError

FACE = Box(224, 118, 82, 105)
NONE = [Box(60, 60, 90, 90), Box(420, 300, 90, 90), Box(330, 440, 60, 60), Box(100, 300, 120, 120)]


def test_a_face_is_told_from_what_is_none(astronaut: Picture) -> None:
    seen = load_landmarks().look(
        [crop(astronaut, box, landmarks.SIDE, 1.6).picture for box in (FACE, *NONE)]
    )
    assert seen[0].presence > 0.99
    assert max(mesh.presence for mesh in seen[1:]) < 0.1


def test_points_lie_on_the_face_and_turn_with_it(astronaut: Picture) -> None:
    for turn in (0.0, 15.0):
        view = crop(astronaut, FACE, landmarks.SIDE, 1.6, turn)
        points = load_landmarks().look([view.picture])[0].points
        assert points.shape == (468, 2)
        here = points @ view.to_frame[:2, :2].T + view.to_frame[:2, 2]
        np.testing.assert_allclose(here.mean(axis=0), (226, 128), atol=6)


def test_close_ups_do_not_depend_on_each_other(astronaut: Picture) -> None:
    pictures = [crop(astronaut, box, landmarks.SIDE, 1.6).picture for box in (FACE, *NONE)]
    together = load_landmarks().look(pictures)
    alone = [load_landmarks().look([picture])[0] for picture in pictures]
    assert [m.presence for m in together] == [m.presence for m in alone]


def test_another_size_is_an_error() -> None:
    with pytest.raises(DetectorError, match="192 pixels square"):
        load_landmarks().look([np.zeros((64, 64, 3), np.uint8)])


def test_an_answer_that_is_not_finite_is_an_error() -> None:
    points = np.zeros((1, 1, 1, 1404), np.float32)
    with pytest.raises(DetectorError, match="not finite"):
        landmarks.decode({"a": points, "b": np.full((1, 1, 1, 1), np.nan, np.float32)})


def test_freed_with_the_detectors() -> None:
    first = load_landmarks()
    unload_detectors()
    assert load_landmarks() is not first
