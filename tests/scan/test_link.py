"""Linking: every sighting goes to one tracklet, and faces keep theirs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import Seen, camera, shift, sightings

from blur.scan.link import Tracklet, link

REACH = 30

rows = st.tuples(
    st.integers(0, 400),
    st.floats(0, 1280, width=32),
    st.floats(0, 720, width=32),
    st.floats(16, 200, width=32),
    st.floats(0.125, 1, width=32),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=60), st.sets(st.integers(1, 400), max_size=5))
def test_every_sighting_is_in_exactly_one_tracklet(people: list[Seen], blind: set[int]) -> None:
    seen = sightings(people)
    tracklets = link(seen, camera(401, blind=blind), REACH)
    before = Counter(
        (s.frame, *box, *e)
        for s in seen
        for box, e in zip(s.boxes.tolist(), s.evidence.tolist(), strict=True)
    )
    after = Counter(
        (f, *box, *e)
        for t in tracklets
        for f, box, e in zip(t.frames.tolist(), t.boxes.tolist(), t.evidence.tolist(), strict=True)
    )
    assert after == before
    for tracklet in tracklets:
        gaps = np.diff(tracklet.frames)
        assert (gaps > 0).all()
        assert (gaps <= REACH).all()
    assert [t.start for t in tracklets] == sorted(t.start for t in tracklets)


def walk(
    start: float, speed: float, y: float, frames: range, size: float = 60, score: float = 0.8
) -> list[Seen]:
    return [(f, start + speed * f, y, size, score) for f in frames]


def of_people(tracklets: list[Tracklet], *people: list[Seen]) -> list[set[int]]:
    """For each tracklet, the people among its sightings."""
    owners = {row[:3]: i for i, person in enumerate(people) for row in person}
    rounded = {(f, np.float32(x), np.float32(y)): i for (f, x, y), i in owners.items()}
    return [
        {rounded[int(f), box[0], box[1]] for f, box in zip(t.frames, t.boxes, strict=True)}
        for t in tracklets
    ]


@pytest.mark.parametrize("every", [1, 3])
def test_people_side_by_side_keep_their_tracks(every: int) -> None:
    frames = range(0, 500, every)
    left, right = walk(300, 0.4, 200, frames), walk(370, 0.4, 200, frames)
    tracklets = link(sightings(left, right), camera(500), REACH)
    assert sorted(map(sorted, of_people(tracklets, left, right))) == [[0], [1]]


@pytest.mark.parametrize("every", [1, 3])
def test_somebody_who_walks_by_in_front_steals_no_track(every: int) -> None:
    """The sitter is not seen behind the walker."""
    frames = range(0, 120, every)
    walker = walk(200, 8, 215, frames, size=80)
    sitter = [(f, 640.0, 200.0, 60.0, 0.7) for f in frames if abs(200 + 8 * f - 640) > 60]
    tracklets = link(sightings(walker, sitter), camera(120), REACH)
    assert sorted(map(sorted, of_people(tracklets, walker, sitter))) == [[0], [1]]


@pytest.mark.parametrize("every", [1, 3])
def test_two_who_cross_keep_their_tracks(every: int) -> None:
    frames = range(0, 120, every)
    right = walk(200, 6, 230, frames, size=72)
    left = [row for row in walk(1000, -6, 190, frames) if abs(row[1] - (200 + 6 * row[0])) > 45]
    tracklets = link(sightings(right, left), camera(120), REACH)
    assert sorted(map(sorted, of_people(tracklets, right, left))) == [[0], [1]]


def test_a_pan_is_no_motion_of_the_face() -> None:
    """60 px faces fly by at 100 px a frame; seen every third frame."""
    frames = range(0, 60, 3)
    first, second = walk(0, 100, 200, frames), walk(150, 100, 200, frames)
    tracklets = link(sightings(first, second), camera(60, shift(100, 0)), REACH)
    assert sorted(map(sorted, of_people(tracklets, first, second))) == [[0], [1]]


def test_weak_sightings_take_part() -> None:
    frames = range(0, 60, 3)
    person = [(f, 300.0, 200.0, 60.0, 0.9 if 20 < f < 30 else 0.1) for f in frames]
    assert len(link(sightings(person), camera(60), REACH)) == 1


def test_a_face_of_another_size_at_the_same_place_is_another_face() -> None:
    person = [(0, 300.0, 200.0, 60.0, 0.9), (3, 300.0, 200.0, 240.0, 0.9)]
    assert len(link(sightings(person), camera(10), REACH)) == 2


def test_a_body_beside_a_face_is_not_its_next_sighting() -> None:
    body = [(f, 300.0, 260.0, 105.0, 0.3) for f in range(0, 12, 3)]
    face = [(f, 300.0, 240.0, 60.0, 0.9) for f in range(12, 30, 3)]
    assert len(link(sightings([*body, *face]), camera(40), REACH)) == 2


def test_nothing_is_linked_over_more_than_the_reach() -> None:
    person = [(f, 300.0, 200.0, 60.0, 0.9) for f in (0, REACH, 2 * REACH + 1)]
    assert [len(t) for t in link(sightings(person), camera(100), REACH)] == [2, 1]


def test_long_shots_are_linked_without_seams() -> None:
    frames = range(0, 3000, 3)
    assert len(link(sightings(walk(100, 0.2, 200, frames)), camera(3000), REACH)) == 1


def test_an_odd_sighting_at_a_seam_of_the_solution_does_not_part_a_face() -> None:
    face = walk(300, 0, 200, range(0, 480, 3))
    face[79] = (237, 290.0, 210.0, 82.0, 0.8)  # the last before frame 240
    assert len(link(sightings(face), camera(480), REACH)) == 1


def test_a_patch_that_vanishes_near_a_seam_does_not_go_on_as_a_face() -> None:
    face = [
        (f, 341.0 - 18 * (f % 6 == 0), 235.0 + 10 * (f % 6 == 0), 190.0, 0.9)
        for f in range(0, 480, 3)
    ]
    wall = [(f, 524.0, 287.0, 230.0, 0.33) for f in range(0, 225, 3)]
    assert of_people(link(sightings(face + wall), camera(480), REACH), face, wall) == [{0}, {1}]


def test_nothing_seen_is_no_tracklet() -> None:
    assert link([], camera(1), REACH) == []
