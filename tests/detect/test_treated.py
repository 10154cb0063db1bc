"""Ordinary pictures are looked at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import skimage.data

from blur.detect.backlight import out_of_backlight
from blur.detect.stripes import stripes_of


@pytest.mark.parametrize("way", [out_of_backlight, stripes_of])
@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "chelsea", "rocket", "gravel", "grass", "brick", "page"]
)
def test_photographs_are_left_as_they_are(name: str, way: Callable[[np.ndarray], object]) -> None:
    photograph = getattr(skimage.data, name)()
    photograph = photograph if photograph.ndim == 3 else np.stack([photograph] * 3, axis=-1)
    assert way(photograph) is None
