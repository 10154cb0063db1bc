"""Bodies against the light are brightened for a second look."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from detected import best_scores

from blur.detect.backlight import out_of_backlight
from blur.detect.treated import treated


def backlit(share: float) -> np.ndarray:
    """The astronaut before a bright window, with a share of her light."""
    photograph = skimage.data.astronaut()
    body = np.zeros(photograph.shape[:2], np.uint8)
    cv2.ellipse(body, ((223, 120), (140, 190), 0), 255, -1)
    cv2.ellipse(body, ((223, 420), (420, 420), 0), 255, -1)
    soft = cv2.GaussianBlur(body, (0, 0), 3)[..., np.newaxis] / 255
    light = 190 + 0.25 * photograph
    return (soft * share * photograph + (1 - soft) * light).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("share", [0.02, 0.03, 0.04])
def test_a_face_against_the_light_is_found_once_it_is_brightened(share: float) -> None:
    dark = backlit(share)
    lit = out_of_backlight(dark)
    assert lit is not None
    before, after = (best_scores(picture) for picture in (dark, lit))
    assert min(before) < 0.3 and min(after) > 0.6


def test_the_light_is_dimmed_and_bodies_are_bright() -> None:
    lit = out_of_backlight(backlit(0.08))
    assert lit is not None
    assert lit[:60, :60].mean() < 130 < lit[100:150, 190:250].mean()


def test_both_pictures_are_looked_at() -> None:
    dark = backlit(0.08)
    first, *further = treated(dark)
    assert first is dark
    assert any(np.array_equal(picture, out_of_backlight(dark)) for picture in further)


@pytest.mark.parametrize("size", [(1, 1, 3), (2, 900, 3), (900, 2, 3)])
def test_any_size_is_measured(size: tuple[int, int, int]) -> None:
    assert out_of_backlight(np.full(size, 128, np.uint8)) is None
