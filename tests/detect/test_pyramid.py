"""Tiles show every part of a large picture, at native size and halved."""

from __future__ import annotations

import numpy as np
import pytest

from blur.data.plan import Box
from blur.detect.detections import Detections
from blur.detect.pyramid import COARSE, TILE, Pyramid, needs_tiles, turned


@pytest.mark.parametrize("size", [(4000, 3000), (6001, 1127), (1281, 700)])
def test_a_face_anywhere_is_whole_in_a_tile_of_native_size(size: tuple[int, int]) -> None:
    width, height = size
    views = list(Pyramid(np.zeros((height, width, 3), np.uint8)).tiles())
    assert {view.picture.shape for view in views} == {(TILE, TILE, 3)}
    native = [view.to_frame[:2, 2] for view in views if view.to_frame[0, 0] == 1]
    rng = np.random.default_rng(0)
    for x, y in rng.uniform((0, 0), (width - 190, height - 190), (200, 2)):
        assert any(u <= x and x + 190 <= u + TILE and v <= y <= v + TILE - 190 for u, v in native)


def test_levels_are_halved_down_to_what_whole_looks_see() -> None:
    views = list(Pyramid(np.zeros((2400, 8064, 3), np.uint8)).tiles())
    assert {round(float(view.to_frame[0, 0])) for view in views} == {1, 2, 4}
    assert max(Pyramid(np.zeros((2400, 8064, 3), np.uint8)).smallest.picture.shape) <= COARSE


@pytest.mark.parametrize("turns", range(4))
def test_boxes_of_turned_tiles_lie_in_the_picture(turns: int) -> None:
    picture = np.zeros((1800, 3000, 3), np.uint8)
    picture[1500:1560, 2500:2540] = 255
    seen = 0
    for tile in Pyramid(picture).tiles():
        view = turned(tile, turns)
        y, x = np.nonzero(view.picture[..., 0] == 255)
        if len(x) == 0:
            continue
        w, h = np.ptp(x) + 1, np.ptp(y) + 1
        box = [[x.min() + w / 2, y.min() + h / 2, w, h, 0]]
        found = Detections.of(np.array(box, np.float32), np.ones(1, np.float32), "yunet")
        [there] = view.restored(found).boxes
        assert there[:2] == pytest.approx([2520, 1530], abs=2)
        seen += 1
    assert seen >= 2


def test_close_ups_are_taken_on_the_smallest_level_that_shows_the_face_clearly() -> None:
    pyramid = Pyramid(np.zeros((4000, 8000), np.uint8))
    for size in (20, 80, 200, 700, 4000):
        level, factor = pyramid.for_face(Box(0, 0, size, size, 0).w)
        assert level.shape == (4000 / factor, 8000 / factor)
        assert size / factor >= min(size, 72)
        assert size / factor < 144 or max(level.shape) <= COARSE


def test_films_up_to_4k_are_looked_at_without_tiles_larger_photographs_with() -> None:
    assert not needs_tiles(3840, 2160, still=False)
    assert not needs_tiles(4096, 2160, still=False)
    assert needs_tiles(7680, 4320, still=False)
    assert needs_tiles(3000, 4032, still=True)
    assert not needs_tiles(1280, 720, still=True)
