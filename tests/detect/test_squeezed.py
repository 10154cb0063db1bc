"""Pictures pulled wide or pressed tall are brought back, and faces seen there are covered whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from detected import best_scores

from blur.cover.head import head_boxes
from blur.data.boxes import stretched
from blur.detect.detections import Detections
from blur.detect.squeezed import brought_back, only_there, roomy

PULL = (16 / 9) ** 2


def pulled(across: float, down: float) -> np.ndarray:
    """The astronaut, stretched."""
    photograph = cv2.resize(skimage.data.astronaut(), (360, 360), interpolation=cv2.INTER_AREA)
    wide, tall = round(360 * across), round(360 * down)
    return np.asarray(cv2.resize(photograph, (wide, tall)), np.uint8)


def seen(boxes: list[list[float]], scores: list[float], detector: str = "yunet") -> Detections:
    rows = np.array(boxes, np.float32).reshape(-1, 5)
    return Detections.of(rows, np.array(scores, np.float32), detector)


@pytest.mark.parametrize(("across", "down"), [(PULL, 1), (1, PULL)])
def test_a_face_is_found_once_its_picture_is_brought_back(across: float, down: float) -> None:
    picture = pulled(across, down)
    back = brought_back(picture)
    assert back is not None
    before, after = (best_scores(shown) for shown in (picture, back))
    assert max(before) < 0.7 and min(after) > 0.8


@pytest.mark.parametrize("size", [(1, 1, 3), (2, 900, 3), (900, 2, 3), (3, 3, 3)])
def test_any_size_is_measured(size: tuple[int, int, int]) -> None:
    assert brought_back(np.full(size, 128, np.uint8)) is None


FRAME, SHOWN = np.zeros((100, 300, 3), np.uint8), np.zeros((100, 125, 3), np.uint8)


def test_a_face_lies_where_the_frame_shows_it() -> None:
    found = only_there(seen([[50, 40, 10, 20, 0]], [0.9]), Detections.none(), FRAME, SHOWN)
    assert found.boxes[0] == pytest.approx([120, 40, 24, 20, 0])


@pytest.mark.parametrize(
    ("detector", "score", "proof"),
    [("yunet", 0.84, False), ("yunet", 0.86, True), ("centerface", 0.59, False),
     ("centerface", 0.61, True)],
)  # fmt: skip
def test_a_sure_face_proves_the_pull_for_weak_ones(
    detector: str, score: float, proof: bool
) -> None:
    back = seen([[50, 40, 10, 20, 0], [100, 40, 10, 20, 0]], [score, 0.2], detector)
    assert len(only_there(back, Detections.none(), FRAME, SHOWN)) == 2 * proof


@pytest.mark.parametrize(("plain", "found"), [(0.7, 2), (0.8, 0)])
def test_a_face_that_the_frame_shows_proves_no_pull(plain: float, found: int) -> None:
    back = seen([[50, 40, 10, 20, 0], [100, 40, 10, 20, 0]], [0.98, 0.2])
    assert len(only_there(back, seen([[125, 42, 30, 20, 0]], [plain]), FRAME, SHOWN)) == found


def test_of_a_face_seen_both_ways_the_better_sight_counts() -> None:
    back = seen([[50, 40, 10, 20, 0], [100, 40, 10, 20, 0]], [0.9, 0.3])
    found = only_there(back, seen([[240, 42, 30, 20, 0]], [0.4]), FRAME, SHOWN)
    assert found.scores == pytest.approx([0.9])


@pytest.mark.parametrize("across", [1 / PULL, 0.5, 2, PULL])
@pytest.mark.parametrize("angle", [0, 30, 90, 180])
def test_a_head_over_a_roomy_box_hides_the_face(across: float, angle: float) -> None:
    face = stretched(np.array([[0, 0, 75, 100, angle]], np.float32), across, 1)
    head = head_boxes(roomy(face), 1.0)[0]
    x, y = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101))
    points = np.stack([x, y], -1)[np.hypot(x, y) <= 1]
    turn = np.radians(face[0, 4])
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    on_frame = points * face[0, 2:4] / 2 @ axes
    turn = np.radians(head[4])
    own = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inside = np.hypot(*((on_frame - head[:2]) @ own / (head[2:4] / 2)).T) <= 1
    assert inside.mean() > 0.95
