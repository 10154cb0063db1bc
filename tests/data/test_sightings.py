"""What many looks see of one face becomes one sighting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.sightings import FAMILIES, Sightings, merged

CENTERFACE, YUNET = FAMILIES.index("centerface"), FAMILIES.index("yunet")


def one(*rows: tuple[float, float, float, float, float, float, int]) -> Sightings:
    """Merge rows of cx, cy, w, h, angle, score, family."""
    table = np.array(rows, np.float32).reshape(-1, 7)
    return merged(7, table[:, :5], table[:, 5], table[:, 6].astype(np.intp))


def test_all_looks_at_one_face_become_one_row_of_the_best_box() -> None:
    found = one(
        (100, 100, 40, 50, 0, 0.5, CENTERFACE),
        (104, 98, 42, 48, 2, 0.9, CENTERFACE),
        (97, 103, 44, 52, 88, 0.7, YUNET),
    )
    assert found.frame == 7
    assert found.boxes.tolist() == [[104, 98, 42, 48, 2]]


def test_evidence_is_the_best_score_of_each_family() -> None:
    found = one(
        (100, 100, 40, 50, 0, 0.5, CENTERFACE),
        (101, 100, 40, 50, 0, 0.6, CENTERFACE),
        (102, 100, 40, 50, 0, 0.3, YUNET),
    )
    assert found.evidence[0, [CENTERFACE, YUNET]] == pytest.approx([0.6, 0.3])
    assert found.scores == pytest.approx([0.6])


def test_a_family_that_saw_nothing_has_no_evidence() -> None:
    assert one((100, 100, 40, 50, 0, 0.8, YUNET)).evidence[0, CENTERFACE] == 0


def test_neighbours_stay_apart_and_the_best_comes_first() -> None:
    found = one((100, 100, 40, 50, 0, 0.4, CENTERFACE), (150, 100, 40, 50, 0, 0.8, CENTERFACE))
    assert found.boxes[:, 0].tolist() == [150, 100]
    assert found.scores == pytest.approx([0.8, 0.4])


def test_a_smaller_box_within_a_face_is_the_same_face() -> None:
    assert len(one((100, 100, 60, 70, 0, 0.9, YUNET), (105, 100, 40, 45, 0, 0.3, CENTERFACE))) == 1


def test_a_small_face_before_a_large_one_is_a_face_of_its_own() -> None:
    found = one((200, 200, 200, 240, 0, 0.9, YUNET), (160, 180, 30, 36, 0, 0.6, CENTERFACE))
    assert len(found) == 2


def test_nothing_seen_is_no_row() -> None:
    found = one()
    assert len(found) == 0
    assert found.boxes.shape == (0, 5)
    assert found.evidence.shape == (0, len(FAMILIES))
    assert found.scores.shape == (0,)


rows = st.tuples(
    st.floats(0, 500, width=32),
    st.floats(0, 300, width=32),
    st.floats(8, 200, width=32),
    st.floats(8, 200, width=32),
    st.sampled_from([0.0, 90.0, -90.0, 180.0]),
    st.floats(0.0625, 1, width=32),
    st.sampled_from(range(len(FAMILIES))),
)


@given(st.lists(rows, max_size=12))
def test_merging_loses_no_evidence_and_invents_no_box(given_rows: list[tuple[float, ...]]) -> None:
    found = one(*given_rows)
    table = np.array(given_rows, np.float32).reshape(-1, 7)
    assert len(found) <= len(table)
    assert all((table[:, :5] == box).all(axis=1).any() for box in found.boxes)
    assert (np.diff(found.scores) <= 0).all()
    for family in range(len(FAMILIES)):
        best = table[table[:, 6] == family, 5].max(initial=0.0)
        assert found.evidence[:, family].max(initial=0.0) == pytest.approx(best)


@given(st.lists(rows, min_size=1, max_size=12))
def test_merging_again_finds_nothing_to_merge(given_rows: list[tuple[float, ...]]) -> None:
    found = one(*given_rows)
    again = merged(7, found.boxes, found.scores, found.evidence.argmax(axis=1))
    assert len(again) == len(found)
