"""Frames without a cover between the tracks of a face, found and closed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.data import gaps
from blur.data.plan import Box, Mark, Track

FACE = Box(100, 100, 40, 50)
SHOTS = [(0, 50), (50, 100)]


def track(start: int, end: int, box: Box = FACE, identity: int = 1, source: str = "scan") -> Track:
    n = end - start
    boxes = np.tile(np.array(box, np.float32), (n, 1))
    marks, scores = np.full(n, Mark.DETECTED, np.uint8), np.ones(n, np.float32)
    return Track(identity, start, boxes, marks, scores, source)


def moving(start: int, end: int, speed: float, identity: int = 1) -> Track:
    """A face that is at x = `speed` * frame."""
    made = track(start, end, identity=identity)
    made.boxes[:, 0] = speed * np.arange(start, end)
    return made


def at(*tracks: Track, kept: tuple[Track, ...] = ()) -> list[int]:
    return [frame for frame, _ in gaps.gaps(SHOTS, tracks, kept)]


def held(track: Track) -> Track:
    """The track with ends that a scan leaves: it held the cover there, and saw nobody."""
    track.marks[[0, -1]] = Mark.HELD
    return track


def test_the_frames_between_two_tracks_of_one_face_are_a_gap():
    first = held(track(0, 20))
    assert at(first, held(track(21, 40, identity=2))) == [20]
    assert at(held(track(23, 40, identity=2)), first) == [20, 21, 22]


def test_the_frames_between_a_track_and_the_edge_of_its_shot_are_a_gap():
    assert at(track(3, 47)) == [0, 1, 2, 47, 48, 49]
    assert at(track(51, 96)) == [50, 96]
    assert at(held(track(3, 47))) == []


def test_a_cover_that_ends_on_a_seen_face_is_lost_unless_the_face_is_kept_clear_from_there():
    cut = moving(8, 30, 60)
    assert at(cut) == [7, 30]
    places = dict(gaps.gaps([(0, 50)], [cut]))
    assert places[7].cx == pytest.approx(420) and places[30].cx == pytest.approx(1800)
    assert at(cut, kept=(moving(30, 40, 60, identity=2),)) == [7]
    assert at(cut, kept=(moving(2, 8, 60, identity=2),)) == [30]
    assert at(cut, kept=(track(30, 40, identity=2),)) == [7, 30]  # another face


def test_no_gap_across_a_cut_nor_between_two_faces_nor_over_a_long_time():
    elsewhere, tiny = FACE._replace(cx=300), Box(100, 100, 10, 12)
    assert at(track(0, 50), track(52, 90, identity=2)) == [50, 51, 90]  # of the second
    pairs = [
        (track(0, 20), track(21, 40, elsewhere, identity=2)),
        (track(0, 20), track(24, 40, identity=2)),
        (track(0, 20, tiny), track(22, 40, tiny, identity=2)),
        (track(0, 20, source="person"), track(22, 40, source="person")),
    ]
    assert [at(held(before), held(after)) for before, after in pairs] == [[]] * len(pairs)


def test_a_gap_in_a_fast_pan_is_one_and_the_face_lies_between():
    tracks = held(moving(0, 20, 60)), held(moving(22, 40, 60, identity=2))
    found = list(gaps.gaps([(0, 50)], tracks))
    assert [frame for frame, _ in found] == [20, 21]
    assert [box.cx for _, box in found] == pytest.approx([1200, 1260])
    against = held(moving(0, 20, 60)), held(moving(22, 40, -60, identity=2))
    assert not [f for f, _ in gaps.gaps([(0, 50)], against)]


def test_tracks_that_touch_or_overlap_leave_no_gap():
    assert at(held(track(0, 20)), held(track(20, 40)), held(track(15, 30))) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 98), st.integers(1, 30), st.floats(80, 130), st.integers(-9, 9)),
        min_size=1,
        max_size=6,
    )
)
def test_no_frame_between_two_tracks_of_a_face_is_left_and_no_box_is_changed(
    parts: list[tuple[int, int, float, int]],
) -> None:
    tracks = []
    for number, (start, length, x, speed) in enumerate(parts, 1):
        _, after = SHOTS[start >= 50]
        made = held(moving(start, min(start + length, after), speed, number))
        made.boxes[:, 0] += x - made.boxes[0, 0]
        tracks.append(made)
    closed = gaps.closed(SHOTS, tracks, 11)
    for before, now in zip(tracks, closed, strict=True):
        inside = slice(before.start - now.start, before.end - now.start)
        assert now.id == before.id and (now.boxes[inside] == before.boxes).all()
        assert (now.marks[: inside.start] == Mark.HELD).all()
        assert (now.marks[inside.stop :] == Mark.HELD).all()
        assert any(start <= now.start and now.end <= end for start, end in SHOTS)
    between = {f for f, _ in gaps.gaps(SHOTS, tracks, (), 11)}
    assert between <= {f for now in closed for f in range(now.start, now.end)}
