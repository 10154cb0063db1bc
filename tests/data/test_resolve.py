"""Edits resolved against plans: what is covered, kept clear, doubted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.overlap import MATCH, iou
from blur.data.paths import FIDELITY, interpolate, path_of
from blur.data.plan import Box, Doubt, Fingerprint, Mark, Plan, Reason, Track
from blur.data.resolve import apply, resolve
from blur.errors import PlanMismatch

FRAMES = 90
PRINT = Fingerprint(1, "a")


def walk(
    track_id: int,
    start: int,
    n: int,
    seed: int,
    x: float | None = None,
    marks: Sequence[Mark] = (Mark.DETECTED,),
) -> Track:
    """A face that wanders, shakes, grows and turns."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(12, 120) * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    centre = rng.uniform(0, 900, 2) if x is None else np.array([x, 300.0])
    path = centre + np.cumsum(rng.normal(0, 3, (n, 2)), axis=0) + rng.normal(0, 1, (n, 2))
    angle = rng.uniform(-180, 180) + np.cumsum(rng.normal(0, 2, n))
    boxes = np.column_stack([path, size, size * 1.3, (angle + 180) % 360 - 180])
    drawn = rng.choice(marks, n).astype(np.uint8)
    return Track(track_id, start, boxes.astype(np.float32), drawn, np.ones(n, np.float32))


def plan_of(tracks: list[Track], **fields: object) -> Plan:
    return Plan(
        PRINT, 1000, 800, Fraction(1, 30), tuple(range(FRAMES)), tracks=tuple(tracks), **fields
    )


def keep(track: Track, start: int = 0, end: int = FRAMES) -> TrackEdit:
    return TrackEdit(decision=Decision.KEEP, path=path_of(track, start, end), reason="agreed")


def cover(*path: Keyframe) -> TrackEdit:
    return TrackEdit(decision=Decision.COVER, path=path)


def boxes_on(tracks: tuple[Track, ...], frame: int) -> list[tuple[float, ...]]:
    return sorted(tuple(t.box(frame)) for t in tracks if t.start <= frame < t.end)


@st.composite
def plans(draw: st.DrawFn, marks: Sequence[Mark] = tuple(Mark)) -> Plan:
    tracks = []
    for track_id in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, FRAMES - 1))
        n = draw(st.integers(1, FRAMES - start))
        tracks.append(walk(track_id, start, n, draw(st.integers(0, 2**16)), marks=marks))
    cuts = tuple(sorted(draw(st.sets(st.integers(1, FRAMES - 1), max_size=3))))
    return plan_of(tracks, cuts=cuts)


@st.composite
def decided(draw: st.DrawFn) -> tuple[Plan, Edits]:
    """A plan with decisions about its own faces and about places where there is none."""
    plan = draw(plans())
    tracks = []
    for _ in range(draw(st.integers(0, 5))):
        source = draw(
            st.sampled_from([*plan.tracks, walk(99, 0, FRAMES, draw(st.integers(0, 99)))])
        )
        start = draw(st.integers(source.start, source.end - 1))
        end = draw(st.integers(start + 1, source.end))
        decision = draw(st.sampled_from(Decision))
        path = path_of(source, start, end)
        tracks.append(TrackEdit(decision=decision, path=path, reason="r"))
    splits = []
    for track in plan.tracks:
        if len(track.marks) > 1 and draw(st.booleans()):
            frame = draw(st.integers(track.start + 1, track.end - 1))
            splits += path_of(track, frame, frame + 1)
    return plan, Edits(fingerprint=PRINT, tracks=tuple(tracks), splits=tuple(splits))


@given(plans())
def test_no_edits_change_nothing(plan: Plan) -> None:
    assert apply(plan, Edits(fingerprint=PRINT)) == plan


@given(decided())
def test_every_box_of_the_plan_is_covered_or_kept_and_none_is_both(
    case: tuple[Plan, Edits],
) -> None:
    plan, edits = case
    resolved = resolve(plan, edits)
    scanned = tuple(t for t in resolved.plan.tracks if t.source == "scan")
    for frame in range(FRAMES):
        expected = boxes_on(plan.tracks, frame)
        assert boxes_on((*scanned, *resolved.kept), frame) == expected
    ids = [t.id for t in resolved.plan.tracks]
    assert len(ids) == len(set(ids))


@given(decided())
def test_only_the_face_on_a_kept_path_is_uncovered(case: tuple[Plan, Edits]) -> None:
    plan, edits = case
    resolved = resolve(plan, edits)
    paths = [interpolate(edit.path) for edit in edits.tracks if edit.decision.uncovers]
    for frame in range(FRAMES):
        there = [boxes[frame - start] for start, boxes in paths if 0 <= frame - start < len(boxes)]
        clear = [t.boxes[frame - t.start] for t in resolved.kept if t.start <= frame < t.end]
        assert len(clear) <= len(there)
        for box in clear:
            fits = [iou(box[None], other[None])[0] for other in there]
            assert max(fits) >= MATCH


@given(decided())
def test_a_cover_that_was_asked_for_is_there(case: tuple[Plan, Edits]) -> None:
    plan, edits = case
    covered = apply(plan, edits).tracks
    for edit in edits.tracks:
        if edit.decision.uncovers:
            continue
        start, boxes = interpolate(edit.path)
        for frame, box in enumerate(boxes, start):
            fits = [
                iou(box[None], t.boxes[frame - t.start][None])[0]
                for t in covered
                if t.start <= frame < t.end
            ]
            assert max(fits, default=0) >= MATCH


@given(decided())
def test_no_track_of_the_result_crosses_a_cut_unless_it_did_before(
    case: tuple[Plan, Edits],
) -> None:
    plan, edits = case
    for track in apply(plan, edits).tracks:
        if track.source == "edit":
            assert not any(track.start < cut < track.end for cut in plan.cuts)


@given(plans(marks=(Mark.DETECTED,)), st.data())
def test_a_kept_face_is_kept_whole_and_alone(plan: Plan, data: st.DataObject) -> None:
    track = data.draw(st.sampled_from(plan.tracks))
    resolved = resolve(plan, Edits(fingerprint=PRINT, tracks=(keep(track),)))
    others = [t for t in plan.tracks if t is not track]
    alone = not any(
        t.start < track.end
        and track.start < t.end
        and np.hypot(*(t.boxes[0] - track.boxes[0])[:2]) < 500
        for t in others
    )
    if alone:  # faces that never touch leave nothing to doubt
        assert [(t.start, t.end) for t in resolved.kept] == [(track.start, track.end)]
        assert not resolved.plan.doubts
    for frame in range(FRAMES):
        assert set(boxes_on(tuple(others), frame)) <= set(boxes_on(resolved.plan.tracks, frame))


@pytest.mark.parametrize("seed", range(20))
def test_of_two_faces_that_fit_beyond_doubt_neither_is_kept_clear(seed: int) -> None:
    face = walk(1, 0, 7, seed)
    behind = replace(face, id=2, start=1)  # a frame later in each place: the path may be nearer it
    plan = plan_of([face, behind])
    resolved = resolve(plan, Edits(fingerprint=PRINT, tracks=(keep(face),)))
    for frame in range(FRAMES):
        assert set(boxes_on((behind,), frame)) <= set(boxes_on(resolved.plan.tracks, frame))
    twin = plan_of([face, replace(face, id=2)])
    resolved = resolve(twin, Edits(fingerprint=PRINT, tracks=(keep(face),)))
    assert not resolved.kept
    assert {d.reason for d in resolved.plan.doubts} == {Reason.STALE}


@given(decided(), st.randoms(use_true_random=False))
def test_decisions_survive_a_rescan_that_finds_the_same_faces(
    case: tuple[Plan, Edits], random: object
) -> None:
    plan, edits = case
    before = resolve(plan, edits)
    shuffled = [replace(t, id=t.id * 7 + 100) for t in plan.tracks]
    after = resolve(replace(plan, tracks=tuple(shuffled)), edits)
    for frame in range(FRAMES):
        assert boxes_on(after.kept, frame) == boxes_on(before.kept, frame)
        assert boxes_on(after.plan.tracks, frame) == boxes_on(before.plan.tracks, frame)


def test_a_rescan_that_joins_two_people_uncovers_only_the_one_who_agreed() -> None:
    agreed, other = walk(0, 0, 40, 1, x=200), walk(1, 40, 50, 2, x=500)
    joined = Track(
        5,
        0,
        np.concatenate([agreed.boxes, other.boxes]),
        np.concatenate([agreed.marks, other.marks]),
        np.concatenate([agreed.scores, other.scores]),
    )
    edits = Edits(fingerprint=PRINT, tracks=(keep(agreed),))
    resolved = resolve(plan_of([joined]), edits)
    assert [(t.start, t.end) for t in resolved.kept] == [(0, 40)]
    assert [(t.start, t.end) for t in resolved.plan.tracks] == [(40, 90)]


def test_a_rescan_that_parts_a_track_keeps_both_parts_clear() -> None:
    whole = walk(0, 0, 90, 3)
    parts = [
        Track(i, a, whole.boxes[a:b], whole.marks[a:b], whole.scores[a:b])
        for i, (a, b) in enumerate([(0, 30), (35, 90)])
    ]
    resolved = resolve(plan_of(parts), Edits(fingerprint=PRINT, tracks=(keep(whole),)))
    assert [(t.start, t.end) for t in resolved.kept] == [(0, 30), (35, 90)]
    (doubt,) = resolved.plan.doubts
    assert (doubt.start, doubt.end, doubt.reason) == (30, 35, Reason.STALE)


def test_two_faces_equally_near_stay_covered_and_are_reported() -> None:
    face = walk(0, 0, 60, 4)
    shift = np.zeros_like(face.boxes)
    shift[:, 0] = face.boxes[:, 2] * 0.2
    left = replace(face, id=1, boxes=face.boxes - shift)
    right = replace(face, id=2, boxes=face.boxes + shift)
    resolved = resolve(plan_of([left, right]), Edits(fingerprint=PRINT, tracks=(keep(face),)))
    assert resolved.kept == ()
    assert [d.reason for d in resolved.plan.doubts] == [Reason.STALE]


def test_a_decision_about_nothing_is_reported_and_a_cover_is_still_made() -> None:
    ghost = walk(9, 10, 30, 5)
    path = path_of(ghost, 10, 40)
    kept = apply(plan_of([]), Edits(fingerprint=PRINT, tracks=(keep(ghost),)))
    assert kept.tracks == ()
    assert [(d.start, d.end, d.reason) for d in kept.doubts] == [(10, 40, Reason.STALE)]
    covered = apply(plan_of([]), Edits(fingerprint=PRINT, tracks=(cover(*path),)))
    assert [(t.start, t.end, t.source) for t in covered.tracks] == [(10, 40, "edit")]
    assert covered.doubts == ()


def test_cover_wins_over_keep_in_either_order() -> None:
    face = walk(0, 0, 90, 6)
    decisions = (keep(face), cover(*path_of(face, 30, 60)))
    for tracks in (decisions, decisions[::-1]):
        resolved = resolve(plan_of([face]), Edits(fingerprint=PRINT, tracks=tracks))
        assert [(t.start, t.end) for t in resolved.kept] == [(0, 30), (60, 90)]
        assert [(t.start, t.end) for t in resolved.plan.tracks] == [(30, 60)]


def test_an_extension_across_a_cut_is_covered_in_parts() -> None:
    face = walk(0, 0, 30, 7)
    ((_, box),) = path_of(face, 29, 30)
    edit = cover(Keyframe(29, box), Keyframe(70, box))
    result = apply(plan_of([face], cuts=(30, 50)), Edits(fingerprint=PRINT, tracks=(edit,)))
    spans = [(t.start, t.end, t.source) for t in result.tracks]
    assert spans == [(0, 30, "scan"), (30, 50, "edit"), (50, 71, "edit")]


def test_a_split_track_is_decided_about_in_parts() -> None:
    face = replace(walk(0, 0, 90, 8), chain=3)
    split = path_of(face, 40, 41)
    edits = Edits(fingerprint=PRINT, splits=split, tracks=(keep(face, 40, 90),))
    resolved = resolve(plan_of([face]), edits)
    assert [(lane.track.start, lane.track.end) for lane in resolved.lanes] == [(0, 40), (40, 90)]
    assert [lane.origin for lane in resolved.lanes] == [0, 0]
    assert [lane.person for lane in resolved.lanes] == [3, None]  # a person says: somebody else
    assert [(t.start, t.end) for t in resolved.plan.tracks] == [(0, 40)]


def test_a_drawn_region_is_covered_as_drawn_and_crosses_cuts() -> None:
    keys = (
        Keyframe(10, Box(100, 100, 40, 40, 170)),
        Keyframe(20, Box(200, 120, 60, 40, -170)),
        Keyframe(100, Box(200, 120, 60, 40, -170)),
    )
    edits = Edits(fingerprint=PRINT, regions=(RegionEdit(id=1, keyframes=keys),))
    (track,) = apply(plan_of([], cuts=(15,)), edits).tracks
    assert (track.start, track.end, track.source) == (10, FRAMES, "person")
    assert track.box(10) == keys[0].box
    assert track.box(15) == Box(150, 110, 50, 40, -180)  # the short way round
    assert track.box(20) == keys[1].box


def test_doubts_that_a_person_settled_are_gone_and_the_others_stay() -> None:
    kept, left = walk(0, 0, 60, 9, x=100), walk(1, 0, 60, 10, x=700)
    weeded = Doubt(start=5, end=25, reason=Reason.WEEDED, weight=1, box=Box(400, 90, 20, 30))
    doubts = (
        Doubt(start=20, end=40, reason=Reason.WEAK, weight=1, track=0, box=kept.box(20)),
        Doubt(start=20, end=40, reason=Reason.LOST, weight=2, track=1, box=left.box(20)),
        weeded,
    )
    plan = plan_of([kept, left], doubts=doubts)
    half = apply(plan, Edits(fingerprint=PRINT, tracks=(keep(kept, 0, 30),)))
    assert [(d.start, d.end, d.track) for d in half.doubts] == [
        (30, 40, 0),
        (20, 40, 1),
        (5, 25, None),
    ]
    drawn = RegionEdit(id=1, keyframes=(Keyframe(0, weeded.box), Keyframe(30, weeded.box)))
    both = Edits(fingerprint=PRINT, tracks=(keep(kept),), regions=(drawn,))
    assert apply(plan, both).doubts == (doubts[1],)


def test_edits_of_another_clip_are_refused() -> None:
    with pytest.raises(PlanMismatch, match="another clip"):
        apply(plan_of([]), Edits(fingerprint=Fingerprint(2, "a")))


@given(st.integers(0, 2**16), st.integers(1, FRAMES))
def test_a_path_stays_with_its_track(seed: int, n: int) -> None:
    track = walk(0, 3, n, seed)
    start, boxes = interpolate(path_of(track, 0, FRAMES + 9))
    assert (start, len(boxes)) == (3, n)
    assert iou(boxes, track.boxes).min() >= FIDELITY - 1e-6
