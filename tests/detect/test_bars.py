"""Bars in front of faces are bridged for a further look."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from detected import best_scores

from blur.detect.bars import bridged
from blur.detect.stripes import Stripes, stripes_of
from blur.detect.treated import treated


def barred(apart: float, turn: float, tone: float, share: float = 0.45) -> np.ndarray:
    """The astronaut behind round bars, `apart` pixels from each other, turned by degrees."""
    photograph = skimage.data.astronaut()
    y, x = np.mgrid[: photograph.shape[0], : photograph.shape[1]]
    way = (x * np.sin(np.radians(turn)) + y * np.cos(np.radians(turn))) % apart / apart
    bar = cv2.GaussianBlur((way < share).astype(np.float32), (0, 0), 0.8)[..., np.newaxis]
    shade = tone * (0.75 + 0.5 * np.sin(np.pi * np.minimum(way / share, 1)))[..., np.newaxis]
    return np.clip(photograph * (1 - bar) + shade * bar, 0, 255).astype(np.uint8)


def taken_away(picture: np.ndarray) -> np.ndarray:
    found = stripes_of(picture)
    assert found is not None
    shown = bridged(picture, found)
    assert shown is not None
    return shown


@pytest.mark.parametrize("turn", [0, 20, 95])
@pytest.mark.parametrize("apart", [20, 24])
def test_a_face_behind_bars_is_found_once_they_are_bridged(apart: float, turn: float) -> None:
    picture = barred(apart, turn, 40)
    before, after = (best_scores(shown) for shown in (picture, taken_away(picture)))
    assert min(before) < 0.3 and min(after) > 0.75


@pytest.mark.parametrize("tone", [40, 210])
def test_a_picture_without_its_bars_is_nearer_to_the_scene(tone: float) -> None:
    picture = barred(24, 20, tone)
    photograph = skimage.data.astronaut().astype(np.float64)
    before, after = (
        np.abs(shown - photograph)[60:300, 100:400].mean()
        for shown in (picture, taken_away(picture))
    )
    assert after < 0.5 * before


@pytest.mark.parametrize("turn", [0, 20, 95])
def test_shadows_are_no_bars(turn: float) -> None:
    photograph = skimage.data.astronaut()
    y, x = np.mgrid[: photograph.shape[0], : photograph.shape[1]]
    way = x * np.sin(np.radians(turn)) + y * np.cos(np.radians(turn))
    light = np.where(way % 22 < 11, 1.0, 0.2).astype(np.float32)
    shadowed = photograph * cv2.GaussianBlur(light, (0, 0), 1.5)[..., np.newaxis]
    picture = np.asarray(shadowed, np.uint8)
    found = stripes_of(picture)
    assert found is not None
    assert bridged(picture, found) is None


@pytest.mark.parametrize("size", [(1, 1, 3), (2, 900, 3), (900, 2, 3), (40, 40, 3)])
def test_flat_pictures_of_any_size_stay_flat(size: tuple[int, int, int]) -> None:
    flat = np.full(size, 128, np.uint8)
    shown = bridged(flat, Stripes(12, 3))
    assert shown is None or np.array_equal(shown, flat)


def test_the_bridged_picture_is_looked_at() -> None:
    picture = barred(24, 20, 40)
    assert any(np.array_equal(shown, taken_away(picture)) for shown in treated(picture))
