"""Striped shadows over faces are evened out for a second look."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from detected import best_scores

from blur.detect.stripes import evened_out, stripes_of
from blur.detect.treated import treated


def without_stripes(picture: np.ndarray) -> np.ndarray | None:
    found = stripes_of(picture)
    return None if found is None else evened_out(picture, found)


def striped(picture: np.ndarray, apart: float, turn: float, dark: float = 0.2) -> np.ndarray:
    """Shadows `apart` pixels from each other, turned by degrees, in which a share of light is."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    way = x * np.sin(np.radians(turn)) + y * np.cos(np.radians(turn))
    light = np.where(way % apart < apart / 2, 1.0, dark).astype(np.float32)
    soft = cv2.GaussianBlur(light, (0, 0), 1.5)[..., np.newaxis]
    return np.clip(picture * soft, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn", [0, 20, -35, 90, 110])
@pytest.mark.parametrize("apart", [16, 22])
def test_a_face_in_striped_light_is_found_once_it_is_even(apart: float, turn: float) -> None:
    shadowed = striped(skimage.data.astronaut(), apart, turn)
    even = without_stripes(shadowed)
    assert even is not None
    before, after = (best_scores(picture) for picture in (shadowed, even))
    assert min(before) < 0.3 and min(after) > 0.8


def test_evening_out_takes_the_shadows_alone() -> None:
    photograph = skimage.data.astronaut()
    shadowed = striped(photograph, 22, 20)
    even = without_stripes(shadowed)
    assert even is not None
    truth, before, after = (
        np.log(picture[100:400, 100:400].mean(axis=2) + 4.0).ravel()
        for picture in (photograph, shadowed, even)
    )
    assert np.corrcoef(before, truth)[0, 1] < 0.9 < 0.97 < np.corrcoef(after, truth)[0, 1]


def test_faint_stripes_are_left() -> None:
    assert without_stripes(striped(np.full((480, 640, 3), 128, np.uint8), 40, 20, 0.8)) is None


@pytest.mark.parametrize("size", [(1, 1, 3), (2, 900, 3), (900, 2, 3), (40, 40, 3)])
def test_any_size_is_measured(size: tuple[int, int, int]) -> None:
    without_stripes(striped(np.full(size, 128, np.uint8), 10, 0))


def test_all_pictures_are_looked_at() -> None:
    shadowed = striped(skimage.data.astronaut(), 22, 20)
    first, *further = treated(shadowed)
    assert first is shadowed
    assert any(np.array_equal(picture, without_stripes(shadowed)) for picture in further)
