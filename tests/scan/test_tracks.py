"""From the sightings of a clip's shots to tracks and doubts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import Seen, camera, shift, sightings

from blur.data.plan import Doubt, Kind, Reason, Track
from blur.data.sightings import FAMILIES, Sightings
from blur.scan.camera import Camera
from blur.scan.link import Tracklet, Verdict
from blur.scan.timeline import Timeline
from blur.scan.tracks import PARTED, tracklets_of, tracks_of

FPS = 30
SIZE = (640.0, 360.0)


def built(
    seen: list[Sightings], frames: int, cuts: list[int], path: Camera, hold: float = 1.0
) -> tuple[list[Track], list[Doubt]]:
    timeline = Timeline(np.arange(frames) / FPS, cuts)
    return tracks_of(tracklets_of(seen, path, timeline), path, timeline, hold, SIZE)


def standing(frames: range, x: float = 300, score: float = 0.8, size: float = 60) -> list[Seen]:
    return [(f, x, 200.0, size, score) for f in frames]


@pytest.mark.parametrize("family", range(len(FAMILIES)))
def test_a_single_confident_sighting_is_a_track(family: int) -> None:
    [seen] = sightings([(50, 300, 200, 60, 0.9)])
    seen.evidence[:, 1 - family] = 0
    tracks, _ = built([seen], 120, [], camera(120))
    assert [(t.start, t.end) for t in tracks] == [(20, 81)]


def test_a_face_seen_again_and_again_is_a_track_without_doubt() -> None:
    tracks, doubts = built(sightings(standing(range(0, 120, 3))), 120, [], camera(120))
    assert [(t.start, t.end) for t in tracks] == [(0, 120)]
    assert doubts == []


def test_what_is_not_covered_and_may_be_a_face_is_a_doubt() -> None:
    [seen] = sightings([(50, 300, 200, 60, 0.15)])
    seen.evidence[:, 1] = 0
    tracks, [doubt] = built([seen], 120, [], camera(120))
    assert tracks == []
    assert doubt.reason is Reason.WEEDED
    assert doubt.track is None
    assert (doubt.start, doubt.end) == (50, 51)
    assert doubt.box is not None
    assert doubt.box[:4] == (300, 200, 60, 60)


def test_what_is_hardly_a_face_is_no_doubt() -> None:
    [seen] = sightings([(50, 300, 200, 60, 0.1)])
    seen.evidence[:, 1] = 0
    assert built([seen], 120, [], camera(120)) == ([], [])


@pytest.mark.parametrize(("x", "reasons"), [(310, []), (500, [Reason.WEEDED])])
def test_what_a_cover_hides_is_no_doubt(x: float, reasons: list[Reason]) -> None:
    [patch] = sightings([(61, x, 205.0, 30.0, 0.12)])
    patch.evidence[:, 1] = 0
    seen = sorted([*sightings(standing(range(0, 120, 3))), patch], key=lambda s: s.frame)
    _, doubts = built(seen, 120, [], camera(120))
    assert [doubt.reason for doubt in doubts] == reasons


def weeded(verdict: Verdict) -> tuple[list[Track], list[Doubt]]:
    """A tracklet seen on the first and the last of 60 frames, and followed between."""
    frames = np.arange(60)
    evidence = np.zeros((60, len(FAMILIES)), np.float32)
    evidence[[0, 59], 0] = 0.22
    boxes = np.array([[300, 200, 60, 60, 0]] * 60, np.float32)
    patch = Tracklet(frames, boxes, evidence, hits=0.1, verdict=verdict)
    return tracks_of([patch], camera(60), Timeline(frames / FPS, []), 1.0, SIZE)


def test_a_doubt_about_no_cover_is_around_the_sightings_alone() -> None:
    tracks, doubts = weeded(Verdict.OPEN)
    assert tracks == []
    assert sorted((d.start, d.end) for d in doubts) == [(0, 1), (59, 60)]


def test_close_ups_that_are_quiet_leave_no_doubt_about_no_cover() -> None:
    assert weeded(Verdict.UNLIKELY) == ([], [])


@pytest.mark.parametrize(
    ("sightings", "answer", "doubts"),
    [(20, 0.0, []), (19, 0.0, [Reason.WEEDED]), (20, 0.07, [Reason.WEEDED])],
    ids=["silent", "fewer", "close-ups answer"],
)
def test_what_is_seen_again_and_again_and_never_better_is_no_doubt(
    sightings: int, answer: float, doubts: list[Reason]
) -> None:
    frames = np.arange(0, 3 * sightings, 3)
    evidence = np.zeros((sightings, len(FAMILIES)), np.float32)
    evidence[:, 0] = 0.2
    boxes = np.array([[300, 200, 60, 60, 0]] * sightings, np.float32)
    patch = Tracklet(frames, boxes, evidence, hits=0.5, answer=answer)
    timeline = Timeline(np.arange(90) / FPS, [])
    tracks, found = tracks_of([patch], camera(90), timeline, 1.0, SIZE)
    assert (tracks, [doubt.reason for doubt in found]) == ([], doubts)


def test_a_face_that_landmarks_prove_is_covered_whatever_its_scores() -> None:
    [track], _ = weeded(Verdict.FACE)
    assert (track.start, track.end) == (0, 60)


def judged_as(verdict: Verdict, score: float) -> tuple[list[Track], list[Doubt]]:
    """A tracklet seen on every third of 90 frames, and lost on 30 of them."""
    frames = np.array([*range(0, 30, 3), *range(60, 90, 3)])
    boxes = np.array([[300, 200, 60, 60, 0]] * len(frames), np.float32)
    evidence = np.full((len(frames), len(FAMILIES)), score, np.float32)
    face = Tracklet(frames, boxes, evidence, verdict=verdict)
    return tracks_of([face], camera(90), Timeline(np.arange(90) / FPS, []), 1.0, SIZE)


@pytest.mark.parametrize(
    ("verdict", "covered", "reasons"),
    [
        (Verdict.FACE, 1, [Reason.LOST]),
        (Verdict.OPEN, 1, [Reason.LOST]),
        (Verdict.UNLIKELY, 1, [Reason.WEAK]),
        (Verdict.NONE, 0, []),
    ],
)
def test_a_verdict_drops_or_doubts(verdict: Verdict, covered: int, reasons: list[Reason]) -> None:
    tracks, doubts = judged_as(verdict, 0.6)
    assert len(tracks) == covered
    assert [doubt.reason for doubt in doubts] == reasons


def test_a_proven_face_is_not_doubted_for_weak_scores() -> None:
    for verdict, doubted in ((Verdict.OPEN, True), (Verdict.FACE, False)):
        _, doubts = judged_as(verdict, 0.16)
        assert (Reason.WEAK in [doubt.reason for doubt in doubts]) is doubted


def test_a_face_nobody_saw_for_long_is_a_doubt_there() -> None:
    seen = sightings(standing(range(0, 31, 3)), standing(range(70, 121, 3)))
    [track], [doubt] = built(seen, 121, [], camera(121))
    assert (track.start, track.end) == (0, 121)
    assert (doubt.reason, doubt.track) == (Reason.LOST, track.id)
    assert (doubt.start, doubt.end) == (31, 70)


def lost(marked: Sequence[int], x: float = 300, score: float = 0.8) -> list[Doubt]:
    """Doubts about a face detected on the first and last ten of 90 frames and followed on all
    others but those `marked`, at a place `x` pixels from the left."""
    frames = np.array([f for f in range(90) if f not in marked])
    boxes = np.array([[300, 200, 60, 60, 0]] * len(frames), np.float32)
    boxes[(frames >= 10) & (frames < 80), 0] = x
    evidence = np.full((len(frames), len(FAMILIES)), score, np.float32)
    evidence[(frames >= 10) & (frames < 80)] = 0
    face = Tracklet(frames, boxes, evidence)
    timeline = Timeline(np.arange(90) / FPS, [])
    return tracks_of([face], camera(90), timeline, 1.0, SIZE)[1]


def test_only_a_guess_in_sight_may_show_a_lost_face() -> None:
    guessed = range(30, 50)
    assert [(d.start, d.end, d.reason) for d in lost(guessed)] == [(30, 50, Reason.LOST)]
    assert lost(range(30, 33)) == []
    assert lost(guessed, x=-60) == []
    assert Reason.LOST not in [d.reason for d in lost(guessed, score=0.12)]


def test_a_cover_that_swells_is_a_doubt_of_excess_there() -> None:
    """A face of 60 pixels is followed into a patch of 240, and found again."""
    frames = np.arange(120)
    lost = (frames >= 60) & (frames < 80)
    sizes = np.where(lost, 240.0, 60.0)
    boxes = np.stack([0 * sizes + 300, 0 * sizes + 200, sizes, sizes, 0 * sizes], axis=1)
    evidence = np.where(lost, 0.0, 0.8)[:, None].repeat(len(FAMILIES), axis=1)
    face = Tracklet(frames, boxes.astype(np.float32), evidence.astype(np.float32))
    _, doubts = tracks_of([face], camera(120), Timeline(frames / FPS, []), 1.0, SIZE)
    [doubt] = [d for d in doubts if d.reason is Reason.LARGE]
    assert doubt.reason.kind is Kind.EXCESS
    assert (doubt.start, doubt.end) == pytest.approx((60, 80), abs=2)


def test_doubts_come_worst_first() -> None:
    weak = [
        standing(range(0, 30, 9), x, score) for x, score in ((200, 0.2), (500, 0.1), (800, 0.3))
    ]
    _, doubts = built(sightings(*weak), 60, [], camera(60))
    weights = [d.weight for d in doubts]
    assert weights == sorted(weights, reverse=True)


def test_no_track_crosses_a_cut() -> None:
    """One face at one place before and after the cut, which the camera does not show."""
    seen = sightings(standing(range(0, 120, 3)))
    tracks, _ = built(seen, 120, [61], camera(120))
    assert sorted((t.start, t.end) for t in tracks) == [(0, 61), (61, 120)]


rows = st.tuples(
    st.integers(0, 149),
    st.floats(0, 600, width=32),
    st.floats(0, 300, width=32),
    st.floats(30, 120, width=32),
    st.floats(0.5, 1, width=32),
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(rows, min_size=1, max_size=25),
    st.sets(st.integers(1, 149), max_size=6),
    st.integers(0, 60),
)
def test_every_confident_sighting_is_covered_within_its_shot(
    people: list[Seen], cuts: set[int], span: int
) -> None:
    """Whatever was seen: each sighting has a box at its place, held as long as asked, or ended by
    a cut, or held a little longer up to another track of the face; all tracks lie within shots and
    have their own id."""
    path, edges = camera(150, blind=cuts), [0, *sorted(cuts), 150]
    seen = sightings(people)
    tracks, _ = built(seen, 150, sorted(cuts), path, span / FPS)
    assert len({t.id for t in tracks}) == len(tracks)
    starts, ends = {t.start for t in tracks}, {t.end for t in tracks}
    for track in tracks:
        start = max(e for e in edges if e <= track.start)
        end = min(e for e in edges if e > track.start)
        first, last = int(track.sightings()[0]), int(track.sightings()[-1])
        held, until = max(start, first - span), min(end, last + 1 + span)
        assert track.start == held or (track.start in ends and 0 < held - track.start <= PARTED)
        assert track.end == until or (track.end in starts and 0 < track.end - until <= PARTED)
    for sighting in seen:
        for box in sighting.boxes:
            boxes = [b for t in tracks if (b := t.box(sighting.frame)) is not None]
            assert any(
                np.hypot(b.cx - box[0], b.cy - box[1]) < 0.8 * max(b.w, box[2]) for b in boxes
            )


def test_a_hold_is_seconds_at_the_clips_own_rate() -> None:
    [seen] = sightings([(50, 300, 200, 60, 0.9)])
    timeline = Timeline(np.arange(200) / 50, [])
    path = camera(200)
    [track], _ = tracks_of(tracklets_of([seen], path, timeline), path, timeline, 0.5, SIZE)
    assert (track.start, track.end) == (25, 76)


def test_a_hold_is_no_shorter_where_frames_come_faster() -> None:
    """A phone that films at 15 fps in the dark, and at 60 once the light is on."""
    times = np.concatenate([np.arange(200) / 15, 200 / 15 + np.arange(150) / 60])
    timeline = Timeline(times, [])
    path = camera(350)
    [seen] = sightings([(270, 300, 200, 60, 0.9)])
    [track], _ = tracks_of(tracklets_of([seen], path, timeline), path, timeline, 1.0, SIZE)
    assert track.start == 210
    assert track.end == 331


def test_a_face_that_waits_through_a_pan_is_one_track_that_pans() -> None:
    path = camera(120, shift(9, 0))
    person = [(f, 100 + 9.0 * f, 200.0, 60.0, 0.8) for f in (*range(30, 60, 3), *range(80, 100, 3))]
    [track], _ = built(sightings(person), 120, [], path)
    expected = 100 + 9.0 * np.arange(track.start, track.end)
    assert np.abs(track.boxes[:, 0] - expected).max() < 15


def test_a_clip_of_one_frame_and_a_clip_without_faces() -> None:
    [track], _ = built(sightings([(0, 300, 200, 60, 0.9)]), 1, [], camera(1))
    assert (track.start, track.end) == (0, 1)
    assert built([], 10, [5], camera(10)) == ([], [])
