"""Packed pictures come back sample for sample."""

import numpy as np
import pytest

from blur.media.packing import Packer

SIZES = [(960, 540), (539, 960), (17, 13), (960, 1), (1, 33), (1, 1)]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_packed_picture_comes_back(width: int, height: int) -> None:
    packer = Packer(width, height)
    noise = RNG.integers(0, 256, (height, width), np.uint8)
    ramp = (np.arange(width * height) // 7).astype(np.uint8).reshape(height, width)
    pictures = [noise, ramp, 0 * noise, noise | 255, np.ascontiguousarray(noise[::-1])]
    packed = [packer.pack(picture) for picture in pictures]
    # In any order: a clip's pictures are not all asked for.
    for picture, content in reversed(list(zip(pictures, packed, strict=True))):
        assert np.array_equal(packer.unpack(content), picture)


def test_a_smooth_picture_takes_less_memory() -> None:
    ramp = np.add.outer(np.arange(540) // 9, np.arange(960) // 9).astype(np.uint8)
    assert len(Packer(960, 540).pack(ramp)) < ramp.size / 4
