from __future__ import annotations

import av
import gate
import numpy as np
import pytest
from av.video.format import names

from blur.cover.layout import layout_of, paintable

HELD_IN_MEMORY = sorted(name for name in names if av.VideoFormat(name).components)


@pytest.mark.parametrize("name", HELD_IN_MEMORY)
def test_every_format_has_one_that_can_be_painted(name):
    assert layout_of(paintable(name))


@pytest.mark.parametrize(
    "name",
    [
        "yuv420p",
        "yuvj420p",
        "yuv420p10le",
        "yuv420p12le",
        "nv12",
        "nv21",
        "p010le",
        "yuv422p",
        "yuv422p10le",
        "yuv444p",
        "yuv444p12le",
        "rgb24",
        "bgr24",
        "rgba",
        "bgra",
        "gbrp",
        "gbrp10le",
        "gray",
        "gray10le",
        "yuv411p",
        "yuva444p",
    ],
)
def test_what_cameras_and_decoders_give_is_painted_in_place(name):
    assert paintable(name) == name


def test_a_picture_on_a_graphics_card_is_refused():
    with pytest.raises(ValueError, match="cuda"):
        paintable("cuda")


def test_views_reach_every_sample_and_no_padding():
    odd = av.VideoFrame(33, 17, "nv12")
    assert [view.shape for view in layout_of("nv12").views(odd)] == [(17, 33, 1), (9, 17, 2)]
    picture = av.VideoFrame(34, 18, "nv12")
    luma, chroma = layout_of("nv12").views(picture)
    luma[...] = 77
    chroma[...] = (90, 200)
    expected = np.concatenate([np.full(34 * 18, 77), np.tile([90, 200], 17 * 9)])
    assert (picture.to_ndarray().ravel() == expected).all()


def test_samples_of_p010_stand_in_the_high_bits():
    layout = layout_of("p010le")
    assert (layout.bits, layout.shift, layout.top, layout.unit) == (10, 6, 0xFFC0, 256)


@pytest.mark.parametrize(
    "name",
    [
        "yuv420p10be",
        "yuv422p10be",
        "p010be",
        "gray16be",
        "gbrp12be",
        "rgb48be",
        "yuyv422",
        "uyvy422",
        "y210le",
        "nv20le",
        "x2rgb10le",
        "ayuv",
        "v30xle",
        "xv36le",
    ],
)
def test_what_cannot_be_painted_in_place_is_converted_without_loss(name):
    colours = gate.noisy("rgb24", 32, 16, np.random.default_rng(2))
    source = colours.reformat(format=name)
    assert paintable(name) != name
    there_and_back = source.reformat(format=paintable(name)).reformat(format=name)
    for before, after in zip(source.planes, there_and_back.planes, strict=True):
        assert bytes(before) == bytes(after)
