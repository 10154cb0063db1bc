"""A span is offered only where one and the same person can be meant."""

from __future__ import annotations

import numpy as np
import pytest

from blur.data.alike import alike, best_moments, faceless
from blur.data.certainty import MARGIN
from blur.data.likeness import Descriptor
from blur.data.persons import Face, parted, persons
from blur.data.plan import Mark, Track

RATE = 30.0
ANNA, BEN = Descriptor([1, 0, 0]), Descriptor([0, 1, 0])


def track(track_id: int, start: int, end: int, x: float = 100) -> Track:
    n = end - start
    boxes = np.tile(np.array([[x, 100, 40, 50, 0]], np.float32), (n, 1))
    return Track(track_id, start, boxes, np.zeros(n, np.uint8), np.ones(n, np.float32))


def spans(of: Track, look, others: tuple[Track, ...] = ()) -> list[tuple[int, int]]:
    return [(s.start, s.end) for s in alike(of, (of, *others), look, ANNA, RATE)]


def test_a_person_seen_throughout_is_offered_throughout() -> None:
    assert spans(track(1, 10, 310), lambda t, f: ANNA) == [(10, 310)]


def test_a_stranger_is_not_offered() -> None:
    assert spans(track(1, 0, 300), lambda t, f: BEN) == []
    near = Descriptor([0.44, 0.9, 0])
    assert spans(track(1, 0, 300), lambda t, f: near) == []


def test_a_face_without_a_look_is_not_offered() -> None:
    assert spans(track(1, 0, 300), lambda t, f: None) == []


def test_a_span_ends_at_the_last_look_before_another_person_takes_over() -> None:
    ((start, end),) = spans(track(1, 0, 300), lambda t, f: ANNA if f < 150 else BEN)
    assert start == 0 and 120 <= end <= 150
    ((start, end),) = spans(track(1, 0, 300), lambda t, f: ANNA if f >= 150 else BEN)
    assert end == 300 and 150 <= start <= 180


def test_a_single_unlike_moment_parts_a_span() -> None:
    (first, last) = spans(track(1, 0, 300), lambda t, f: BEN if 140 <= f < 155 else ANNA)
    assert first[0] == 0 and first[1] <= 140 and last[0] >= 155 and last[1] == 300


def test_a_long_time_without_a_look_ends_a_span() -> None:
    found = spans(track(1, 0, 600), lambda t, f: None if 100 <= f < 400 else ANNA)
    assert found[0][1] <= 115 and found[1][0] >= 385


def test_a_span_ends_where_another_face_comes_near() -> None:
    other = track(2, 100, 130, x=150)
    (first, last) = spans(track(1, 0, 300), lambda t, f: ANNA, (other,))
    assert first[1] <= 100 and last[0] >= 130
    far = track(2, 100, 130, x=300)
    assert spans(track(1, 0, 300), lambda t, f: ANNA, (far,)) == [(0, 300)]


def test_a_span_ends_where_the_face_goes_unseen() -> None:
    of = track(1, 0, 300)
    of.marks[100:120] = Mark.BRIDGED
    (first, last) = spans(of, lambda t, f: ANNA)
    assert first == (0, 100) and last == (120, 300)


def test_a_double_of_the_face_is_no_meeting() -> None:
    double = track(2, 100, 130)
    double.marks[:] = Mark.BRIDGED
    assert spans(track(1, 0, 300), lambda t, f: ANNA, (double,)) == [(0, 300)]


def test_no_face_is_offered_but_where_somebody_may_pass() -> None:
    def look(t: Track, f: int) -> Descriptor | None:
        return BEN if 140 <= f < 155 else (ANNA if f % 2 else None)

    wall, passer = track(1, 0, 300), track(2, 250, 260, x=150)
    found = [(s.start, s.end) for s in faceless(wall, (wall, passer), look, ANNA, RATE)]
    (first, second, third) = found
    assert first[0] == 0 and first[1] <= 135 and second[0] >= 160
    assert second[1] <= 250 - MARGIN and third == (260 + MARGIN, 300)


def test_moments_are_apart_and_the_best_of_their_part() -> None:
    of = track(1, 5, 95)
    of.scores[:] = 0.5
    of.scores[[10, 40, 80]] = 0.9
    assert best_moments(of, 3) == [15, 45, 85]
    of.marks[:] = Mark.HELD
    assert best_moments(of, 3) == []


def test_persons_are_grouped_over_clips_and_never_side_by_side() -> None:
    rng = np.random.default_rng(1)

    def like(who: Descriptor) -> Descriptor:
        return Descriptor(np.array(who._values) + rng.normal(0, 0.2, 3))

    faces = [Face(f"{clip}", track(i, 0, 50, 100 + 200 * i), like((ANNA, BEN)[i]))
             for clip in range(3) for i in range(2)]  # fmt: skip
    assert sorted(map(sorted, persons(faces))) == [[0, 2, 4], [1, 3, 5]]
    twins = [Face("a", track(1, 0, 50), ANNA), Face("a", track(2, 0, 50, 400), ANNA)]
    assert persons(twins) == [[0], [1]]
    fragments = [Face("a", track(1, 0, 50), ANNA), Face("a", track(2, 60, 90, 400), ANNA)]
    assert persons(fragments) == [[0, 1]]
    assert persons([]) == [] and persons(twins[:1]) == [[0]]


def test_a_track_that_goes_from_one_person_to_another_shows_both() -> None:
    assert parted([ANNA, ANNA, BEN, BEN]) == [[0, 1], [2, 3]]
    assert parted([ANNA, BEN, ANNA]) == [[0, 2], [1]]
    assert parted([]) == []
    of = track(1, 0, 50)
    assert persons([Face("a", of, ANNA), Face("a", of, ANNA), Face("b", of, ANNA)]) == [[0, 2], [1]]


def test_a_mean_of_none_is_an_error() -> None:
    from blur.data.likeness import mean

    with pytest.raises(ValueError, match="with a length"):
        mean([])
