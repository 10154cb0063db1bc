"""A head that turns away is followed by its shoulders, for a bounded time, and by nothing else."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from filming import Pose, filmed, photograph, view_from
from people import camera

from blur.data.arrays import Gray
from blur.data.plan import Box
from blur.data.sightings import FAMILIES
from blur.detect.heads import HeadLooks
from blur.detect.registry import load_shoulders
from blur.scan.link import Tracklet
from blur.scan.pursue import HeadLook, Pursuit
from blur.scan.timeline import Timeline

RATE, SECOND = 25, 25
FACE = 612.0, 323.0, 230.0, 290.0
"""The astronaut's face in `photograph(0)`: centre and size, pixels."""
AWAY = 4  # the first frame with a turned head
FRAMES = 75


def pose(frame: int) -> Pose:
    """The person walks slowly through the picture."""
    return Pose(-0.25 + 0.003 * frame, -0.6, 0.35)


def placed(frame: int) -> Box:
    x, y, _ = view_from(pose(frame), photograph(0)) @ (FACE[0], FACE[1], 1)
    return Box(x, y, 0.35 * FACE[2], 0.35 * FACE[3])


@functools.cache
def turning() -> list[Gray]:
    """A face on the first frames, then the head in the single colour of hair."""
    bare = photograph(0).copy()
    cv2.ellipse(bare, (612, 323), (125, 175), 0, 0, 360, 45, -1)
    sources = [photograph(0) if frame < AWAY else bare for frame in range(FRAMES)]
    return [filmed(source, [pose(frame)])[0] for frame, source in enumerate(sources)]


def sighted(*frames: int) -> Tracklet:
    boxes = np.array([placed(f) for f in frames], np.float32)
    evidence = np.full((len(frames), len(FAMILIES)), 0.8, np.float32)
    return Tracklet(np.array(frames, np.intp), boxes, evidence)


def pursued(film: list[Gray], *tracklets: Tracklet, heads: HeadLook | None) -> list[Tracklet]:
    """After a pursuit whose close-ups find no face, and that follows texture for a second."""
    path = camera(len(film), blind=range(len(film)))
    timeline = Timeline(np.arange(len(film)) / RATE, ())
    pursuit = Pursuit(tracklets, path, timeline, lambda gray, box: None, 1.0, SECOND, heads)
    for frame, gray in enumerate(film):
        if pursuit.wants(frame):
            pursuit.see(frame, gray)
    return pursuit.tracklets()


def test_a_turned_head_is_followed_by_its_shoulders() -> None:
    [grown] = pursued(turning(), sighted(*range(AWAY)), heads=HeadLooks(load_shoulders, 1.0).find)
    assert grown.frames.tolist() == list(range(FRAMES))
    for frame, box in zip(grown.frames.tolist(), grown.boxes, strict=True):
        there = placed(frame)
        assert np.hypot(box[0] - there.cx, box[1] - there.cy) < 0.35 * there.h
        assert 0.8 < box[3] / there.h < 1.25
    assert not grown.evidence[AWAY:].any()


def test_without_shoulders_it_is_lost_after_a_second() -> None:
    for heads in (None, lambda gray, box: None):
        [grown] = pursued(turning(), sighted(0, 3), heads=heads)
        assert grown.last <= 3 + SECOND


def test_a_gap_is_filled_over_the_turned_head() -> None:
    ends = sighted(3, FRAMES - 1)
    [grown] = pursued(turning(), ends, heads=HeadLooks(load_shoulders, 1.0).find)
    assert grown.frames.tolist() == list(range(FRAMES))


def test_a_head_turned_for_good_is_followed_for_a_bounded_time() -> None:
    film = [turning()[-1]] * (8 * SECOND)
    still = Tracklet(np.array([2]), np.array([placed(FRAMES - 1)], np.float32), sighted(0).evidence)
    [grown] = pursued(film, still, heads=lambda gray, box: box)
    assert grown.last == 2 + 5 * SECOND


def test_another_tracklet_that_takes_the_face_up_ends_it() -> None:
    film = [turning()[-1]] * (6 * SECOND)
    box = np.array([placed(FRAMES - 1)], np.float32)
    first = Tracklet(np.array([2]), box, sighted(0).evidence)
    again = np.arange(3 * SECOND, 6 * SECOND, 3)
    second = Tracklet(again, box.repeat(len(again), 0), np.full((len(again), 2), 0.8, np.float32))
    grown, _ = pursued(film, first, second, heads=lambda gray, box: box)
    assert 3 * SECOND - 6 <= grown.last < 3 * SECOND  # it comes near in time
