"""Completing and smoothing: a box on every frame, where the face is or should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import camera, shift

from blur.data.boxes import bounds
from blur.data.plan import Mark, Track
from blur.scan.camera import Camera
from blur.scan.complete import complete, smooth
from blur.scan.link import Tracklet

FRAMES = 200
STILL = camera(FRAMES)


def tracklet(frames: list[int], boxes: list[tuple[float, ...]], score: float = 0.7) -> Tracklet:
    evidence = np.full((len(frames), 2), score, np.float32)
    return Tracklet(np.array(frames, np.intp), np.array(boxes, np.float32), evidence)


def completed(
    part: Tracklet, shot: tuple[int, int] = (0, FRAMES), hold: int = 30, path: Camera = STILL
) -> Track:
    return complete(part, path, shot, (hold, hold), 1)


@st.composite
def tracklets(draw: st.DrawFn) -> Tracklet:
    frames = sorted(draw(st.sets(st.integers(60, 140), min_size=1, max_size=12)))
    row = st.tuples(
        st.floats(0, 1280),
        st.floats(0, 720),
        st.floats(20, 200),
        st.floats(20, 200),
        st.floats(-180, 179),
    )
    return tracklet(frames, [draw(row) for _ in frames])


@settings(max_examples=60, deadline=None)
@given(tracklets(), st.integers(0, 60), st.integers(140, FRAMES - 1), st.integers(0, 60))
def test_a_track_has_boxes_on_every_frame_of_its_holds_and_none_outside_its_shot(
    part: Tracklet, start: int, last: int, hold: int
) -> None:
    track = completed(part, (start, last + 1), hold)
    assert track.start == max(start, part.start - hold)
    assert track.end == min(last + 1, part.last + 1 + hold)
    assert len(track.boxes) == track.end - track.start
    held = {*range(track.start, part.start), *range(part.last + 1, track.end)}
    for frame in range(track.start, track.end):
        mark = Mark(int(track.marks[frame - track.start]))
        seen = frame in part.frames
        assert mark is (Mark.DETECTED if seen else Mark.HELD if frame in held else Mark.BRIDGED)
        assert (track.scores[frame - track.start] > 0) == seen


@settings(max_examples=60, deadline=None)
@given(tracklets())
def test_a_sighted_frame_has_the_box_that_was_seen(part: Tracklet) -> None:
    track = completed(part)
    assert np.allclose(track.boxes[part.frames - track.start], part.boxes)
    assert track.sightings().tolist() == part.frames.tolist()


def test_a_row_without_evidence_is_marked_followed() -> None:
    part = tracklet([50, 51, 52], [(100, 100, 40, 40, 0)] * 3)
    part.evidence[1] = 0
    track = completed(part, hold=0)
    assert track.marks.tolist() == [Mark.DETECTED, Mark.FOLLOWED, Mark.DETECTED]


def test_a_bridge_leads_evenly_from_one_sighting_to_the_next() -> None:
    track = completed(tracklet([50, 60], [(100, 200, 40, 50, -170), (200, 100, 60, 50, 170)]))
    middle = track.boxes[55 - track.start]
    assert middle[:4] == pytest.approx([150, 150, 50, 50])
    assert abs(middle[4]) == pytest.approx(180)  # the short way round


def test_a_pan_carries_bridges_and_holds_along() -> None:
    """The face waits in the scene; the camera moves the picture 7 pixels right, 2 up a frame."""
    at = {f: (100 + 7.0 * f, 400 - 2.0 * f, 40, 50, 0) for f in range(FRAMES)}
    seen = [60, 63, 66, 90, 93]
    track = completed(tracklet(seen, [at[f] for f in seen]), path=camera(FRAMES, shift(7, -2)))
    expected = np.array([at[f][:2] for f in range(track.start, track.end)])
    assert (track.start, track.end) == (30, 124)
    assert np.abs(track.boxes[:, :2] - expected).max() < 0.5


def test_a_zoom_lets_a_held_box_grow_with_the_picture() -> None:
    path = camera(FRAMES, np.diag([1.02, 1.02, 1.0]))
    track = completed(tracklet([50], [(300, 200, 40, 50, 0)]), hold=20, path=path)
    assert track.boxes[-1, 2] >= 40 * 1.02**20
    assert track.boxes[-1, :2] == pytest.approx(np.array([300, 200]) * 1.02**20, rel=1e-3)


def test_a_held_box_goes_on_with_the_face_and_never_shrinks() -> None:
    frames = list(range(60, 90, 3))
    boxes = [(300 + 1.5 * f, 200.0, 60.0, 70.0, 0.0) for f in frames]
    track = completed(tracklet(frames, boxes))
    after = track.boxes[87 + 1 - track.start :]
    before = track.boxes[: 60 - track.start][::-1]
    assert (np.diff(after[:, 0]) >= 0).all() and after[5, 0] > boxes[-1][0] + 5
    assert (np.diff(before[:, 0]) <= 0).all() and before[5, 0] < boxes[0][0] - 5
    for side in (after, before):
        assert (np.diff(side[:, 2]) >= 0).all()
        assert side[-1, 2] > 60


def test_jitter_sends_no_held_box_away() -> None:
    rng = np.random.default_rng(0)
    frames = [60, 61, 62]
    boxes = [(300 + x, 200.0, 60.0, 70.0, 0.0) for x in rng.normal(0, 8, 3)]
    track = completed(tracklet(frames, boxes))
    assert np.abs(track.boxes[:, 0] - 300).max() < 60


def test_a_single_sighting_is_held_both_ways() -> None:
    track = completed(tracklet([100], [(300, 200, 60, 70, 0)]), hold=25)
    assert (track.start, track.end) == (75, 126)


@settings(max_examples=60, deadline=None)
@given(tracklets())
def test_smoothing_keeps_places_and_frames(part: Tracklet) -> None:
    steady = smooth(part, STILL)
    assert steady.frames.tolist() == part.frames.tolist()
    assert np.allclose(steady.boxes[:, :2], part.boxes[:, :2])
    assert np.isfinite(steady.boxes).all()
    assert (steady.boxes[:, 2:4] > 0).all()


@given(st.integers(0, 50))
def test_a_smoothed_face_that_jitters_is_hardly_smaller_than_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = list(range(60, 120, 3))
    jitter = 60 * np.exp(rng.uniform(-0.1, 0.1, len(frames)))
    part = tracklet(frames, [(300, 200, w, 1.2 * w, 0) for w in jitter])
    ratio = smooth(part, STILL).boxes[:, 2] / part.boxes[:, 2]
    assert ratio.min() > 0.85
    assert np.std(np.diff(np.log(smooth(part, STILL).boxes[:, 2]))) < np.std(
        np.diff(np.log(jitter))
    )


def test_one_wrong_size_neither_swells_nor_shrinks_its_neighbours() -> None:
    for wrong in (20.0, 200.0):
        widths = [60.0] * 12
        widths[6] = wrong
        part = tracklet(list(range(60, 96, 3)), [(300, 200, w, w, 0) for w in widths])
        others = np.delete(smooth(part, STILL).boxes[:, 2], 6)
        assert (others >= 54).all()
        assert (others <= 80).all()


def test_smoothing_takes_the_camera_into_account() -> None:
    """A zoom changes sizes for good; it is no jitter to be smoothed away."""
    path = camera(FRAMES, np.diag([1.02, 1.02, 1.0]))
    frames = list(range(60, 120, 3))
    part = tracklet(frames, [(300, 200, 30 * 1.02**f, 30 * 1.02**f, 0) for f in frames])
    assert np.allclose(smooth(part, path).boxes[:, 2:4], part.boxes[:, 2:4], rtol=0.01)


def test_turns_are_smoothed_across_the_half_circle() -> None:
    rng = np.random.default_rng(0)
    frames = list(range(60, 120, 3))
    turns = (180 + rng.normal(0, 10, len(frames)) + 180) % 360 - 180
    part = tracklet(frames, [(300, 200, 60, 70, t) for t in turns])
    away = (smooth(part, STILL).boxes[:, 4] - 180 + 180) % 360 - 180
    assert np.abs(away).max() < 12


def test_turns_that_no_look_read_follow_the_camera_from_those_that_were_read() -> None:
    """A look that does not read a face's turn tells its own, whole quarters, while a camera rolls
    by half a turn and every fourth look reads the face's."""
    turn = np.radians(3.0)
    roll = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    frames = list(range(60, 123, 3))
    true = [3.0 * (f - 60) + 1 for f in frames]
    seen = [t if i % 4 == 0 else 0.0 for i, t in enumerate(true)]
    part = tracklet(frames, [(300, 200, 60, 70, t) for t in seen])
    away = (smooth(part, camera(FRAMES, roll)).boxes[:, 4] - true + 180) % 360 - 180
    assert np.abs(away).max() < 20


def test_turns_that_no_look_reads_are_those_of_the_looks() -> None:
    part = tracklet(list(range(60, 120, 3)), [(300, 200, 60, 70, 90)] * 20)
    assert np.allclose(smooth(part, STILL).boxes[:, 4], 90, atol=1e-3)


def test_bounds_of_a_held_track_hold_those_of_its_sighting() -> None:
    track = completed(tracklet([100], [(300, 200, 60, 70, 30)]), hold=10)
    seen = bounds(track.boxes[100 - track.start : 101 - track.start])[0]
    for row in bounds(track.boxes):
        assert (row[:2] <= seen[:2] + 1e-3).all()
        assert (row[2:] >= seen[2:] - 1e-3).all()
