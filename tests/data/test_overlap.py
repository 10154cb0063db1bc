"""Every measure of overlap agrees with the others, and each rule of one face with its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.overlap import (
    doubles,
    faces,
    inside_smaller,
    iou,
    is_kept,
    overlaps,
    same_sighting,
)
from blur.data.plan import Box

coordinates = st.floats(-200, 300, width=32)
lengths = st.floats(2, 300, width=32)
rows = st.tuples(coordinates, coordinates, lengths, lengths, st.floats(-180, 179, width=32))
boxes = rows.map(lambda row: np.array([row], np.float32))
many = st.lists(rows, min_size=1, max_size=9).map(lambda table: np.array(table, np.float32))

FACE = Box(100, 100, 40, 50)


def test_overlaps_of_known_boxes() -> None:
    here = np.array([[50, 50, 20, 20, 0]], np.float32)
    others = np.array(
        [
            [50, 50, 20, 20, 0],  # the same
            [60, 50, 20, 20, 0],  # half of it
            [50, 50, 10, 10, 0],  # inside
            [90, 50, 20, 20, 0],  # elsewhere
            [50, 50, 20, 20, 90],  # turned on the spot
        ],
        np.float32,
    )
    iou, inside = overlaps(here, others)
    assert iou[0] == pytest.approx([1, 1 / 3, 1 / 4, 0, 1], abs=1e-6)
    assert inside[0] == pytest.approx([1, 1 / 2, 1, 0, 1], abs=1e-6)


@given(boxes, boxes)
def test_overlaps_are_symmetric_and_within_bounds(first: np.ndarray, second: np.ndarray) -> None:
    (iou, inside), (iou_back, inside_back) = overlaps(first, second), overlaps(second, first)
    assert iou[0, 0] == pytest.approx(iou_back[0, 0])
    assert inside[0, 0] == pytest.approx(inside_back[0, 0])
    assert 0 <= iou[0, 0] <= inside[0, 0] + 1e-9 <= 1 + 2e-9


@given(many)
def test_measures_row_by_row_are_those_of_the_matrix(table: np.ndarray) -> None:
    others = table[::-1]
    union, inside = overlaps(table, others)
    assert (iou(table, others) == union.diagonal()).all()
    assert (inside_smaller(table, others) == inside.diagonal()).all()
    assert (doubles(table, others) <= (inside.diagonal() > 0.7)).all()


@given(many)
def test_faces_are_groups_of_one_sighting_each_and_hold_every_row_once(table: np.ndarray) -> None:
    same = same_sighting(table)
    assert (same == same.T).all()
    groups = list(faces(table))
    assert sum(mask.astype(int) for _, mask in groups).tolist() == [1] * len(table)
    for best, mask in groups:
        assert best == np.flatnonzero(mask)[0]
        assert same[best, mask].all()
    firsts = [best for best, _ in groups]
    assert np.count_nonzero(same[np.ix_(firsts, firsts)]) == len(firsts)


@pytest.mark.parametrize(
    ("other", "one"),
    [
        (FACE._replace(cx=115), True),  # IoU 0.45
        (FACE._replace(cx=119), False),  # IoU 0.36
        (FACE._replace(w=24, h=30), True),  # inside, 0.36 of the area
        (FACE._replace(w=18, h=23), False),  # inside, 0.21 of the area
    ],
)
def test_sightings_of_one_face_overlap_well_or_nest_at_a_comparable_size(other, one):
    assert same_sighting(np.array([FACE, other], np.float32))[0, 1] == one


@pytest.mark.parametrize(
    ("other", "one"),
    [
        (FACE._replace(cx=111), True),  # 0.73 of it inside
        (FACE._replace(cx=113), False),  # 0.68
        (FACE._replace(w=17, h=21), True),  # 2.4 times smaller
        (FACE._replace(w=15, h=19), False),  # 2.6 times smaller
    ],
)
def test_a_double_nests_in_a_box_of_comparable_size(other, one):
    pair = np.array([FACE], np.float32), np.array([other], np.float32)
    assert doubles(*pair)[0] == doubles(*pair[::-1])[0] == one


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        (FACE._replace(cx=119), True),  # IoU 0.36
        (FACE._replace(cx=121), False),  # 0.31
        (FACE._replace(w=26, h=32), True),
        (FACE._replace(w=20, h=25), False),  # a child in front
    ],
)
def test_a_kept_face_excuses_what_lies_in_its_place_at_its_size(other, kept):
    assert is_kept(other, FACE) == is_kept(FACE, other) == kept
