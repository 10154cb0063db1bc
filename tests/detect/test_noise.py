"""A sensor's noise is measured, and calmed before detectors look."""

import numpy as np
import pytest
import skimage.data

from blur.detect.centerface import CenterFace
from blur.detect.noise import NOISY, noise, without_noise
from blur.detect.yunet import YuNet


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, sigma, (*picture.shape[:2], 1))
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [2, 5, 10, 20])
def test_noise_over_a_gradient_is_measured(sigma: int) -> None:
    ramp = np.linspace(60, 180, 640)[np.newaxis, :, np.newaxis].repeat(360, 0).repeat(3, 2)
    assert noise(noisy(ramp, sigma)) == pytest.approx(sigma, rel=0.1, abs=0.3)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_photographs_are_left_as_they_are(name: str) -> None:
    photograph = getattr(skimage.data, name)()
    assert noise(photograph) < NOISY
    assert without_noise(photograph) is photograph


@pytest.mark.parametrize("detector", [YuNet, CenterFace])
def test_a_face_in_noise_is_found_once_it_is_calmed(detector: type[YuNet | CenterFace]) -> None:
    grainy = noisy(0.2 * skimage.data.astronaut() + 60, 20)
    before, after = (
        detector(threads=1).detect([picture], 0.05)[0].scores.max(initial=0)
        for picture in (grainy, without_noise(grainy))
    )
    assert before < 0.3 and after > 0.8


def test_a_picture_smaller_than_a_block_is_left() -> None:
    tiny = noisy(np.full((20, 20, 3), 128), 30)
    assert without_noise(tiny) is tiny
