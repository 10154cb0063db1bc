"""Ordinary pictures are looked at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from detected import photograph

from blur.detect.backlight import out_of_backlight
from blur.detect.mesh import without_mesh
from blur.detect.squeezed import brought_back
from blur.detect.stripes import stripes_of

NAMES = ("astronaut", "coffee", "chelsea", "rocket", "gravel", "grass")
WAYS: dict[Callable[[np.ndarray], object], tuple[str, ...]] = {
    without_mesh: NAMES,
    out_of_backlight: (*NAMES, "brick", "page"),
    stripes_of: (*NAMES, "brick", "page"),
    brought_back: (*NAMES, "camera", "page"),
}


@pytest.mark.parametrize(
    ("way", "name"), [(way, name) for way, names in WAYS.items() for name in names]
)
def test_photographs_are_left_as_they_are(name: str, way: Callable[[np.ndarray], object]) -> None:
    assert way(photograph(name)) is None
