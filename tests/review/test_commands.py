from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.cover.region import Covers
from blur.data.edits import Decision, Edits, Keyframe
from blur.data.plan import Box, Fingerprint, Plan, Track
from blur.data.resolve import Lane, resolve
from blur.errors import UsageError
from blur.review import commands
from blur.settings import CoverSettings

PRINT = Fingerprint(1, "a")
NONE = Edits(fingerprint=PRINT)
BOX = Box(50, 50, 20, 30)


def still(track_id: int, start: int, end: int, x: float) -> Track:
    n = end - start
    boxes = np.tile(np.array([[x, 100, 40, 50, 0]], np.float32), (n, 1))
    return Track(track_id, start, boxes, np.zeros(n, np.uint8), np.ones(n, np.float32))


PLAN = Plan(
    PRINT,
    1000,
    500,
    Fraction(1, 30),
    tuple(range(100)),
    tracks=(still(0, 0, 100, 100), still(1, 20, 60, 500)),
)


def lane(edits: Edits, index: int) -> Lane:
    return resolve(PLAN, edits).lanes[index]


def clear(edits: Edits) -> dict[int, list[int]]:
    """Frames kept clear, by lane."""
    return {
        i: (lane.track.start + np.flatnonzero(lane.clear)).tolist()
        for i, lane in enumerate(resolve(PLAN, edits).lanes)
        if lane.clear.any()
    }


spans = st.tuples(st.integers(0, 99), st.integers(1, 100)).filter(lambda s: s[0] < s[1])


@given(st.lists(st.tuples(st.sampled_from(Decision), spans), max_size=8))
def test_the_last_decision_holds_on_every_frame(acts: list) -> None:
    edits, expected = NONE, np.zeros(100, bool)
    for decision, (start, end) in acts:
        edits = commands.keep_or_cover(edits, [lane(edits, 0)], decision, "agreed", start, end)
        expected[start:end] = decision.uncovers
    assert clear(edits).get(0, []) == np.flatnonzero(expected).tolist()
    assert not resolve(PLAN, edits).plan.doubts


def test_many_faces_are_decided_at_once() -> None:
    lanes = resolve(PLAN, NONE).lanes
    edits = commands.keep_or_cover(NONE, lanes, Decision.KEEP, "staff who agreed", 10, 30)
    assert clear(edits) == {0: [*range(10, 30)], 1: [*range(20, 30)]}
    assert {edit.reason for edit in edits.tracks} == {"staff who agreed"}


def test_keeping_clear_needs_a_reason_and_a_face_that_is_there() -> None:
    with pytest.raises(UsageError, match="reason"):
        commands.keep_or_cover(NONE, [lane(NONE, 0)], Decision.KEEP, "  ", 0, 9)
    with pytest.raises(UsageError, match="reach"):
        commands.keep_or_cover(NONE, [lane(NONE, 1)], Decision.KEEP, "agreed", 70, 90)


@pytest.mark.parametrize(("frame", "added"), [(79, (60, 80)), (5, (5, 20))])
def test_an_extension_covers_up_to_its_frame_and_is_trimmed_again(
    frame: int, added: tuple[int, int]
) -> None:
    edits = commands.extend(NONE, lane(NONE, 1), frame)
    tracks = resolve(PLAN, edits).plan.tracks
    assert [(t.start, t.end) for t in tracks if t.source == "edit"] == [added]
    again = commands.keep_or_cover(edits, [lane(edits, 2)], Decision.KEEP, "too long", *added)
    assert [t.source for t in resolve(PLAN, again).plan.tracks] == ["scan", "scan"]


def test_a_split_gives_two_faces_and_cannot_be_repeated() -> None:
    edits = commands.split(NONE, lane(NONE, 1), 40)
    parts = [x.track for x in resolve(PLAN, edits).lanes if x.origin == 1]
    assert [(t.start, t.end) for t in parts] == [(20, 40), (40, 60)]
    for index in (1, 2):
        with pytest.raises(UsageError, match="split"):
            commands.split(edits, lane(edits, index), 40)


def test_a_drawn_region_is_moved_trimmed_lengthened_and_erased() -> None:
    edits = commands.draw(NONE, [Keyframe(10, BOX), Keyframe(50, BOX)], "badge")
    (region,) = edits.regions
    edits = commands.move(edits, region.id, 30, BOX._replace(cx=150))
    edits = commands.span(edits, region.id, 20, 71)
    keys = [(key.frame, key.box.cx) for key in edits.regions[0].keyframes]
    assert keys == [(20, 100), (30, 150), (50, 50), (70, 50)]
    edits = commands.unkey(edits, region.id, 20)
    keys = [(key.frame, key.box.cx) for key in edits.regions[0].keyframes]
    assert keys == [(20, 150), (30, 150), (50, 50), (70, 50)]
    edits = commands.extend(edits, lane(edits, 2), 90)
    assert edits.regions[0].keyframes[-1].frame == 90
    assert commands.erase(edits, region.id).regions == ()
    with pytest.raises(UsageError, match="no drawn region 7"):
        commands.erase(edits, 7)


def test_a_region_that_was_drawn_cannot_be_kept_clear() -> None:
    edits = commands.draw(NONE, [Keyframe(10, BOX)])
    with pytest.raises(UsageError, match="drawn"):
        commands.keep_or_cover(edits, [lane(edits, 2)], Decision.KEEP, "agreed", 10, 11)


TILTED = Plan(
    PRINT,
    1000,
    500,
    Fraction(1, 30),
    tuple(range(60)),
    tracks=(
        Track(
            0,
            0,
            np.stack(
                [np.array([100 + 5 * i, 200, 40 + i, 50 + i, 3 * i], np.float32) for i in range(60)]
            ),
            np.zeros(60, np.uint8),
            np.ones(60, np.float32),
        ),
    ),
)


def test_a_corrected_cover_follows_the_face_and_the_detected_one_stays() -> None:
    (face,) = resolve(TILTED, NONE).lanes
    here = face.track.box(20)
    assert here is not None
    wanted = Box(here.cx + 10, here.cy - 8, here.w * 2, here.h * 1.5, here.angle + 30)
    edits = commands.correct(NONE, face, Keyframe(20, wanted), 10, 50)
    stays, added = resolve(TILTED, edits).lanes
    assert not stays.clear.any()
    assert (added.track.source, added.track.start, added.track.end) == ("ellipse", 10, 50)
    np.testing.assert_allclose(added.track.boxes[10], wanted, atol=1e-3)
    for frame in (10, 35, 49):
        box, cover = face.track.box(frame), added.track.box(frame)
        assert box is not None and cover is not None
        assert cover.w / box.w == pytest.approx(2, rel=0.06)
        assert (cover.angle - box.angle) % 360 == pytest.approx(30, abs=8)
    with pytest.raises(UsageError, match="no detected cover"):
        commands.correct(NONE, face, Keyframe(5, wanted), 10, 50)


def test_an_ellipse_covers_its_middle_and_leaves_the_corners_of_its_box() -> None:
    drawn = commands.draw(NONE, [Keyframe(0, Box(200, 200, 80, 60))])
    oval = commands.shaped(drawn, 1, ellipse=True)
    assert oval.may_cover_more_than(drawn) and drawn.may_cover_more_than(oval)
    reach = []
    for edits in (drawn, oval):
        tracks = [resolve(PLAN, edits).lanes[-1].track]
        (region,) = Covers(tracks, PLAN.shots(), CoverSettings(), 1000, 500).at(0)
        outline = region.outline()
        assert cv2.pointPolygonTest(outline, (200, 200), measureDist=False) > 0
        reach.append(cv2.pointPolygonTest(outline, (237, 228), measureDist=False) > 0)
    assert reach == [True, False]
