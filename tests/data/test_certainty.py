"""A face kept clear uncovers nobody else: where faces meet, or go unseen, the keep ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.boxes import bounds
from blur.data.certainty import MARGIN, UNSEEN
from blur.data.edits import Decision, Edits, TrackEdit
from blur.data.paths import path_of
from blur.data.plan import Fingerprint, Mark, Plan, Reason, Track
from blur.data.resolve import Resolved, resolve
from blur.review.commands import keep_or_cover

FRAMES = 90
PRINT = Fingerprint(1, "a")
NONE = Edits(fingerprint=PRINT)
W, H = 40, 50


def moving(
    track_id: int,
    xs: Sequence[float],
    start: int = 0,
    y: float = 100,
    marks: np.ndarray | None = None,
) -> Track:
    n = len(xs)
    boxes = np.tile(np.array([[0, y, W, H, 0]], np.float32), (n, 1))
    boxes[:, 0] = xs
    marks = np.full(n, Mark.DETECTED, np.uint8) if marks is None else marks
    return Track(track_id, start, boxes, marks, np.ones(n, np.float32))


def plan_of(*tracks: Track) -> Plan:
    return Plan(PRINT, 1000, 300, Fraction(1, 30), tuple(range(FRAMES)), tracks=tracks)


def keep(track: Track, start: int = 0, end: int = FRAMES, confirmed: bool = False) -> TrackEdit:
    path = path_of(track, start, end)
    return TrackEdit(decision=Decision.KEEP, path=path, reason="agreed", confirmed=confirmed)


def kept(plan: Plan, *edits: TrackEdit) -> Resolved:
    return resolve(plan, Edits(fingerprint=PRINT, tracks=edits))


def clear(resolved: Resolved, lane: int = 0) -> list[int]:
    track, mask = resolved.lanes[lane].track, resolved.lanes[lane].clear
    return (track.start + np.flatnonzero(mask)).tolist()


def asked(resolved: Resolved) -> list[tuple[int, int, Reason]]:
    return [(d.start, d.end, d.reason) for d in resolved.plan.doubts]


def passing() -> tuple[Track, Track, range]:
    """Two faces that walk through each other, and the frames on which they are near."""
    there = np.linspace(100, 800, FRAMES)
    near = np.flatnonzero(np.abs(there - there[::-1]) <= 2 * W)
    return moving(0, there), moving(1, there[::-1]), range(near[0], near[-1] + 1)


def unseen(n: int, first: int, last: int) -> np.ndarray:
    marks = np.full(n, Mark.DETECTED, np.uint8)
    marks[first:last] = Mark.BRIDGED
    return marks


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Plan, list[TrackEdit]]:
    """Faces that wander to and fro on a line, now seen, now not, and decisions to keep some."""
    tracks = []
    for track_id in range(draw(st.integers(2, 4))):
        start = draw(st.integers(0, 30))
        n = draw(st.integers(2, FRAMES - start))
        turns = draw(st.lists(st.integers(50, 950), min_size=2, max_size=4))
        xs = np.interp(np.linspace(0, len(turns) - 1, n), range(len(turns)), turns)
        marks = np.full(n, Mark.DETECTED, np.uint8)
        for mark in (Mark.FOLLOWED, Mark.BRIDGED, Mark.HELD):
            first = draw(st.integers(0, n))
            marks[first : first + draw(st.integers(0, 25))] = mark
        tracks.append(moving(track_id, xs, start, marks=marks))
    edits = []
    for track in tracks[: draw(st.integers(1, 2))]:
        cut = draw(st.integers(track.start, track.end - 1))
        edits += [keep(track, a, b) for a, b in ((track.start, cut), (cut, track.end)) if a < b]
    return plan_of(*tracks), edits


@given(crowds())
def test_no_face_is_clear_beside_another_or_long_unseen(
    crowd: tuple[Plan, list[TrackEdit]],
) -> None:
    plan, edits = crowd
    resolved = kept(plan, *edits)
    for lane in resolved.lanes:
        track = lane.track
        for row in np.flatnonzero(lane.clear):
            frame = track.start + row
            assert np.abs(track.sightings() - frame).min(initial=FRAMES) <= UNSEEN
            for other in plan.tracks:
                if other.id != track.id and other.start <= frame < other.end:
                    a = bounds(track.boxes[row][None])[0]
                    b = bounds(other.boxes[frame - other.start][None])[0]
                    gaps = np.maximum(a[:2] - b[2:], b[:2] - a[2:])
                    assert gaps.max() > track.boxes[row, 2]
    for frame in range(FRAMES):
        whole = sorted(tuple(t.box(frame) or ()) for t in plan.tracks)
        parts = [t.box(frame) for t in (*resolved.plan.tracks, *resolved.kept)]
        assert sorted(tuple(box) for box in parts if box) == [box for box in whole if box]


@given(crowds())
def test_wherever_a_decision_keeps_nothing_clear_a_doubt_asks(
    crowd: tuple[Plan, list[TrackEdit]],
) -> None:
    plan, edits = crowd
    resolved = kept(plan, *edits)
    doubted = np.zeros(FRAMES, bool)
    for doubt in resolved.plan.doubts:
        doubted[doubt.start : doubt.end] = True
        assert doubt.reason is Reason.STALE or doubt.track in {t.id for t in resolved.plan.tracks}
    for edit in edits:
        for frame in range(edit.path[0].frame, edit.path[-1].frame + 1):
            shown = any(t.start <= frame < t.end for t in resolved.kept)
            assert shown or doubted[frame]


def test_a_keep_ends_before_a_meeting_and_does_not_resume() -> None:
    one, other, near = passing()
    resolved = kept(plan_of(one, other), keep(one))
    before = near[0] - MARGIN
    assert clear(resolved) == [*range(before)]
    assert asked(resolved) == [(before, FRAMES, Reason.MET)]
    both = kept(plan_of(one, other), keep(one), keep(other))
    assert clear(both) == clear(both, 1) == [*range(before)]


def test_a_decision_after_a_meeting_holds_and_a_confirmed_one_during_it() -> None:
    one, other, near = passing()
    after = near[-1] + 1
    resolved = kept(plan_of(one, other), keep(one, 0, after), keep(one, after))
    assert clear(resolved) == [*range(near[0] - MARGIN), *range(after + MARGIN, FRAMES)]
    assert clear(kept(plan_of(one, other), keep(one, confirmed=True))) == [*range(FRAMES)]
    within = keep(one, near[3], FRAMES)  # begins where nobody can say who is who
    assert clear(kept(plan_of(one, other), within)) == []


@pytest.mark.parametrize(
    ("size", "score", "source", "ends"),
    [
        (0.3, 0.4, "scan", False),
        (0.3, 0.6, "scan", True),
        (0.4, 0.4, "scan", True),
        (0.3, 0.0, "edit", True),
        (0.3, 0.0, "audit", True),
    ],
)
def test_only_a_small_faint_speck_of_the_scan_passes_near(
    size: float, score: float, source: str, ends: bool
) -> None:
    face, near = moving(0, [100] * FRAMES), moving(1, [150] * 20, start=40)
    near.boxes[:, 2:4] *= size
    near.scores[:] = score
    near = dataclasses.replace(near, source=source)
    found = kept(plan_of(face, near), keep(face))
    assert clear(found) == list(range(40 - MARGIN if ends else FRAMES))
    assert [track.id for track in found.plan.tracks if track.start == 40] == [1]  # its own cover


def test_each_meeting_is_confirmed_by_itself() -> None:
    xs = [*np.linspace(100, 300, 30), *np.linspace(300, 600, 60)]
    guests = [moving(i, np.full(FRAMES, x), y=160) for i, x in ((1, 220), (2, 520))]
    face = moving(0, xs)
    plan = plan_of(face, *guests)
    (first, second, reason), (again, end, _) = asked(kept(plan, keep(face)))
    assert (reason, second, end) == (Reason.MET, again, FRAMES)
    edits = Edits(fingerprint=PRINT, tracks=(keep(face),))
    lane = resolve(plan, edits).lanes[0]
    edits = keep_or_cover(edits, [lane], Decision.KEEP, "looked", first, second, confirmed=True)
    assert clear(resolve(plan, edits)) == [*range(second)]


@pytest.mark.parametrize("gap", [UNSEEN, UNSEEN + 1, 30])
def test_a_track_that_may_be_two_people_is_kept_up_to_its_bridge(gap: int) -> None:
    marks = unseen(FRAMES, 24, 24 + gap)
    face = moving(0, np.linspace(200, 600, FRAMES), marks=marks)
    resolved = kept(plan_of(face), keep(face))
    if gap <= UNSEEN:
        assert clear(resolved) == [*range(FRAMES)]
        return
    assert clear(resolved) == [*range(24)]
    assert asked(resolved) == [(24, FRAMES, Reason.UNSEEN)]
    inside = keep(face, 26)  # decided before the second person appears
    assert clear(kept(plan_of(face), inside)) == []
    after = keep(face, 24 + gap)
    assert clear(kept(plan_of(face), after)) == [*range(24 + gap, FRAMES)]


def test_held_ends_stay_covered_and_end_nothing() -> None:
    marks = np.full(FRAMES, Mark.HELD, np.uint8)
    marks[30:60] = Mark.DETECTED
    face = moving(0, np.full(FRAMES, 200.0), marks=marks)
    resolved = kept(plan_of(face), keep(face))
    assert clear(resolved) == [*range(30, 60)]
    assert asked(resolved) == [(0, 30, Reason.UNSEEN), (60, FRAMES, Reason.UNSEEN)]


def test_a_cover_over_a_meeting_does_not_free_what_follows_it() -> None:
    one, other, near = passing()
    plan = plan_of(one, other)
    edits = keep_or_cover(NONE, resolve(plan, NONE).lanes[:1], Decision.KEEP, "agreed", 0, FRAMES)
    lane = resolve(plan, edits).lanes[0]
    edits = keep_or_cover(edits, [lane], Decision.COVER, "", near[0] - 9, near[-1] + 9)
    assert clear(resolve(plan, edits)) == [*range(near[0] - 9)]


def test_after_a_new_scan_a_decision_follows_nobody_from_frame_to_frame() -> None:
    one, _, _ = passing()
    there = one.boxes[:, 0]
    back = there[::-1]
    half = FRAMES // 2
    swapped = [
        moving(5, [*there[:half], *back[half:]]),
        moving(6, [*back[:half], *there[half:]]),
    ]
    resolved = kept(plan_of(*swapped), keep(one, confirmed=True))
    assert resolved.kept == ()
    assert {d.reason for d in resolved.plan.doubts} == {Reason.STALE}


def test_pieces_of_one_face_do_not_meet_but_a_long_way_between_them_ends_the_keep() -> None:
    face = moving(0, np.linspace(200, 600, FRAMES))
    for gap, last in ((UNSEEN, FRAMES), (UNSEEN + 1, 40)):
        pieces = [
            moving(1, face.boxes[:40, 0]),
            moving(2, face.boxes[40 + gap :, 0], 40 + gap),
        ]
        resolved = kept(plan_of(*pieces), keep(face))
        assert max(clear(resolved, 0) + clear(resolved, 1)) == last - 1


def test_a_face_that_leaves_the_path_does_not_vouch_for_who_comes_there() -> None:
    stood = moving(0, np.full(FRAMES, 300.0))
    left = moving(1, [*np.full(62, 300.0), *np.linspace(450, 600, 18)])
    came = moving(2, np.full(18, 300.0), 72)
    resolved = kept(plan_of(left, came), keep(stood))
    assert clear(resolved) == [*range(62)]
    assert clear(resolved, 1) == []
