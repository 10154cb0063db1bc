"""Mattes are white exactly where `paint` replaces samples."""

from __future__ import annotations

import av
import numpy as np
import pytest
from gate import noisy

from blur.cover.fills import make_fill
from blur.cover.layout import layout_of
from blur.cover.matte import matte
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.plan import Box
from blur.settings import CoverSettings, FillName

REGIONS = [
    Region((Box(20, 18, 14, 20, 30),), 1),
    Region((Box(60, 30, 9, 9), Box(63, 33, 9, 9)), 2, drawn=True),
    Region((Box(500, 500, 9, 9),), 3),
]


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "yuv422p10le", "yuv411p", "rgb24", "gray"])
def test_a_matte_is_white_exactly_where_covers_replace_samples(name: str) -> None:
    pictures = [noisy(name, 97, 61, np.random.default_rng(1)) for _ in range(2)]
    fills = [
        make_fill(CoverSettings(fill=FillName.SOLID, colour=colour))
        for colour in ("#000000", "#ffffff")
    ]
    black, white = (
        layout_of(name).views(paint(picture, REGIONS, fill))[0]
        for picture, fill in zip(pictures, fills, strict=True)
    )
    made = matte(av.VideoFrame(97, 61, name), REGIONS)
    assert np.array_equal(made == 255, (black != white).any(axis=2))
    assert set(np.unique(made)) == {0, 255}
