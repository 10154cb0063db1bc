"""Places that change for a moment are found, whatever the camera does; others are not."""

from __future__ import annotations

import numpy as np
import pytest
from filming import HEIGHT, WIDTH, filmed, photograph, shaken, texture

from blur.data.arrays import Gray
from blur.scan.camera import StepMeter
from blur.scan.surprise import REACH, Surprise, SurpriseFinder

FRAMES = 40
FACE = np.s_[60:95, 300:326]
"""Rows and columns of the picture in which something appears: 70 pixels wide at 1280."""


def surprises(pictures: list[Gray]) -> list[Surprise]:
    meter, finder = StepMeter(1.0), SurpriseFinder(1.0)
    for frame, picture in enumerate(pictures):
        finder.add(frame, picture, meter.measure(picture))
    return finder.finish()


def scene(seed: int, shown: range = range(0)) -> list[Gray]:
    """A photograph under a hand-held camera, another in its place on the frames of `shown`."""
    rng = np.random.default_rng(seed)
    pictures = filmed(photograph(seed + 1), shaken(rng, FRAMES))
    other = texture(seed)[:HEIGHT, :WIDTH]
    for frame in shown:
        pictures[frame] = pictures[frame].copy()
        pictures[frame][FACE] = other[FACE]
    return pictures


@pytest.mark.parametrize("length", range(1, REACH + 1))
@pytest.mark.parametrize("start", [5, 13, 22])
def test_an_appearance_of_any_length_is_met(length: int, start: int) -> None:
    shown = range(start, start + length)
    found = [s for s in surprises(scene(start, shown)) if s.frame in shown and s.turned]
    rows, columns = FACE
    x, y = (columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2
    assert any(
        abs(s.box.cx - x) < 14 and abs(s.box.cy - y) < 14 and 20 < s.box.w < 70 for s in found
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_still_scene_surprises_nobody(seed: int) -> None:
    assert surprises(scene(seed)) == []


def test_a_cut_is_no_surprise() -> None:
    rng = np.random.default_rng(0)
    pictures = [p for n in (1, 2) for p in filmed(photograph(n), shaken(rng, 20))]
    assert surprises(pictures) == []


def test_surprises_come_in_order_of_time() -> None:
    pictures = scene(3, range(10, 12))
    pictures[30:33] = scene(3, range(30, 33))[30:33]
    frames = [s.frame for s in surprises(pictures)]
    assert frames == sorted(frames) and {10, 31} <= set(frames)
