"""Detections keep the best of overlapping boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.overlap import overlaps
from blur.detect.detections import Detections, nms

# x from 0, 20 and 50, all 100 wide: IoU 2/3 (first, second), 1/3 (first, third), 7/13.
ROW = np.array([[0, 0, 100, 100], [20, 0, 120, 100], [50, 0, 150, 100]], np.float32)


@pytest.mark.parametrize(
    ("scores", "iou", "kept"),
    [
        ([0.7, 0.9, 0.8], 0.70, [1, 2, 0]),
        ([0.7, 0.9, 0.8], 0.60, [1, 2]),
        ([0.7, 0.9, 0.8], 0.50, [1]),
        # A suppressed box suppresses no other.
        ([0.9, 0.8, 0.7], 0.50, [0, 2]),
    ],
)
def test_by_hand(scores: list[float], iou: float, kept: list[int]) -> None:
    assert nms(ROW, np.array(scores, np.float32), iou).tolist() == kept


def test_nothing_and_one() -> None:
    assert nms(ROW[:0], np.zeros(0, np.float32), 0.5).tolist() == []
    assert nms(ROW[:1], np.ones(1, np.float32), 0.5).tolist() == [0]


def detections(rows: list[tuple[float, ...]]) -> Detections:
    """From rows of cx, cy, w, h, angle, score."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections.of(table[:, :5], table[:, 5], "test")


def test_across_turns() -> None:
    """A face lying on its side, seen by a turned view and by an upright one, is one face."""
    lying = (100, 100, 60, 80, 90, 0.9)
    the_same_upright = (101, 99, 80, 60, 0, 0.5)
    beside_it = (190, 100, 60, 80, 0, 0.4)
    kept = detections([the_same_upright, beside_it, lying]).suppressed(0.5)
    assert kept.scores.tolist() == pytest.approx([0.9, 0.4])
    assert kept.boxes[0, 4] == 90


sizes = st.floats(4, 200)
rows = st.tuples(
    st.floats(0, 500), st.floats(0, 500), sizes, sizes, st.floats(-180, 179), st.floats(0.05, 1)
)


@given(st.lists(rows, max_size=30), st.floats(0.1, 0.9))
def test_keeps_the_best_of_what_overlaps(rows: list[tuple[float, ...]], iou: float) -> None:
    found = detections(rows)
    kept = found.suppressed(iou)
    assert (np.diff(kept.scores) <= 0).all()
    among = overlaps(kept.boxes, kept.boxes)[0]
    np.fill_diagonal(among, 0)
    assert (among <= iou + 1e-4).all()
    if len(found):
        better = kept.scores[None] >= found.scores[:, None]
        near = overlaps(found.boxes, kept.boxes)[0] >= iou - 1e-4
        assert (near & better).any(axis=1).all()
