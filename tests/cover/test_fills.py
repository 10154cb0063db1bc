from __future__ import annotations

import av
import gate
import numpy as np
import pytest
from gate import covered, noisy

from blur.cover.fills import make_fill
from blur.cover.grain import noise
from blur.cover.layout import layout_of
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.plan import Box
from blur.settings import CoverSettings, FillName

SOFT, MOSAIC = (make_fill(CoverSettings(fill=f)) for f in (FillName.SOFT, FillName.MOSAIC))
FACE = Region((Box(64, 48, 40, 54),), 1)
PLAIN = Region((Box(64, 48, 40, 54),), 1, drawn=True)
"""Without a head's shading."""


def luma(picture):
    return layout_of(picture.format.name).views(picture)[0][..., 0].astype(float)


def grey(values, name="yuv420p"):
    """A picture whose luma (or only plane) is `values` in 8-bit steps."""
    height, width = np.shape(values)
    picture = av.VideoFrame(width, height, name)
    layout = layout_of(name)
    for view in layout.views(picture):
        view[...] = round(128 * layout.unit)
    layout.views(picture)[0][...] = np.round(values * layout.unit)[..., None]
    return picture


@pytest.mark.parametrize("name", gate.PAINTED)
@pytest.mark.parametrize("colour", ["#c04020", "#ffffff", "#000000", "#2050d0"])
def test_solid_is_the_asked_colour_in_every_format(name, colour):
    solid = make_fill(CoverSettings(fill=FillName.SOLID, colour=colour))
    picture = noisy(name, 32, 32, np.random.default_rng(0))
    if name == "gray" or name.startswith("ya") or "gray" in name:
        colour = "#{0}{0}{0}".format(
            format(
                round(
                    0.2126 * int(colour[1:3], 16)
                    + 0.7152 * int(colour[3:5], 16)
                    + 0.0722 * int(colour[5:], 16)
                ),
                "02x",
            )
        )
    painted = paint(picture, [Region((Box(16, 16, 90, 90),), 1)], solid)
    shown = painted.reformat(
        format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709"
    ).to_ndarray()
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(shown.reshape(-1, 3).astype(int) - wanted).max() <= 3


@pytest.mark.parametrize("fill", [SOFT, MOSAIC])
@pytest.mark.parametrize("name", gate.USUAL)
def test_in_even_surroundings_a_cover_is_even(fill, name):
    picture = grey(np.full((96, 128), 90.0), name)
    layout = layout_of(name)
    painted = luma(paint(picture, [PLAIN], fill)) / layout.unit
    assert np.abs(painted - 90).max() < 6
    assert painted.mean() == pytest.approx(90, abs=0.6)


def test_soft_meets_its_surroundings_without_a_seam():
    x, y = np.meshgrid(np.linspace(30, 200, 128), np.linspace(0, 30, 96))
    picture = grey(x + y)
    before = luma(picture).copy()
    mask = covered(picture, [FACE])[0]
    after = luma(paint(picture, [FACE], SOFT))
    edge = mask & ~np.roll(mask, 2, 0) | mask & ~np.roll(mask, -2, 0)
    assert np.abs(after - before)[edge].mean() < 4
    assert np.abs(after - before)[mask].mean() < 12


def test_soft_holds_no_edge_of_its_surroundings():
    stripes = np.where(np.arange(128) % 16 < 8, 40.0, 200.0) + np.zeros((96, 1))
    picture = grey(stripes)
    mask = covered(picture, [FACE])[0]
    after = luma(paint(picture, [FACE], SOFT))
    steps = np.abs(np.diff(after, axis=1))
    inner = mask & (np.hypot(*(np.indices(mask.shape) - [[[48]], [[64]]])) < 14)
    assert steps[inner[:, 1:]].max() < 12


@pytest.mark.parametrize("sigma", [0.5, 1.5, 4])
@pytest.mark.parametrize("name", ["gray", "gray10le", "p010le"])
def test_soft_has_the_grain_of_its_surroundings(sigma, name):
    rng = np.random.default_rng(3)
    picture = grey(rng.normal(120, sigma, (192, 256)), name)
    layout = layout_of(name)
    face = Region((Box(128, 96, 100, 120),), 1, drawn=True)
    mask = covered(picture, [face])[0]
    measured = noise(layout.views(picture)[0], mask.astype(np.uint8) * 255, layout)
    assert measured / layout.unit == pytest.approx(sigma, rel=0.25)
    inside = luma(paint(picture, [face], SOFT))[60:130, 90:160] / layout.unit
    assert inside.std() == pytest.approx(sigma, rel=0.35)


def test_texture_is_not_taken_for_grain():
    checks = np.indices((96, 128)).sum(0) // 6 % 2 * 120.0 + 60
    picture = grey(checks + np.random.default_rng(0).normal(0, 1, checks.shape))
    layout = layout_of("yuv420p")
    assert noise(layout.views(picture)[0], np.zeros((96, 128), np.uint8), layout) < 2


@pytest.mark.parametrize("fill", [SOFT, MOSAIC])
def test_two_equal_frames_are_covered_alike(fill):
    """Nothing in a cover moves unless its surroundings or its track do."""
    rng = np.random.default_rng(1)
    picture = noisy("yuv420p", 128, 96, rng, smooth=True)
    twin = gate.copied(picture)
    first, second = (gate.planes(paint(p, [FACE], fill)) for p in (picture, twin))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_mosaic_moves_with_its_face_and_keeps_its_pattern():
    still = noisy("gray", 256, 192, np.random.default_rng(2), smooth=True)
    luma_of_still = layout_of("gray").views(still)[0]
    luma_of_still[...] = 100 + luma_of_still // 8
    moved = gate.copied(still)
    a = luma(paint(still, [Region((Box(100, 90, 60, 80),), 5)], MOSAIC))[70:110, 80:120]
    b = luma(paint(moved, [Region((Box(116, 90, 60, 80),), 5)], MOSAIC))[70:110, 96:136]
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9
    other = gate.copied(still)
    c = luma(paint(other, [Region((Box(100, 90, 60, 80),), 6)], MOSAIC))[70:110, 80:120]
    assert np.corrcoef(a.ravel(), c.ravel())[0, 1] < 0.7


@pytest.mark.parametrize("fill", [SOFT, MOSAIC])
@pytest.mark.parametrize("name", gate.USUAL)
def test_with_nothing_left_around_it_a_cover_is_grey(fill, name):
    picture = noisy(name, 64, 48, np.random.default_rng(0))
    painted = paint(picture, [Region((Box(32, 24, 300, 300),), 1)], fill)
    shown = painted.reformat(format="gray", dst_color_range="JPEG").to_ndarray()
    assert shown.mean() == pytest.approx(0x70, abs=8)


def test_covers_that_touch_agree_where_they_meet():
    picture = noisy("gray", 256, 192, np.random.default_rng(4), smooth=True)
    pair = [Region((Box(100, 96, 70, 90),), 1), Region((Box(160, 96, 70, 90),), 2)]
    painted = luma(paint(picture, pair, SOFT))
    steps = np.abs(np.diff(painted[80:112, 110:150], axis=1))
    assert steps.max() < 8


@pytest.mark.parametrize("name", gate.USUAL)
def test_a_soft_edge_fades_outside_the_covered_area_and_changes_nothing_further_off(name):
    """At 1000 pixels an edge of .02 is 20 pixels wide."""
    picture = grey(np.full((1000, 1000), 200.0), name)
    region, unit = Region((Box(500, 500, 200, 200),), 1, drawn=True), layout_of(name).unit
    hard = luma(paint(gate.copied(picture), [region], solid(0.0)))[500] / unit
    soft = luma(paint(gate.copied(picture), [region], solid(0.02)))[500] / unit
    under = hard < 100
    assert (soft[under] == hard[under]).all()
    last = np.flatnonzero(under)[-1]
    ramp = soft[last + 1 : last + 20]
    assert (np.diff(ramp) >= 0).all() and ramp[0] < hard[last] + 20 and ramp[-1] > 190
    assert (soft[last + 21 :] == hard[last + 21 :]).all()


def solid(edge):
    return make_fill(CoverSettings(fill=FillName.SOLID, colour="#000000", soft_edge=edge))


def test_soft_edges_leave_the_neighbouring_cover_alone():
    picture = grey(np.full((1000, 1000), 200.0))
    pair = [Region((Box(x, 500, 100, 100),), i, drawn=True) for i, x in enumerate((450, 560))]
    assert luma(paint(picture, pair, solid(0.02)))[500, 401:499].max() < 20
    assert luma(picture)[500, 511:609].max() < 20
