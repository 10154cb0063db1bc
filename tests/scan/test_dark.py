"""Pictures black to the eye are covered whole; visible ones are searched."""

from __future__ import annotations

import numpy as np
import pytest

from blur.cover.region import Covers
from blur.data.plan import Reason
from blur.scan.dark import dark_doubts, dark_tracks, lit
from blur.scan.timeline import Timeline
from blur.settings import CoverSettings

WIDTH, HEIGHT, FPS = 640, 360, 30


def spans(shares: list[float], cuts: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    timeline = Timeline(np.arange(len(shares)) / FPS, cuts)
    return [(t.start, t.end) for t in dark_tracks(shares, timeline, WIDTH, HEIGHT, 1)]


@pytest.mark.parametrize(("level", "share"), [(27, 0.0), (28, 1.0)])
def test_what_a_viewer_sees_begins_at_half_a_percent_of_the_light_of_white(
    level: int, share: float
) -> None:
    light = (28 / 255) ** 2.4
    assert light == pytest.approx(0.005, abs=5e-4)
    assert lit(np.full((90, 160), level, np.uint8)) == share


def test_a_black_picture_is_covered_whole_but_for_a_rim() -> None:
    timeline = Timeline(np.arange(3) / FPS, ())
    tracks = dark_tracks([0.0] * 3, timeline, WIDTH, HEIGHT, 7)
    assert [(t.id, t.start, t.end, t.is_face) for t in tracks] == [(7, 0, 3, False)]
    [region] = Covers(tracks, [(0, 3)], CoverSettings(), WIDTH, HEIGHT).at(1)
    rim = 0.02 * WIDTH
    assert region.outline().min(0) == pytest.approx((rim, rim))
    assert region.outline().max(0) == pytest.approx((WIDTH - rim, HEIGHT - rim))


def test_a_lamp_in_the_dark_is_no_black_picture_but_a_doubt() -> None:
    gray = np.zeros((270, 480), np.uint8)
    gray[100:120, 200:220] = 200
    shares = [lit(gray)] * 10
    assert spans(shares) == []
    assert [(d.start, d.end, d.reason, d.track) for d in dark_doubts(shares)] == [
        (0, 10, Reason.DARK, None)
    ]


def test_a_flash_in_the_dark_is_covered_and_a_light_that_stays_is_not() -> None:
    flash, day = [0.0] * 10 + [0.9] * 14 + [0.0] * 10, [0.0] * 10 + [0.9] * 15 + [0.0] * 10
    assert spans(flash) == [(0, 34)]
    assert spans(day) == [(0, 10), (25, 35)]


def test_light_between_two_black_spans_is_not_covered_across_a_cut() -> None:
    assert spans([0.0] * 10 + [0.9] * 5 + [0.0] * 10, cuts=(15,)) == [(0, 10), (15, 25)]
