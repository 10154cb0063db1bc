"""Close-ups take as few looks of a detector as they need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.plan import Box
from blur.detect.closeup import Closeup
from blur.detect.detections import Detections

BOX = Box(200, 150, 60, 60, 0)
GRAY = np.full((300, 400), 128, np.uint8)


class Sure:
    """Sees a face in the middle of every picture, always with one score."""

    name = family = "centerface"

    def __init__(self, score: float) -> None:
        self.score, self.looks = score, 0

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        self.looks += len(pictures)
        found = []
        for picture, reach in zip(pictures, (1.8, 2.6, 3.6), strict=True):
            side = picture.shape[0]
            box = np.array([[side / 2, side / 2, side / reach, side / reach, 0]], np.float32)
            found.append(Detections.of(box, np.array([self.score], np.float32), self.name))
        return found


@pytest.mark.parametrize(("score", "looks"), [(0.05, 3), (0.09, 3), (0.1, 9), (0.8, 9)])
def test_a_face_is_asked_nine_times_and_what_is_silent_three_times(
    score: float, looks: int
) -> None:
    sure = Sure(score)
    assert Closeup(lambda name: sure, 1.0).answer(GRAY, BOX) == pytest.approx(score)
    assert sure.looks == looks


def test_a_question_is_asked_once_of_each_picture_and_box() -> None:
    """Weak sightings are asked about for their track, and again for the track's verdict."""
    sure = Sure(0.8)
    closeup = Closeup(lambda name: sure, 1.0)
    assert closeup.answer(GRAY, BOX) == closeup.answer(GRAY, BOX)
    assert sure.looks == 9
    closeup.answer(GRAY, BOX._replace(cx=190.0))
    closeup.answer(GRAY.copy(), BOX)
    assert sure.looks == 27
