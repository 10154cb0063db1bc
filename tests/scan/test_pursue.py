"""A known face is followed by its texture, both ways from where it was seen."""

from __future__ import annotations

import numpy as np
import pytest
from filming import HEIGHT, WIDTH, Pose, filmed, photograph, texture, view_from
from people import camera

from blur.data.arrays import Gray
from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Sighting
from blur.scan.both_ways import around
from blur.scan.follow import follow
from blur.scan.link import Tracklet
from blur.scan.pursue import Pursuit, Relook
from blur.scan.timeline import Timeline
from blur.scan.tracks import tracks_of

FRAMES = 41
SCALE = 2.0
FACE = 612.0, 323.0, 230.0, 290.0
"""The astronaut's face in `photograph(0)`: centre and size, pixels."""

CENTRED = Pose(-0.18, -0.78, 0.45)
STILL = np.eye(3)


def placed(pose: Pose) -> Box:
    """The face on a picture taken from `pose`, in display pixels."""
    x, y, _ = SCALE * (view_from(pose, photograph(0)) @ (FACE[0], FACE[1], 1))
    return Box(x, y, SCALE * FACE[2] * pose.zoom, SCALE * FACE[3] * pose.zoom, -pose.roll)


def walking(frames: int) -> list[Pose]:
    """The face goes through the picture, nearer and nearer."""
    shares = np.linspace(-1, 1, frames)
    return [Pose(CENTRED.x + 0.4 * s, CENTRED.y - 0.1 * s**2, 0.45 * 1.2**s) for s in shares]


POSES = walking(FRAMES)


@pytest.fixture(scope="module")
def film() -> list[Gray]:
    return filmed(photograph(0), POSES, shutter=0)


def away(found: Box, true: Box) -> float:
    """Distance in face widths."""
    return float(np.hypot(found.cx - true.cx, found.cy - true.cy)) / true.w


@pytest.mark.parametrize(
    "step", [Pose(0.02, 0.01, 0), Pose(-0.05, 0, 0), Pose(0, 0, 0.02), Pose(0.01, 0, 0, 2)]
)
def test_one_step_is_followed_closely_and_back_again(step: Pose) -> None:
    there = Pose(*(a + b for a, b in zip(CENTRED, step, strict=True)))
    first, second = filmed(photograph(0), [CENTRED])[0], filmed(photograph(0), [there])[0]
    moved = follow(first, second, placed(CENTRED), STILL, SCALE)
    assert moved is not None
    assert away(moved, placed(there)) < 0.03
    assert moved.w == pytest.approx(placed(there).w, rel=0.03)
    back = follow(second, first, moved, STILL, SCALE)
    assert back is not None
    assert away(back, placed(CENTRED)) < 0.03


def test_a_fast_step_is_followed_where_the_camera_made_it(film: list[Gray]) -> None:
    there = Pose(CENTRED.x + 0.25, CENTRED.y, CENTRED.zoom)
    second = filmed(photograph(0), [there])[0]
    pan = np.eye(3)
    pan[0, 2] = placed(there).cx - placed(CENTRED).cx
    moved = follow(filmed(photograph(0), [CENTRED])[0], second, placed(CENTRED), pan, SCALE)
    assert moved is not None
    assert away(moved, placed(there)) < 0.03


@pytest.mark.parametrize("what", ["another picture", "nothing"])
def test_a_face_that_is_gone_is_lost(film: list[Gray], what: str) -> None:
    other = texture(3)[:HEIGHT, :WIDTH] if what == "another picture" else np.zeros_like(film[0])
    assert follow(film[20], other, placed(POSES[20]), STILL, SCALE) is None


def test_a_face_out_of_the_picture_is_lost(film: list[Gray]) -> None:
    assert follow(film[0], film[1], Box(-500, 200, 60, 80), STILL, SCALE) is None


def sighted(*frames: int) -> Tracklet:
    boxes = np.array([placed(POSES[f]) for f in frames], np.float32)
    evidence = np.full((len(frames), len(FAMILIES)), 0.8, np.float32)
    return Tracklet(np.array(frames, np.intp), boxes, evidence)


def pursued(
    film: list[Gray],
    tracklet: Tracklet,
    reach: int,
    cuts: tuple[int, ...] = (),
    seen: tuple[int, ...] = (),
) -> Tracklet:
    """The tracklet after a pursuit, whose close-ups find the face on the frames `seen`."""

    def relook(gray: Gray, box: Box) -> Sighting | None:
        number = next(i for i, picture in enumerate(film) if picture is gray)
        if number not in seen or away(box, placed(POSES[number])) > 0.5:
            return None
        return Sighting(placed(POSES[number]), np.full(len(FAMILIES), 0.7, np.float32))

    return run(film, tracklet, relook, reach, cuts)


def run(
    film: list[Gray], tracklet: Tracklet, relook: Relook, reach: int, cuts: tuple[int, ...] = ()
) -> Tracklet:
    """The tracklet after a pursuit over the film."""
    timeline = Timeline(np.arange(len(film)) / 25, cuts)
    # The camera is unknown: the face's own texture must lead.
    path = camera(len(film), blind=range(len(film)))
    pursuit = Pursuit([tracklet], path, timeline, relook, SCALE, reach)
    for frame, gray in enumerate(film):
        if pursuit.wants(frame):
            pursuit.see(frame, gray)
    [grown] = pursuit.tracklets()
    return grown


def test_a_single_sighting_is_followed_both_ways(film: list[Gray]) -> None:
    grown = pursued(film, sighted(20), reach=12)
    assert grown.frames.tolist() == list(range(8, 33))
    for frame, box, evidence in zip(grown.frames, grown.boxes, grown.evidence, strict=True):
        assert away(Box(*box.tolist()), placed(POSES[frame])) < 0.1
        assert evidence.any() == (frame == 20)
    assert grown.boxes[12].tolist() == sighted(20).boxes[0].tolist()


def test_a_gap_is_filled(film: list[Gray]) -> None:
    grown = pursued(film, sighted(5, 30), reach=15)
    assert set(range(5, 31)) <= set(grown.frames.tolist())
    for frame, box in zip(grown.frames, grown.boxes, strict=True):
        assert away(Box(*box.tolist()), placed(POSES[frame])) < 0.2


def test_two_faces_that_a_link_joined_are_both_covered(film: list[Gray]) -> None:
    """A box between two pursuits that lead apart would cover neither face."""
    patch = texture(5)[: HEIGHT // 3, : WIDTH // 5]
    pictures = [picture.copy() for picture in filmed(photograph(0), [CENTRED] * 20, shutter=0)]
    for picture in pictures:
        picture[-len(patch) :, : patch.shape[1]] = patch
    face = placed(CENTRED)
    other = Box(SCALE * patch.shape[1] / 2, SCALE * (HEIGHT - len(patch) / 2), face.w, face.h)
    boxes = np.array([face, other], np.float32)
    linked = Tracklet(np.array([2, 17]), boxes, np.full((2, len(FAMILIES)), 0.8, np.float32))
    grown = pursued(pictures, linked, reach=15)
    [back] = grown.beside
    assert back.last == 17
    for frame in set(grown.frames.tolist()) & set(back.frames.tolist()) - {17}:
        [box], [beside] = grown.boxes[grown.frames == frame], back.boxes[back.frames == frame]
        assert away(Box(*box.tolist()), face) < 0.2
        assert away(Box(*beside.tolist()), other) < 0.2
    timeline = Timeline(np.arange(20) / 25, ())
    tracks, _ = tracks_of([grown], camera(20), timeline, 0.1, (WIDTH, HEIGHT))
    assert [t.id for t in tracks] == [1, 2]
    for place in (face, other):
        boxes_at_9 = [box for t in tracks if (box := t.box(9)) is not None]
        assert any(away(box, place) < 0.2 for box in boxes_at_9)


def test_a_face_is_never_followed_over_a_cut(film: list[Gray]) -> None:
    grown = pursued(film, sighted(20), reach=15, cuts=(14, 27))
    assert grown.frames.tolist() == list(range(14, 27))


def test_a_face_known_again_leads_further(film: list[Gray]) -> None:
    grown = pursued(film, sighted(10), reach=9, seen=(16, 19, 22, 25))
    assert grown.frames[-1] >= 30
    assert {f for f, e in zip(grown.frames.tolist(), grown.evidence, strict=True) if e.any()} >= {
        10,
        16,
        19,
    }


@pytest.mark.parametrize(("score", "joins"), [(0.3, False), (0.8, True)])
def test_a_weak_chase_takes_no_well_seen_face_for_its_own(
    film: list[Gray], score: float, joins: bool
) -> None:
    """A fold of cloth is followed to the face beside it, whose own tracklet goes on."""
    fold, face = sighted(10), sighted(*range(12, 40, 2))
    fold.evidence[:] = score
    timeline = Timeline(np.arange(len(film)) / 25, ())
    path = camera(len(film), blind=range(len(film)))

    def relook(gray: Gray, box: Box) -> Sighting | None:
        number = next(i for i, picture in enumerate(film) if picture is gray)
        if number < 10:
            return None
        return Sighting(placed(POSES[number]), np.full(len(FAMILIES), 0.9, np.float32))

    pursuit = Pursuit([fold, face], path, timeline, relook, SCALE, 9)
    for frame, gray in enumerate(film):
        pursuit.see(frame, gray)
    grown, _ = pursuit.tracklets()
    assert (grown.evidence[1:].max() > 0.5) == joins
    assert grown.last >= 16  # its texture is covered on, either way


def test_a_face_that_vanishes_is_not_followed_any_further(film: list[Gray]) -> None:
    other = filmed(texture(5), [Pose(0.01 * k) for k in range(FRAMES - 25)])
    grown = pursued([*film[:25], *other], sighted(20), reach=15)
    assert grown.frames[-1] == 24


def test_frames_are_wanted_from_before_the_first_sighting_on(film: list[Gray]) -> None:
    timeline = Timeline(np.arange(FRAMES) / 25, ())
    pursuit = Pursuit([sighted(30)], camera(FRAMES), timeline, lambda gray, box: None, SCALE, 10)
    assert [pursuit.wants(f) for f in (0, 19, 20, 30)] == [False, False, True, True]


def asked(film: list[Gray], tracklet: Tracklet, reach: int) -> list[int]:
    """The frames of a pursuit's close-ups, in its order; none finds the face."""
    frames: list[int] = []

    def relook(gray: Gray, box: Box) -> None:
        frames.append(next(i for i, picture in enumerate(film) if picture is gray))

    run(film, tracklet, relook, reach)
    return frames


def test_a_pursuit_that_arrives_saves_the_way_back(film: list[Gray]) -> None:
    there_only = [f for f in asked(film, sighted(5, 30), reach=25) if 5 < f < 30]
    assert there_only == [8, 11, 17, 29]
    both_ways = [f for f in asked(film, sighted(5, 30), reach=15) if 5 < f < 30]
    assert both_ways == [8, 11, 17, 27, 24, 18]


def test_close_ups_grow_rarer_the_longer_a_face_is_out_of_sight(film: list[Gray]) -> None:
    assert asked(film, sighted(0), reach=40) == [3, 6, 12, 24]


@pytest.mark.parametrize("turn", [0.0, 90.0])
def test_a_box_around_two_ways_grows_along_the_way_between_them_alone(turn: float) -> None:
    first, second = Box(300, 200, 60, 80, turn), Box(345, 200, 60, 80, turn)
    box = around(first, second)
    assert (box.cx, box.cy) == pytest.approx((322.5, 200))
    long, short = (box.w - 60, box.h - 80) if turn == 0 else (box.h - 80, box.w - 60)
    assert long == pytest.approx(27, abs=0.01)
    assert short == pytest.approx(0, abs=0.01)
