"""Joining: one face is one tracklet, and no sighted frame is lost on the way."""

from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from people import Seen, camera, shift, sightings

from blur.scan.join import absorb, join
from blur.scan.link import Tracklet, link
from blur.scan.weed import is_face

NEAR = 6
REACH = 60


def tracklet(rows: list[Seen]) -> Tracklet:
    table = np.array(rows, np.float64)
    boxes = np.column_stack([table[:, 1], table[:, 2], table[:, 3], table[:, 3], 0 * table[:, 0]])
    scores = np.repeat(table[:, 4:], 2, axis=1).astype(np.float32)
    return Tracklet(table[:, 0].astype(np.intp), boxes.astype(np.float32), scores)


def still(frames: range, x: float = 300, size: float = 60, score: float = 0.8) -> Tracklet:
    return tracklet([(f, x, 200.0, size, score) for f in frames])


def test_a_face_that_comes_back_where_it_went_is_one() -> None:
    parts = [still(range(0, 30, 3)), still(range(70, 100, 3))]
    assert len(join(parts, camera(100), REACH)) == 1


def test_a_face_that_comes_back_after_a_pan_is_one() -> None:
    """The camera goes 8 pixels a frame; the face waits in the scene."""
    before = tracklet([(f, 100 + 8.0 * f, 200, 60, 0.8) for f in range(0, 30, 3)])
    after = tracklet([(f, 100 + 8.0 * f, 200, 60, 0.8) for f in range(70, 100, 3)])
    assert len(join([before, after], camera(100, shift(8, 0)), REACH)) == 1
    assert len(join([before, after], camera(100), REACH)) == 2


def test_faces_before_and_after_an_unknown_motion_are_two() -> None:
    parts = [still(range(0, 30, 3)), still(range(70, 100, 3))]
    assert len(join(parts, camera(100, blind=[50]), REACH)) == 2


def test_a_patch_some_way_off_is_not_the_face_that_was_lost() -> None:
    face, patch = still(range(0, 30, 3), score=0.9), still(range(40, 70, 3), 385, score=0.2)
    assert len(join([face, patch], camera(70), REACH)) == 2
    alike = still(range(40, 70, 3), 385, score=0.8)
    assert len(join([face, alike], camera(70), REACH)) == 1


def test_three_parts_of_two_people_are_joined_by_the_cheapest_choice() -> None:
    parts = [still(range(30), 300), still(range(40, 70), 330), still(range(40, 70), 305)]
    joined = join(parts, camera(100), REACH)
    assert sorted(len(t) for t in joined) == [30, 60]
    longest = max(joined, key=len)
    assert set(longest.boxes[:, 0].tolist()) == {300, 305}


def test_gaps_longer_than_the_reach_and_faces_far_apart_stay_apart() -> None:
    parts = [still(range(30)), still(range(30 + REACH, 120)), still(range(40, 60), 900)]
    assert len(join(parts, camera(120), REACH)) == 3


def test_one_face_seen_at_two_sizes_is_one() -> None:
    parts = [still(range(0, 60, 3)), still(range(1, 60, 6), 304, size=44, score=0.4)]
    [kept] = absorb(parts, camera(60), NEAR)
    assert (kept.boxes[:, 2] == 60).all()


def test_a_double_adds_what_it_surely_saw_before_and_after_the_better_one() -> None:
    better = still(range(3, 60, 3))
    [kept] = absorb([better, still(range(0, 63, 6), 304, size=44, score=0.6)], camera(63), NEAR)
    assert (kept.start, kept.last) == (0, 60)


def test_a_sure_face_twice_as_large_just_after_a_small_one_stays() -> None:
    """A cover of the small one would hide a quarter of it."""
    small, large = tracklet([(0, 300, 200, 30, 1)] * 2), tracklet([(1, 300, 200, 61, 1)])
    kept = absorb([small, large], camera(9), NEAR)
    assert {(t.last, float(t.boxes[-1, 2])) for t in kept} == {(0, 30.0), (1, 61.0)}


def test_a_face_stays_where_what_takes_it_for_its_own_is_elsewhere_at_the_time() -> None:
    """A wrong sighting far away, linked to the face of another tracklet."""
    face = still(range(0, 30, 3))
    wandering = tracklet(
        [(0, 700, 200, 60, 0.9), *((f, 302.0, 200, 60, 0.9) for f in range(15, 60, 3))]
    )
    kept = absorb([face, wandering], camera(60), NEAR)
    here = [f for t in kept for f, box in zip(t.frames, t.boxes, strict=True) if box[0] < 310]
    assert {0, 3, 6} <= set(here)
    assert len(kept) == 2


def test_a_doubles_weak_sightings_do_not_uncover_the_better_one() -> None:
    better = still(range(12, 30, 6), score=0.21)
    [kept] = absorb([better, still(range(9, 30, 6), 304, score=0.1)], camera(40), NEAR)
    assert is_face(better)
    assert is_face(kept)


def test_a_double_adds_the_frames_that_the_better_one_lacks() -> None:
    better = tracklet([(f, 300.0, 200.0, 60.0, 0.9) for f in (0, 3, 6, 50, 53, 56)])
    weaker = still(range(0, 57, 2), 305, size=50, score=0.125)
    [kept] = absorb([better, weaker], camera(60), NEAR)
    assert set(better.frames.tolist()) <= set(kept.frames.tolist())
    assert np.diff(kept.frames).max() <= 2 * NEAR


def test_neighbours_are_no_doubles() -> None:
    parts = [still(range(0, 60, 3)), still(range(0, 60, 3), 350)]
    assert len(absorb(parts, camera(60), NEAR)) == 2


def test_a_turned_guess_beside_a_face_is_a_double_unless_it_is_sure() -> None:
    """Two heads touch, and the better seen one is taken for upside down."""
    better = still(range(0, 60, 3))
    better.boxes[:, 4] = 180
    guess = still(range(0, 60, 6), 345, score=0.4)
    assert len(absorb([better, guess], camera(60), NEAR)) == 1
    guess.evidence[0] = 0.6
    kept = absorb([better, guess], camera(60), NEAR)
    assert sorted(t.boxes[0, 0] for t in kept) == [300, 345]


def test_a_small_face_before_a_large_one_is_no_double() -> None:
    parts = [still(range(0, 60, 3), size=240), still(range(0, 60, 3), 330, size=60)]
    assert len(absorb(parts, camera(60), NEAR)) == 2


def test_a_long_shot_takes_memory_with_its_length_and_not_with_the_square() -> None:
    """A face that stays and is seen at two sizes, and a thousand brief ones."""
    frames = 12_000
    stay = [still(range(0, frames, 3)), still(range(1, frames, 3), 305, size=50, score=0.4)]
    passing = [still(range(f, f + 2), 700) for f in range(0, frames, 9)]
    seen = camera(frames)
    seen.between(0, frames - 1)
    tracemalloc.start()
    found = join(absorb([*stay, *passing], seen, NEAR), seen, REACH)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sorted(len(t) for t in found) == [2668, 4000]
    assert peak < 8e6, peak  # a table of all pairs takes 14 MB, one of all sightings 128


rows = st.tuples(
    st.integers(0, 150),
    st.floats(0, 600, width=32),
    st.floats(0, 300, width=32),
    st.floats(30, 120, width=32),
    st.floats(0.125, 1, width=32),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=40))
def test_what_was_seen_stays_near_a_tracklet_in_time_and_place(people: list[Seen]) -> None:
    seen = camera(151)
    linked = link(sightings(people), seen, 30)
    found = absorb(join(absorb(linked, seen, NEAR), seen, REACH), seen, NEAR)
    for tracklet in found:
        assert (np.diff(tracklet.frames) > 0).all()
    kept = [(int(f), box) for t in found for f, box in zip(t.frames, t.boxes, strict=True)]
    for part in linked:
        for frame in part.frames.tolist():
            assert any(abs(f - frame) <= NEAR for f, _ in kept)
    given_boxes = {(s.frame, *box) for s in sightings(people) for box in s.boxes.tolist()}
    assert all((f, *box.tolist()) in given_boxes for f, box in kept)


def upside_down_body(frames: range) -> Tracklet:
    """A body around the face, taken for a face upside down now and then."""
    body = still(frames, 420, size=400, score=0.4)
    body.boxes[:, 4] = 180
    return body


def test_a_body_that_is_taken_for_a_face_does_not_swell_the_faces_cover() -> None:
    face, body = still(range(0, 60, 3)), upside_down_body(range(3, 100, 18))
    kept = absorb([face, body], camera(100), NEAR)
    assert max(kept, key=len).boxes[:, 2].max() == 60
    seen_alone = {f for f in body.frames.tolist() if f > 57 + NEAR}
    assert seen_alone <= {f for t in kept for f in t.frames.tolist()}


def test_a_body_on_two_tracklets_of_a_face_is_a_double_of_both() -> None:
    face = [still(range(0, 60, 3)), still(range(60, 120, 3))]
    kept = absorb([*face, upside_down_body(range(3, 117, 18))], camera(120), NEAR)
    assert all((t.boxes[:, 2] == 60).all() for t in kept)
