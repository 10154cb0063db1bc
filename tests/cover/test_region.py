from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.cover.region import ASPECT, LADDER, STEADY, SWEEP, Covers, Region, head_boxes, quantised
from blur.data.plan import Box, Mark, Track
from blur.settings import CoverSettings

FACES = st.builds(
    Box,
    st.floats(-100, 1000),
    st.floats(-100, 1000),
    st.floats(4, 400),
    st.floats(4, 400),
    st.floats(-180, 179),
)


def track(boxes, start=0, source="scan", number=7):
    boxes = np.array(boxes, np.float32).reshape(-1, 5)
    marks = np.full(len(boxes), Mark.DETECTED, np.uint8)
    return Track(number, start, boxes, marks, np.ones(len(boxes), np.float32), source)


def regions(tracks, frames, cuts=(), margin=1.0):
    shots = list(zip([0, *cuts], [*cuts, frames], strict=True))
    covers = Covers(tracks, shots, CoverSettings(margin=margin), 1920, 1080)
    return [covers.at(frame) for frame in range(frames)]


def inside(region: Region, x: float, y: float) -> bool:
    return cv2.pointPolygonTest(region.outline(), (float(x), float(y)), True) >= -0.01


def on_face(box: Box, across: float, down: float) -> tuple[float, float]:
    """The point so many widths across and heights down from a face's centre, in its own axes."""
    turn = np.radians(box.angle)
    u, v = across * box.w, down * box.h
    return (
        box.cx + np.cos(turn) * u - np.sin(turn) * v,
        box.cy + np.sin(turn) * u + np.cos(turn) * v,
    )


def test_an_upright_face_is_covered_to_crown_chin_and_ears():
    head = head_boxes(np.array([[100, 200, 100, 140, 0]], np.float32), 1.0)[0]
    assert head[0] == 100
    assert head[1] - head[3] / 2 <= 200 - 70 - 0.65 * 140 + 7  # the aspect widens, about the middle
    assert head[1] == pytest.approx(200 - 0.15 * 140)
    assert head[2] == pytest.approx(max(190, 280 / ASPECT))


@given(face=FACES)
@settings(deadline=None)
def test_the_head_around_a_face_is_inside_its_cover_whatever_the_turn(face):
    (region,) = regions([track([face])], 1)[0] or [None]
    if region is None:
        return  # wholly outside the picture
    for turn in np.linspace(0, 2 * np.pi, 17):
        x, y = on_face(face, 0.95 * np.cos(turn), np.sin(turn) - 0.15)
        assert inside(region, x, y)
    for across in (-0.5, 0.5):
        for down in (-0.5, 0.5):
            assert inside(region, *on_face(face, across, down))


@given(face=FACES)
@settings(deadline=None)
def test_a_cover_tells_neither_size_nor_aspect_of_its_face(face):
    head = quantised(head_boxes(np.array([face], np.float32), 1.0))[0]
    step = np.log(head[2]) / np.log(LADDER)
    assert step == pytest.approx(round(step), abs=1e-3)
    assert head[3] / head[2] == pytest.approx(ASPECT, rel=1e-4)


def test_a_cover_keeps_its_size_while_the_face_box_trembles():
    rng = np.random.default_rng(1)
    boxes = [(500, 500, w, 1.3 * w, 0) for w in rng.uniform(96, 104, 90)]
    widths = {region.boxes[0].w for (region,) in regions([track(boxes)], 90)}
    assert len(widths) <= 2


def test_a_cover_is_at_its_largest_size_before_it_is_needed():
    boxes = [(500, 500, 100 if frame < 40 else 300, 200, 0) for frame in range(80)]
    found = [region.boxes[0].w for (region,) in regions([track(boxes)], 80)]
    assert found[40 - STEADY] == found[40] > found[0]


def test_a_moving_face_is_covered_where_it_was_and_where_it_will_be():
    boxes = [(100 + 90 * frame, 300, 60, 80, 0) for frame in range(12)]
    found = regions([track(boxes)], 12)
    for frame in range(SWEEP, 12 - SWEEP):
        for near in range(-SWEEP, SWEEP + 1):
            assert inside(found[frame][0], 100 + 90 * (frame + near), 300)
            assert inside(found[frame][0], 100 + 90 * (frame + near) + 30, 300 + 40)


def test_no_cover_reaches_over_a_cut():
    boxes = [
        (100 if frame < 5 else 1500, 300, 60 if frame < 5 else 300, 80, 0) for frame in range(10)
    ]
    found = regions([track(boxes)], 10, cuts=(5,))
    assert not inside(found[4][0], 1500, 300)
    assert not inside(found[5][0], 100, 300)
    assert found[4][0].boxes[0].w < 200


def test_a_face_cut_by_the_edge_keeps_its_whole_cover():
    whole, cut = regions([track([(500, 300, 80, 100, 0)]), track([(0, 300, 80, 100, 0)])], 1)[0]
    assert cut.outline() == pytest.approx(whole.outline() - (500, 0), abs=1e-2)


def test_a_track_has_a_region_on_its_own_frames_and_the_same_seed_on_all():
    found = regions([track([(500, 300, 80, 100, 0)] * 4, start=3, number=11)], 9)
    assert [len(frame) for frame in found] == [0, 0, 0, 1, 1, 1, 1, 0, 0]
    assert {region.seed for frame in found for region in frame} == {11}


def test_what_is_wholly_out_of_the_picture_has_no_region():
    assert regions([track([(-900, 300, 80, 100, 0)])], 1) == [[]]


def test_a_drawn_region_is_covered_as_drawn():
    boxes = [(300 + 5 * frame, 300, 80, 100, 30) for frame in range(5)]
    for frame, (region,) in enumerate(regions([track(boxes, source="person")], 5)):
        corners = cv2.boxPoints(((300 + 5 * frame, 300), (80, 100), 30))
        for corner in corners:
            assert np.abs(region.outline() - corner).sum(1).min() < 0.01
        assert len(region.outline()) == 4


def test_margin_scales_the_reach_beyond_the_face():
    box = np.array([[0, 0, 100, 135, 0]], np.float32)
    assert head_boxes(box, 0)[0, 2:4] == pytest.approx([100, 135])
    assert head_boxes(box, 2)[0, 2] == pytest.approx(300)


@given(face=FACES, turn=st.sampled_from([0, 90, 180, 270]), mirrored=st.booleans())
@settings(deadline=None)
def test_mapping_boxes_maps_the_outline(face, turn, mirrored):
    sign = -1 if mirrored else 1
    cos, sin = round(np.cos(np.radians(turn))), round(np.sin(np.radians(turn)))

    def change(box: Box) -> Box:
        x, y = sign * box.cx, box.cy
        return Box(cos * x - sin * y, sin * x + cos * y, box.w, box.h, sign * box.angle + turn)

    region = Region((face, face._replace(cx=face.cx + 40)), 1)
    points = region.outline() * (sign, 1)
    expected = points @ np.array([[cos, sin], [-sin, cos]])
    got = region.mapped(change).outline()
    hull = cv2.convexHull(expected.astype(np.float32)).reshape(-1, 2)
    assert cv2.contourArea(got) == pytest.approx(cv2.contourArea(hull), rel=1e-3)
    assert all(cv2.pointPolygonTest(got, tuple(map(float, p)), True) > -0.05 for p in hull)
