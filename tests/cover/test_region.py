from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.cover.ease import IN, OUT, eased
from blur.cover.head import (
    ABOVE,
    ASPECT,
    BELOW,
    LADDER,
    SIDE,
    TURNS,
    faces_in,
    head_boxes,
    quantised,
)
from blur.cover.region import FACE, LEAST, MOST, SWEEP, Covers, Region, hull_areas
from blur.cover.steady import FAR, GROWN
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


def rim(face: Box, factor: float = LEAST) -> list[tuple[float, float]]:
    """Points on the ellipse around a face's box: its corners hold no face."""
    turns = np.linspace(0, 2 * np.pi, 16)
    return [on_face(face, factor * np.cos(t) / 2, factor * np.sin(t) / 2) for t in turns]


def of_heads(face: Box) -> Box:
    """The face of a head's own aspect that has a box's place, area and turn."""
    heads = faces_in(np.array([(0, 0, 1, ASPECT, 0)], np.float32), 1.0)[0]
    scale = np.sqrt(face.w * face.h / (heads[2] * heads[3]))
    return face._replace(w=float(heads[2] * scale), h=float(heads[3] * scale))


def test_an_upright_face_is_covered_to_crown_chin_and_ears():
    face = of_heads(Box(100, 200, 100, 140))
    head = head_boxes(np.array([face], np.float32), 1.0)[0]
    assert head[0] == 100
    assert head[1] - head[3] / 2 == pytest.approx(200 - (0.5 + ABOVE) * face.h)
    assert head[1] + head[3] / 2 == pytest.approx(200 + (0.5 + BELOW) * face.h)
    assert head[2] == pytest.approx(face.w * (1 + 2 * SIDE))


@given(face=FACES)
@settings(deadline=None)
def test_the_head_around_a_face_is_inside_its_cover_whatever_the_turn(face):
    (region,) = regions([track([face])], 1)[0] or [None]
    if region is None:
        return  # wholly outside the picture
    least = LADDER**-0.5  # a head takes the nearest step
    if 1.1 < face.h / face.w < 1.5:  # as heads are; others are covered by area
        for turn in np.linspace(0, 2 * np.pi, 17):
            across, down = 0.65 * least * np.cos(turn), 0.72 * least * np.sin(turn) - 0.18
            x, y = on_face(face, across, down)
            assert inside(region, x, y)
    inner = of_heads(face)._replace(angle=round(face.angle / TURNS) * TURNS)
    for x, y in [*rim(face), *rim(inner, FACE * least)]:
        assert inside(region, x, y)


@given(face=FACES)
@settings(deadline=None)
def test_a_head_tells_neither_size_nor_aspect_nor_turn_of_its_face(face):
    head = head_boxes(quantised(np.array([face], np.float32)), 1.0)[0]
    inner = faces_in(head[None], 1.0)[0]
    step = np.log(inner[2] * inner[3]) / 2 / np.log(LADDER)
    assert step == pytest.approx(round(step), abs=1e-3)
    assert head[3] / head[2] == pytest.approx(ASPECT, rel=1e-4)
    assert head[4] / TURNS == pytest.approx(round(head[4] / TURNS), abs=1e-4)
    likewise = head_boxes(quantised(np.array([of_heads(face)], np.float32)), 1.0)[0]
    assert head == pytest.approx(likewise, rel=1e-4, abs=0.01)  # its place, too


@given(face=FACES, sizes=st.lists(st.floats(0.7, 1.4), min_size=2, max_size=20))
@settings(deadline=None)
def test_a_tracks_heads_change_as_its_boxes_do(face, sizes):
    boxes = np.array([face._replace(w=face.w * k, h=face.h * k) for k in sizes], np.float32)
    boxes[:, 4] += np.arange(len(sizes))
    found = quantised(boxes)
    assert found[:, 2] / found[0, 2] == pytest.approx(boxes[:, 2] / boxes[0, 2], rel=1e-4)
    assert found[:, 4] - found[0, 4] == pytest.approx(boxes[:, 4] - boxes[0, 4], abs=1e-3)


@given(face=FACES)
@settings(deadline=None)
def test_a_box_that_is_unsure_is_covered_wider_than_one_that_is_sure(face):
    subject = track([face])
    subject.scores[:] = 0.5
    for region in regions([subject], 1)[0]:
        assert all(inside(region, x, y) for x, y in rim(face, MOST))


def test_a_cover_keeps_its_size_while_the_face_box_trembles():
    rng = np.random.default_rng(1)
    boxes = [(500, 500, w, 1.3 * w, 0) for w in rng.uniform(96, 104, 90)]
    areas = [area(region) for (region,) in regions([track(boxes)], 90)]
    assert max(areas) < 1.03 * LADDER**2 * min(areas)  # a step of the ladder at most


def area(region: Region) -> float:
    return cv2.contourArea(region.outline())


@given(
    sizes=st.lists(st.floats(20, 400), min_size=2, max_size=40),
    step=st.floats(-60, 60),
    seen=st.integers(1, 8),
)
@settings(deadline=None)
def test_no_cover_pops_and_every_face_is_inside(sizes, step, seen):
    boxes = [(900 + step * i, 500, w, 1.3 * w, 0) for i, w in enumerate(sizes)]
    subject = track(boxes)
    subject.marks[:] = np.where(np.arange(len(sizes)) % seen, Mark.BRIDGED, Mark.DETECTED)
    found = regions([subject], len(sizes))
    shown = [frame[0] for frame in found if frame]
    if len(shown) < len(sizes):
        return  # partly out of the picture
    for before, after in itertools.pairwise(shown):
        assert 0.92 < area(after) / area(before) < 1.08
    for region, box in zip(shown, boxes, strict=True):
        assert all(inside(region, x, y) for x, y in rim(Box(*box)))


@given(widths=st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_eased_widths_are_the_least_that_obey_both_bounds(widths):
    wanted = np.array(widths)
    found = eased(wanted)
    assert (found >= wanted - 1e-9).all()
    steps = np.diff(found)
    assert (steps <= OUT + 1e-9).all()
    assert (steps >= -IN - 1e-9).all()
    here = np.arange(len(wanted))
    away = here[:, None] - here
    least = np.where(away >= 0, wanted - IN * away, wanted + OUT * away).max(1)
    assert found == pytest.approx(least)


def test_a_cover_grows_ahead_of_need():
    boxes = [(500, 500, 100 if frame < 40 else 300, 200, 0) for frame in range(80)]
    found = [area(region) for (region,) in regions([track(boxes)], 80)]
    assert found[39] > found[20]
    assert found == sorted(found)


def test_a_box_far_from_its_sightings_is_covered_wider_up_to_a_bound():
    subject = track([(500, 500, 100, 130, 0)] * 90)
    subject.marks[1:] = Mark.HELD
    found = [area(region) for (region,) in regions([subject], 90)]
    assert found[0] < found[10] < found[60] == found[89]
    assert found[89] <= found[0] * ((1 + GROWN) * LADDER) ** 2


def test_many_weak_sightings_that_agree_are_doubted_less_than_a_few():
    many, few = (track([(500, 500, 100, 130, 0)] * 25) for _ in range(2))
    for subject, apart in ((many, 3), (few, 12)):
        subject.marks[:] = np.where(np.arange(25) % apart, Mark.BRIDGED, Mark.DETECTED)
        subject.scores[:] = 0.6
    found = [area(regions([subject], 25)[12][0]) for subject in (many, few)]
    assert found[0] < 0.9 * found[1]


@pytest.mark.parametrize("away", [1, FAR])
def test_a_face_that_a_look_sees_upside_down_is_covered_to_both_crowns(away):
    boxes = [(500, 500, 100, 130, 180 if frame == 40 else 0) for frame in range(80)]
    found = regions([track(boxes)], 80)
    for frame in (40 - away, 40 + away):
        assert inside(found[frame][0], 500, 500 - 65 - 0.4 * 130)
        assert inside(found[frame][0], 500, 500 + 65 + 0.35 * 130)
    if away == FAR:
        assert not inside(found[0][0], 500, 500 + 65 + 0.35 * 130)


def test_a_moving_face_is_covered_half_way_to_where_it_was_and_will_be():
    boxes = [(100 + 90 * frame, 300, 60, 80, 0) for frame in range(12)]
    found = regions([track(boxes)], 12)
    for frame in range(1, 11):
        for near in (-SWEEP, 0, SWEEP):
            assert inside(found[frame][0], 100 + 90 * (frame + near), 300)
            face = Box(100 + 90 * (frame + near), 300, 60, 80)
            assert all(inside(found[frame][0], x, y) for x, y in rim(face))


@given(
    faces=st.lists(
        st.builds(
            Box,
            st.floats(-200, 200),
            st.floats(-200, 200),
            st.floats(80, 200),
            st.floats(80, 200),
            st.floats(-180, 179),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None)
def test_the_area_of_a_hull_is_that_of_its_outline(faces):
    shapes = np.array(faces, np.float32)
    measured = hull_areas(np.zeros(len(shapes), np.intp), shapes, 1)[0]
    assert measured == pytest.approx(area(Region(tuple(faces), 1)), rel=0.06)


def test_no_cover_reaches_over_a_cut():
    boxes = [
        (100 if frame < 5 else 1500, 300, 60 if frame < 5 else 300, 80, 0) for frame in range(10)
    ]
    found = regions([track(boxes)], 10, cuts=(5,))
    assert not inside(found[4][0], 1500, 300)
    assert not inside(found[5][0], 100, 300)
    assert found[4][0].boxes[0].w < 200


def test_a_face_cut_by_the_edge_keeps_its_whole_cover_and_more():
    whole, cut = regions([track([(500, 300, 80, 100, 0)]), track([(0, 300, 80, 100, 0)])], 1)[0]
    assert all(inside(cut, x, y) for x, y in whole.outline() - (500, 0))
    assert area(cut) > 1.2 * area(whole)


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
    assert np.prod(head_boxes(box, 0)[0, 2:4]) == pytest.approx(100 * 135)
    assert head_boxes(box, 2)[0, 2] > head_boxes(box, 1)[0, 2] > 100


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
