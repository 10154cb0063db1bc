"""Parts of pictures black to the eye are covered whole; visible ones are searched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from blur.cover.region import Covers
from blur.data.arrays import Gray
from blur.data.plan import Reason, Track
from blur.scan.dark import dark_doubts, dark_tracks, light
from blur.scan.timeline import Timeline
from blur.settings import CoverSettings

WIDTH, HEIGHT, FPS = 640, 360, 30
SMALL = 480, 270
NIGHT, DAY = np.zeros(SMALL[::-1], np.uint8), np.full(SMALL[::-1], 120, np.uint8)


def lamp_at(x: int, y: int) -> Gray:
    """A black picture with a lamp of 0.4 %, its corner at (x, y)."""
    picture = NIGHT.copy()
    picture[y : y + 23, x : x + 23] = 200
    return picture


def tracks_over(pictures: Sequence[Gray], cuts: tuple[int, ...] = ()) -> list[Track]:
    timeline = Timeline(np.arange(len(pictures)) / FPS, cuts)
    lights = [light(picture) for picture in pictures]
    return dark_tracks(lights, timeline, (WIDTH, HEIGHT), SMALL, 7)


def spans(pictures: Sequence[Gray], cuts: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    return [(t.start, t.end) for t in tracks_over(pictures, cuts)]


def clear(tracks: Sequence[Track], frame: int) -> npt.NDArray[np.bool_]:
    """(HEIGHT, WIDTH), true where no cover is."""
    out = np.ones((HEIGHT, WIDTH), bool)
    for region in Covers(tracks, [(0, 99)], CoverSettings(), WIDTH, HEIGHT).at(frame):
        (x1, y1), (x2, y2) = np.round(region.outline().min(0)), np.round(region.outline().max(0))
        out[int(y1) : int(y2), int(x1) : int(x2)] = False
    return out


@pytest.mark.parametrize(("level", "share"), [(27, 0.0), (28, 1.0)])
def test_what_a_viewer_sees_begins_at_half_a_percent_of_the_light_of_white(
    level: int, share: float
) -> None:
    visible = (28 / 255) ** 2.4
    assert visible == pytest.approx(0.005, abs=5e-4)
    assert light(np.full((90, 160), level, np.uint8)).share == share


def test_a_black_picture_is_covered_whole_to_its_edges() -> None:
    tracks = tracks_over([NIGHT] * 3)
    assert [(t.id, t.start, t.end, t.is_face) for t in tracks] == [(7, 0, 3, False)]
    [region] = Covers(tracks, [(0, 3)], CoverSettings(), WIDTH, HEIGHT).at(1)
    assert region.outline().min(0) == pytest.approx((0, 0))
    assert region.outline().max(0) == pytest.approx((WIDTH, HEIGHT))


def test_a_lamp_in_the_dark_stays_clear_the_black_around_it_does_not() -> None:
    pictures = [lamp_at(100, 80)] * 10
    assert light(pictures[0]).share == pytest.approx(0.004, abs=2e-4)
    left = clear(tracks_over(pictures), 5)
    assert left[107:137, 134:164].all()
    left[90:160, 120:180] = False
    assert not left.any()
    assert [(d.start, d.end, d.reason, d.track) for d in dark_doubts([*map(light, pictures)])] == [
        (0, 10, Reason.DARK, None)
    ]


def test_the_black_behind_a_moving_lamp_is_covered_on_every_frame() -> None:
    """But for blocks that it lights at other times; the lamp itself is clear."""
    tracks = tracks_over([lamp_at(3 * frame, 80) for frame in range(60)])
    for frame in range(60):
        left = clear(tracks, frame)
        assert left[107:137, 4 * frame : 4 * frame + 30].all()
        assert left.mean() < 0.03
    assert len(tracks) < 60


def test_black_clothes_by_day_stay_clear() -> None:
    picture = DAY.copy()
    picture[100:200, 100:300] = 5
    assert spans([picture] * 10) == []


def test_a_flash_in_the_dark_is_covered_and_a_light_that_stays_is_not() -> None:
    flash, day = [NIGHT] * 10 + [DAY] * 14 + [NIGHT] * 10, [NIGHT] * 10 + [DAY] * 15 + [NIGHT] * 10
    assert spans(flash) == [(0, 34)]
    assert spans(day) == [(0, 10), (25, 35)]


def test_a_flash_that_lights_a_room_with_a_lamp_is_covered_around_the_lamp() -> None:
    lamp = lamp_at(100, 80)
    [*tracks] = tracks_over([lamp] * 10 + [DAY] * 5 + [lamp] * 10)
    assert np.array_equal(clear(tracks, 5), clear(tracks, 12))
    assert clear(tracks, 12).mean() < 0.05


def test_light_between_two_black_spans_is_not_covered_across_a_cut() -> None:
    pictures = [NIGHT] * 10 + [DAY] * 5 + [NIGHT] * 10
    assert spans(pictures, cuts=(15,)) == [(0, 10), (15, 25)]
