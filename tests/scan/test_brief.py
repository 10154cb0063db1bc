"""A face that shows for a moment between two looks is covered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from glimpsed import AT, film

from blur.data.arrays import Picture
from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Sightings
from blur.scan.brief import Known, elsewhere, faces_near, unexplained, views_of
from blur.scan.camera import Camera, Step
from blur.scan.link import Tracklet
from blur.scan.scan import scan
from blur.scan.surprise import Surprise
from blur.settings import Level, ScanSettings


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 1, 2])
@pytest.mark.parametrize("shown", [{10}, {10, 11}, {13}, {14, 15}])
def test_a_face_between_two_looks_is_covered(
    tmp_path: Path, astronaut: Picture, shown: set[int], turn: int
) -> None:
    clip = tmp_path / "clip.mp4"
    film(clip, astronaut, shown, 60, turn, [frame * 1000 // 30 for frame in range(24)])
    assert_covered(clip, shown, Level.BALANCED)


@pytest.mark.slow
def test_frames_that_are_shown_long_are_looked_at(tmp_path: Path, astronaut: Picture) -> None:
    """The face stays for two seconds, on two frames that a count of frames would pass over."""
    clip = tmp_path / "clip.mp4"
    steps = [40] * 4 + [1000, 1000] + [40] * 12
    times = np.cumsum([0, *steps]).tolist()
    film(clip, astronaut, {4, 5}, 60, 0, times)
    assert_covered(clip, {4, 5}, Level.FAST)


def assert_covered(clip: Path, shown: set[int], level: Level) -> None:
    plan = scan(clip, ScanSettings(level=level))
    for frame in shown:
        boxes = [box for track in plan.tracks if (box := track.box(frame)) is not None]
        away = min((np.hypot(b.cx - AT[0], b.cy - AT[1]) for b in boxes), default=np.inf)
        assert away < 40, f"nothing covers the face on frame {frame}"


@pytest.mark.parametrize(
    ("small", "views"),
    [
        (Box(305, 200, 20, 20), 4),  # within the turned place's crop, at native size
        (Box(420, 200, 20, 20), 5),  # outside it
    ],
)
def test_a_small_place_that_a_turned_ones_crop_shows_is_not_looked_at_twice(
    small: Box, views: int
) -> None:
    gray = np.zeros((400, 600), np.uint8)
    places = [Surprise(0, True, Box(300, 200, 60, 60)), Surprise(0, False, small)]
    assert len(views_of(gray, places, 1.0)) == views


def test_a_small_place_in_a_shrunken_crop_gets_its_own() -> None:
    gray = np.zeros((400, 600), np.uint8)
    places = [Surprise(0, True, Box(300, 200, 300, 300)), Surprise(0, False, Box(305, 200, 20, 20))]
    assert len(views_of(gray, places, 1.0)) == 5


def test_a_face_that_a_patch_was_taken_for_stays_when_the_patch_goes() -> None:
    face, other = Box(100, 100, 40, 50), Box(300, 100, 40, 50)
    boxes = np.array([face, other], np.float32)
    seen = Sightings(7, boxes, np.full((2, len(FAMILIES)), 0.8, np.float32))
    assert elsewhere(seen, []).boxes.tolist() == boxes.tolist()
    known = Known(Box(105, 98, 44, 48), within=True)
    assert elsewhere(seen, [known]).boxes.tolist() == [list(other)]


@pytest.mark.parametrize(
    ("away", "within", "looked_at", "other"),
    [(10, True, 0, 0), (10, False, 0, 0), (30, True, 0, 0), (30, False, 1, 1), (45, True, 0, 1)],
)
def test_a_face_beside_a_known_ones_held_box_or_beyond_its_own_is_another(
    away: float, within: bool, looked_at: int, other: int
) -> None:
    """A face that crosses the picture by its width a frame is not where its held box waits."""
    face, known = Box(100 + away, 100, 60, 80), [Known(Box(100, 100, 60, 80), within)]
    assert len(unexplained([Surprise(7, True, face)], {7: known})) == looked_at
    seen = Sightings(7, np.array([face], np.float32), np.ones((1, len(FAMILIES)), np.float32))
    assert len(elsewhere(seen, known)) == other


def test_faces_are_carried_to_the_wanted_frames_alone() -> None:
    camera = Camera.of([step_right(0), *(step_right(3) for _ in range(9))])
    box = np.array([[100, 50, 20, 30, 0]], np.float32)
    face = Tracklet(np.array([4]), box, np.ones((1, 2), np.float32))
    near = faces_near([face, face], camera, {5, 9999})
    assert dict(near) == {5: [Known(Box(103, 50, 20, 30, 0), within=False)] * 2}


def step_right(pixels: float) -> Step:
    return Step(np.array([[1, 0, pixels], [0, 1, 0], [0, 0, 1]], float), 1.0)
