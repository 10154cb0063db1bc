from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from footage import ORIENTATIONS, RECIPES, Recipe, picture

from blur.media.open.clip_info import ClipInfo, Colour
from blur.media.open.geometry import Orientation
from blur.media.open.small_pictures import display_gray, display_rgb
from blur.media.write.pixel_formats import Conversion
from blur.media.write.presets import preset_for, sample_format
from blur.settings import Codec, OutputSettings

FORMATS = ["yuv420p", "yuvj420p", "nv12", "yuv420p10le", "yuv422p10le", "yuv444p", "rgb24", "gray"]


@pytest.mark.parametrize("pix_fmt", FORMATS)
@pytest.mark.parametrize("name", [None, *ORIENTATIONS])
def test_pictures_to_look_at_are_upright_and_in_colour(pix_fmt, name):
    frame = picture(Recipe(width=96, height=64), 3).reformat(format=pix_fmt)
    plain = frame.to_ndarray(format="rgb24").astype(int)
    orientation = Orientation(96, 64)
    if name is not None:
        orientation = Orientation.from_matrix(96, 64, ORIENTATIONS[name])
    shown = display_rgb(frame, orientation, orientation.width, orientation.height)
    assert shown.dtype == np.uint8 and shown.flags.c_contiguous
    assert np.abs(shown - orientation.to_display(plain)).mean() < 3
    gray = display_gray(frame, orientation, orientation.width, orientation.height)
    assert gray.shape == shown.shape[:2] and gray.flags.c_contiguous
    luma = orientation.to_display(frame.to_ndarray(format="gray").astype(int))
    assert np.abs(gray - luma).mean() < 3


def test_scaling_keeps_the_mean():
    frame = picture(Recipe(width=320, height=240), 3)
    small = display_rgb(frame, Orientation(320, 240), 40, 30)
    assert small.shape == (30, 40, 3)
    whole = frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(0)
    assert np.abs(small.reshape(-1, 3).mean(0) - whole).max() < 4


def luma(picture: av.VideoFrame) -> np.ndarray:
    plane = picture.planes[0]
    bits = picture.format.components[0].bits
    kind = np.uint8 if bits == 8 else np.uint16
    rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)
    shift = 6 if picture.format.name.startswith("p010") else 0
    return rows[:, : picture.width].astype(int) >> shift


def info(pix_fmt: str, width: int = 64, height: int = 48) -> ClipInfo:
    return ClipInfo(Path("clip.mov"), "mov", "h264", Orientation(width, height), pix_fmt, 1)


@pytest.mark.parametrize(
    ("codec", "source", "target"),
    [
        (Codec.H264, "yuv420p", "yuv420p"),
        (Codec.H264, "yuvj420p", "yuvj420p"),
        (Codec.H264, "yuv420p10le", "yuv420p10le"),
        (Codec.H264, "p010le", "yuv420p10le"),
        (Codec.H264, "gray", "yuvj420p"),
        (Codec.H264, "gray10le", "yuv420p10le"),
        (Codec.H264, "bgra", "yuv420p"),
        (Codec.H264, "pal8", "yuv420p"),
        (Codec.H264, "yuv422p12le", "yuv422p10le"),
        (Codec.H264, "yuv411p", "yuv422p"),
        (Codec.HEVC, "yuv420p12le", "yuv420p12le"),
        (Codec.PRORES, "yuv420p", "yuv422p10le"),
        (Codec.PRORES, "yuv444p", "yuv444p10le"),
        (Codec.DNXHR, "yuv420p", "yuv422p"),
        (Codec.DNXHR, "yuv420p10le", "yuv422p10le"),
        (Codec.FFV1, "yuv411p", "yuv411p"),
        (Codec.FFV1, "nv12", "yuv420p"),
        (Codec.FFV1, "bgra", "bgra"),
    ],
)
def test_the_nearest_sample_format(codec, source, target):
    clip = info(source)
    assert sample_format(clip, preset_for(clip, OutputSettings(codec=codec))) == target


@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC])
def test_odd_sizes_keep_their_geometry(codec):
    clip = info("yuv420p", 63, 47)
    assert "444" in sample_format(clip, preset_for(clip, OutputSettings(codec=codec)))


@pytest.mark.parametrize(
    ("source", "target", "exact"),
    [
        ("gray", "yuvj420p", True),
        ("gray10le", "yuv420p10le", True),
        ("yuvj420p", "yuv420p", True),
        ("nv12", "yuv420p", True),
        ("p010le", "yuv420p10le", True),
        ("yuv420p", "yuv444p", True),
        ("rgb24", "gbrp", True),
        ("yuv420p", "yuv422p10le", False),
    ],
)
def test_luma_survives_conversion(source, target, exact):
    frame = picture(RECIPES["plain"], 4).reformat(format=source)
    full = 2 if source.startswith(("yuvj", "gray")) else 1
    frame.color_range = full
    colour = Colour(1, 1, 1, full)
    out = Conversion(source, target, colour, full_range=True).apply(frame)
    assert out.format.name == target

    if target == "gbrp":
        assert (out.to_ndarray(format="rgb24") == frame.to_ndarray()).all()
    elif exact:
        assert (luma(out) == luma(frame)).all()
    else:
        assert np.abs(luma(out) - 4 * luma(frame)).max() <= 4


@pytest.mark.parametrize(
    ("target", "black", "white"), [("yuv422p10le", 64, 940), ("yuv422p", 16, 235)]
)
def test_full_range_becomes_limited_where_the_codec_has_no_other(target, black, white):
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[:, 32:] = 255
    frame = av.VideoFrame.from_ndarray(rgb).reformat(format="yuvj420p")
    frame.color_range, frame.colorspace = 2, 1
    conversion = Conversion("yuvj420p", target, Colour(1, 1, 1, 2), full_range=False)
    out = conversion.apply(frame)
    assert conversion.colour.range == out.color_range == 1
    assert set(np.unique(luma(out))) == {black, white}


def test_pq_is_shown_as_bright_as_it_is_meant():
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 148, np.uint8))  # 203 cd/m2
    frame.color_trc = 16
    shown = display_rgb(frame, Orientation(64, 48), 64, 48)
    assert shown.min() >= 252
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 0, np.uint8))
    frame.color_trc = 16
    assert display_rgb(frame, Orientation(64, 48), 64, 48).max() == 0
