"""Covers that an audit sees: whether they are painted, and the picture with them flat."""

from __future__ import annotations

import av
import numpy as np
import pytest

from blur.audit.covered import flattened, is_painted
from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.arrays import Picture
from blur.data.plan import Box
from blur.settings import CoverSettings, FillName

FACE = Box(224, 118, 90, 110)
COVERS = [Region((Box(224, 110, 124, 160),), 7), Region((Box(60, 300, 50, 60),), 8)]


def painted(picture: Picture, cover: CoverSettings) -> Picture:
    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    return paint(frame, COVERS, make_fill(cover)).to_ndarray(format="rgb24")


@pytest.mark.parametrize("light", [1.0, 0.15])
@pytest.mark.parametrize("fill", [FillName.SOFT, FillName.SOLID])
def test_a_cover_is_told_from_a_face_that_nothing_covers(
    astronaut: Picture, fill: FillName, light: float
) -> None:
    cover = CoverSettings(fill=fill)
    bare = (astronaut * light).astype(np.uint8)
    noisy = painted(bare, cover) + np.random.default_rng(1).normal(0, 2, bare.shape)
    rendered = np.clip(noisy, 0, 255).astype(np.uint8)
    assert is_painted(rendered, COVERS, make_fill(cover), FACE)
    assert not is_painted(bare, COVERS, make_fill(cover), FACE)
    assert not is_painted(rendered, COVERS, make_fill(cover), Box(400, 400, 60, 60))  # no cover


@pytest.mark.parametrize("light", [1.0, 0.15])
@pytest.mark.parametrize("fill", FillName)
@pytest.mark.parametrize(
    "part",
    [np.s_[92:118, 185:220], np.s_[88:120, 180:270], np.s_[60:180, 224:275]],
    ids=["an eye", "both eyes", "half of it"],
)
def test_a_face_that_shows_in_part_of_a_cover_is_seen(
    astronaut: Picture, fill: FillName, light: float, part: tuple[slice, slice]
) -> None:
    cover = CoverSettings(fill=fill)
    bare = (astronaut * light).astype(np.uint8)
    rendered = painted(bare, cover)
    assert is_painted(rendered, COVERS, make_fill(cover), FACE)
    rendered[part] = bare[part]
    assert not is_painted(rendered, COVERS, make_fill(cover), FACE)


def test_flat_covers_have_one_colour_and_the_rest_stays(astronaut: Picture) -> None:
    flat = flattened(astronaut, COVERS)
    assert np.ptp(flat[60:150, 200:250].reshape(-1, 3), axis=0).max() == 0
    away = np.ones(flat.shape[:2], bool)
    away[20:200, 150:300] = away[260:340, 20:100] = False
    assert (flat[away] == astronaut[away]).all()
