"""Promise 1, non-interference, and promise 2, nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import gate
import numpy as np
import pytest
from gate import covered, interference, noisy, planes
from hypothesis import given, settings
from hypothesis import strategies as st

from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Covers, Region
from blur.data.plan import Box, Mark, Track
from blur.settings import CoverSettings, FillName

FILLS = {name: make_fill(CoverSettings(fill=name)) for name in FillName}
EDGED = make_fill(CoverSettings(fill=FillName.SOLID, soft_edge=0.02))

SIZES = st.tuples(st.integers(1, 97), st.integers(1, 97))

BOXES = st.builds(
    Box,
    st.floats(-30, 130),
    st.floats(-30, 130),
    st.floats(0.5, 120),
    st.floats(0.5, 120),
    st.floats(-180, 179),
)

REGIONS = st.builds(
    Region,
    st.lists(BOXES, min_size=1, max_size=3).map(tuple),
    st.integers(0, 2**31),
    drawn=st.booleans(),
    ellipse=st.booleans(),
)


@pytest.mark.parametrize("fill", [*FILLS.values(), EDGED], ids=[*FILLS, "solid, soft edge"])
@given(
    name=st.sampled_from(gate.PAINTED),
    size=SIZES,
    regions=st.lists(REGIONS, min_size=1, max_size=4),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=150, deadline=None)
def test_no_sample_depends_on_one_under_a_cover(fill, name, size, regions, seed):
    rng = np.random.default_rng(seed)
    picture = noisy(name, *size, rng)
    assert interference(fill, picture, regions, rng) == 0


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
@given(
    name=st.sampled_from(gate.PAINTED),
    size=SIZES,
    regions=st.lists(REGIONS, max_size=4),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=150, deadline=None)
def test_samples_outside_covers_keep_every_bit(fill, name, size, regions, seed):
    picture = noisy(name, *size, np.random.default_rng(seed))
    masks, before = covered(picture, regions), planes(picture)
    for mask, old, new in zip(masks, before, planes(paint(picture, regions, fill)), strict=True):
        assert (old[~mask] == new[~mask]).all()


def moving_track(frames: int, seed: int) -> Track:
    """A face that drifts, jumps, turns and grows, in and out of a 96 by 64 picture."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, (4, 3, 1, 1, 6), (frames, 5))
    steps[rng.integers(frames)] *= 6
    boxes = np.cumsum(steps, 0) + np.array([40, 30, 16, 20, 0])
    boxes[:, 2:4] = np.clip(boxes[:, 2:4], 3, 50)
    ones = np.ones(frames, np.float32)
    return Track(seed, 0, boxes.astype(np.float32), np.full(frames, Mark.DETECTED, np.uint8), ones)


@pytest.mark.parametrize("name", gate.PAINTED)
@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_no_frame_of_a_moving_track_depends_on_what_it_covers(fill, name):
    rng = np.random.default_rng(3)
    tracks = [moving_track(12, seed) for seed in (1, 2)]
    covers = Covers(tracks, [(0, 7), (7, 12)], CoverSettings(), 96, 64)
    for frame in range(12):
        assert interference(fill, noisy(name, 96, 64, rng), covers.at(frame), rng) == 0


@pytest.mark.parametrize("name", gate.PAINTED)
@pytest.mark.parametrize("fill", [gate.true_blur, gate.true_mosaic])
def test_the_gate_catches_true_blur_and_true_mosaic(fill, name):
    rng = np.random.default_rng(4)
    covers = Covers([moving_track(12, 1)], [(0, 12)], CoverSettings(), 96, 64)
    changed = [
        interference(fill, noisy(name, 96, 64, rng), covers.at(frame), rng) for frame in range(6)
    ]
    assert min(changed) > 100


@pytest.mark.parametrize("name", gate.USUAL)
def test_the_gate_catches_a_colour_taken_from_under_the_neighbouring_cover(name):
    """A fill that spares its own cover but looks under the one beside it interferes as well."""
    soft = FILLS[FillName.SOFT]

    def careless(window):
        filled = []
        for patch in window.patches:
            masks = tuple(np.zeros_like(mask) for mask in window.masks)
            for plane, mask, own in zip(window.layout.planes, masks, patch.masks, strict=True):
                mask[patch.rect.moved(window.rect).on(plane)] = own
            filled += soft(replace(window, masks=masks, patches=(patch,)))
        return filled

    rng = np.random.default_rng(5)
    pair = [Region((Box(30, 30, 24, 30),), 1), Region((Box(56, 30, 24, 30),), 2)]
    assert interference(careless, noisy(name, 96, 64, rng), pair, rng) > 0
    assert interference(soft, noisy(name, 96, 64, rng), pair, rng) == 0
