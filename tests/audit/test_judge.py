"""Where an audit looks, and which of its suspects are faces that show."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.audit import judge
from blur.audit.exposure import Exposure
from blur.audit.itinerary import Again, route
from blur.audit.mend import with_doubts, without_doubts
from blur.data.findings import Residual, Suspect
from blur.data.plan import Box, Fingerprint, Mark, Plan, Reason, Track

FACE = Box(100, 100, 40, 50)
SEEN_BY_ALL = {"centerface": 0.7, "yunet": 0.8, "blazeface-short": 0.7}


def track(start: int, end: int, box: Box = FACE, identity: int = 1, source: str = "scan") -> Track:
    n = end - start
    boxes = np.tile(np.array(box, np.float32), (n, 1))
    marks, scores = np.full(n, Mark.DETECTED, np.uint8), np.ones(n, np.float32)
    return Track(identity, start, boxes, marks, scores, source)


def square(x1: float, y1: float, x2: float, y2: float) -> np.ndarray:
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.float32)


def cover(*outlines: np.ndarray, kept: tuple[Track, ...] = ()) -> Exposure:
    return Exposure(lambda frame: outlines, kept, 640, 360)


def at(frame: int, box: Box = FACE, sure: float = 0.9, bare: float = 1.0) -> Residual:
    seen_by = ["blazeface-short", "yunet"]
    return Residual(frame=frame, seconds=frame / 25, box=box, sure=sure, seen_by=seen_by, bare=bare)


# --- where it looks ----------------------------------------------------------------------------


@given(cuts=st.sets(st.integers(1, 199), max_size=12), every=st.integers(1, 60))
def test_no_stretch_without_a_look_is_longer_than_every_and_no_shot_goes_without(cuts, every):
    edges = [0, *sorted(cuts), 200]
    shots = list(itertools.pairwise(edges))
    whole = sorted(route(shots, [], every).whole)
    assert {start for start, _ in shots} | {end - 1 for _, end in shots} <= set(whole)
    assert max(np.diff([-1, *whole]), default=0) <= every
    assert whole[-1] == 199


def test_places_beside_the_ends_of_a_track_are_looked_at_within_its_shot():
    looks = route([(0, 50), (50, 100)], [track(10, 50), track(60, 90)], 1000)
    assert sorted(looks.places) == [9, 59, 90]
    assert looks.wants(59) and not looks.wants(58)


def test_places_that_are_covered_anyway_are_not_looked_at():
    looks = route([(0, 50)], [track(10, 20)], 1000)
    assert sorted(looks.where(lambda frame, box: frame > 10).places) == [20]
    assert looks.where(lambda frame, box: False).whole == looks.whole


def test_a_later_audit_looks_where_covers_changed_and_where_the_faces_were():
    again = Again(frames=[33], spans=[(20, 41)])
    looks = route([(0, 100)], [track(5, 20), track(21, 40)], 10, again)
    assert sorted(looks.whole) == [20, 30, 33, 40]
    assert sorted(looks.places) == [20, 40]


# --- what shows --------------------------------------------------------------------------------


def test_bare_is_the_share_of_the_face_outside_all_covers():
    assert cover().bare(0, FACE) == 1
    assert cover(square(0, 0, 300, 300)).bare(0, FACE) == 0
    assert cover(square(0, 0, 100, 300)).bare(0, FACE) == pytest.approx(0.5, abs=0.02)
    halves = square(0, 0, 100, 300), square(100, 0, 300, 300)[::-1]
    assert cover(*halves).bare(0, FACE) == 0


@settings(deadline=None)
@given(
    angle=st.floats(-180, 179),
    x=st.floats(0, 640),
    share=st.floats(0.05, 0.95),
)
def test_bare_agrees_with_the_area_of_a_cut_through_a_turned_ellipse(angle, x, share):
    box = Box(x, 180, 120, 160, angle)
    wall = 180 + (share - 0.5) * 100
    shown = cover(square(-2000, -2000, 2000, wall)).bare(0, box)
    y, x_ = np.mgrid[:360, :640] + 0.5
    turn = np.radians(angle)
    u = (x_ - box.cx) * np.cos(turn) + (y - box.cy) * np.sin(turn)
    v = (y - box.cy) * np.cos(turn) - (x_ - box.cx) * np.sin(turn)
    inside = (u / 60) ** 2 + (v / 80) ** 2 <= 1
    assert shown == pytest.approx((inside & (y > wall)).sum() / inside.sum(), abs=0.06)


def test_what_is_outside_the_picture_does_not_count():
    half_out = Box(0, 100, 40, 50)
    assert cover(square(0, 0, 50, 360)).bare(0, half_out) == 0
    assert cover().bare(0, Box(-100, 100, 40, 50)) == 0


def test_a_face_shows_with_an_eye_and_does_not_with_as_much_of_its_crown():
    all_but_an_eye = cover(square(0, 0, 100, 360), square(100, 98, 640, 360))
    all_but_the_crown = cover(square(0, 88, 640, 360))
    for covers, shows in ((all_but_an_eye, True), (all_but_the_crown, False)):
        assert 0.18 < covers.bare(0, FACE) < 0.25
        assert covers.exposes(0, FACE) == shows
    assert not all_but_an_eye.exposes(0, FACE._replace(angle=180))
    assert all_but_an_eye.shown(0, FACE) < all_but_an_eye.shown(0, FACE._replace(cy=80))


def test_covers_are_those_of_the_frame():
    shown = Exposure(lambda f: [square(0, 0, 300, 300)] if f == 3 else [], (), 640, 360)
    assert [shown.exposes(f, FACE) for f in (2, 3, 4, 3)] == [True, False, True, False]


def test_a_kept_face_may_be_seen_and_its_neighbour_may_not():
    shown = cover(kept=(track(10, 20),))
    assert shown.bare(15, FACE._replace(cx=104, h=44)) is None
    assert not shown.exposes(15, FACE)
    assert shown.exposes(20, FACE)
    assert shown.exposes(15, FACE._replace(cx=160))
    assert shown.exposes(15, FACE._replace(w=160, h=200))


# --- what a face is ----------------------------------------------------------------------------


def test_a_face_that_all_see_is_sure_and_one_faint_score_is_not():
    assert judge.likelihood(Suspect(FACE, SEEN_BY_ALL)) > judge.RESIDUAL_BAR
    assert judge.likelihood(Suspect(FACE, {"blazeface-full": 0.9})) < judge.WORTH
    answered = Suspect(FACE, {"blazeface-short": 0.6}, {"yunet": 0.7, "centerface": 0.5})
    assert judge.likelihood(answered) > judge.RESIDUAL_BAR


def test_what_is_covered_in_part_must_look_more_like_a_face():
    suspect = Suspect(FACE, {"centerface": 0.75, "yunet": 0.9})
    assert judge.likelihood(suspect, 1.0) > judge.RESIDUAL_BAR > judge.likelihood(suspect, 0.6)


def test_what_is_tiny_must_look_more_like_a_face():
    sure = [
        judge.likelihood(Suspect(Box(100, 100, side, side), {"centerface": 0.8, "yunet": 0.9}))
        for side in (12, 40, 60, 200)
    ]
    assert sure[0] < judge.RESIDUAL_BAR < sure[1] < sure[2] == sure[3]


def test_a_face_that_is_to_be_seen_is_none():
    assert judge.likelihood(Suspect(FACE, SEEN_BY_ALL), None) == 0


def test_in_a_cover_one_family_is_no_witness():
    alone = Suspect(FACE, {"blazeface-short": 1.0, "blazeface-full": 1.0}, {"yunet": 1.0})
    assert judge.likelihood(alone, 0.0) == 0
    assert judge.likelihood(Suspect(FACE, SEEN_BY_ALL, {"yunet": 0.8}), 0.0) > judge.RESIDUAL_BAR


# --- what becomes of it ------------------------------------------------------------------------


def test_one_face_on_one_frame_is_reported_once_and_the_surest_stays():
    other = FACE._replace(cx=300)
    found = [at(7, sure=0.8), at(3), at(7, FACE._replace(cx=103), 0.95), at(7, other)]
    kept = judge.distinct(found)
    assert [(r.frame, r.sure) for r in kept] == [(3, 0.9), (7, 0.95), (7, 0.9)]


def test_a_face_is_not_left_out_for_being_like_another_that_is():
    row = [at(0, FACE._replace(cx=x), sure) for x, sure in ((100, 0.95), (114, 0.9), (128, 0.85))]
    assert [r.box.cx for r in judge.distinct(row)] == [100, 128]


def test_what_goes_on_looking_like_a_face_is_surer():
    seen = judge.recurring([at(frame, sure=0.5) for frame in (0, 12, 24, 36)])
    assert [r.frame for r in seen] == [0, 12, 24, 36]
    assert min(r.sure for r in seen) > judge.RESIDUAL_BAR


def test_nothing_backs_what_is_elsewhere_at_the_same_time_long_ago_or_partly_covered():
    lone = at(0, sure=0.5)
    for other in (
        at(12, FACE._replace(cx=300), 0.5),
        at(3, sure=0.5),
        at(90, sure=0.5),
        at(12, sure=0.5, bare=0.6),
        at(12, sure=0.9),
    ):
        assert judge.recurring([other, lone])[0] == lone
        assert judge.recurring([lone, other])[1] == other


def plan_of(frames: int) -> Plan:
    return Plan(Fingerprint(1, "a"), 640, 360, Fraction(1, 25), tuple(range(frames)))


def test_every_face_that_is_left_becomes_a_doubt_on_the_frames_where_it_was_seen():
    other = FACE._replace(cx=300)
    doubts = with_doubts(plan_of(20), [at(9), at(4, sure=0.6), at(9, other)]).doubts
    assert [(d.start, d.end, d.reason, d.track) for d in doubts] == [
        (4, 10, Reason.RESIDUAL, None),
        (9, 10, Reason.RESIDUAL, None),
    ]
    assert [d.box for d in doubts] == [FACE, other]


def test_only_a_face_that_passes_the_bar_once_becomes_a_doubt_and_the_next_audit_drops_it():
    faint = [at(12 * i, FACE._replace(cx=400), sure) for i, sure in enumerate((0.6, 0.7))]
    real = [at(12 * i, sure=sure) for i, sure in enumerate((0.6, 0.9, 0.5))]
    plan = with_doubts(plan_of(60), [*faint, *real])
    (doubt,) = plan.doubts
    assert (doubt.start, doubt.end, doubt.reason, doubt.track) == (0, 25, Reason.RESIDUAL, None)
    assert doubt.weight == pytest.approx(0.9)
    assert without_doubts(plan) == plan_of(60)
