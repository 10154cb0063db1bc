"""Heads are seen above shoulders in every quarter turn, without a face too, and not elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.boxes import wrapped
from blur.data.plan import Box
from blur.detect import shoulders
from blur.detect.registry import load_shoulders, unload_detectors
from blur.detect.views import View, crop
from blur.errors import DetectorError

FACE = Box(224, 118, 82, 105)
NONE = [Box(60, 400, 60, 80), Box(450, 60, 60, 80)]


def seen(view: View, threshold: float = 0.2) -> list[Box]:
    return [
        Box(*row)
        for row in view.restored(
            load_shoulders().detect([view.picture], threshold)[0]
        ).boxes.tolist()
    ]


def near(found: Box, true: Box) -> bool:
    away = np.hypot(found.cx - true.cx, found.cy - true.cy)
    return bool(away < 0.35 * true.h and 0.65 < found.h / true.h < 1.5)


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0, -90.0])
def test_a_head_is_seen_in_every_quarter_turn(astronaut: Picture, turn: float) -> None:
    best = seen(crop(astronaut, FACE, shoulders.SIDE, shoulders.REACH, turn))[0]
    assert near(best, FACE)
    assert abs(float(wrapped(np.array(best.angle)))) < 25


def test_a_head_without_a_face_is_seen(astronaut: Picture) -> None:
    bare = astronaut.copy()
    ellipse = (int(FACE.cx), int(FACE.cy)), (44, 60)
    cv2.ellipse(bare, *ellipse, 0, 0, 360, (60, 40, 25), -1)  # hair in a single colour
    best = seen(crop(bare, FACE, shoulders.SIDE, shoulders.REACH))[0]
    assert near(best, FACE)


def test_nothing_is_seen_where_no_head_is(astronaut: Picture) -> None:
    for box in NONE:
        found = seen(crop(astronaut, box, shoulders.SIDE, shoulders.REACH), 0.3)
        assert not any(near(one, box) for one in found)


def test_pictures_of_any_size_have_boxes_in_their_own_pixels(astronaut: Picture) -> None:
    large = cv2.resize(astronaut, (1000, 1000))[:, :900]
    small, tiny = astronaut[:, :460], np.zeros((1, 1, 3), np.uint8)
    found = load_shoulders().detect([large, small, tiny], 0.3)
    np.testing.assert_allclose(found[0].boxes[0, :4] / 1000, found[1].boxes[0, :4] / 512, atol=0.03)
    assert len(found[2]) == 0
    assert load_shoulders().detect([], 0.3) == []


def test_an_answer_that_is_not_finite_is_an_error() -> None:
    rows, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), np.nan, np.float32)
    with pytest.raises(DetectorError, match="not finite"):
        shoulders.decode({"a": rows, "b": logits}, 0.5)


def test_freed_with_the_detectors() -> None:
    first = load_shoulders()
    unload_detectors()
    assert load_shoulders() is not first
