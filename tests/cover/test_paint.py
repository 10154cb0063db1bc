from __future__ import annotations

from fractions import Fraction

import av
import cv2
import gate
import numpy as np
import pytest
from gate import noisy, planes

from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.plan import Box
from blur.settings import CoverSettings, FillName

SOLID = make_fill(CoverSettings(fill=FillName.SOLID, colour="#ffffff"))
FACE = Region((Box(60, 60, 30, 30),), 1)


def moving_texture(frames):
    """Frames that a codec must predict from each other: one texture sliding past."""
    rng = np.random.default_rng(0)
    large = cv2.GaussianBlur(rng.integers(0, 255, (300, 400)).astype(np.float32), (0, 0), 3)
    large = cv2.normalize(large, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    for i in range(frames):
        part = large[3 * i : 3 * i + 120, 4 * i : 4 * i + 160]
        yield av.VideoFrame.from_ndarray(cv2.merge([part] * 3), format="rgb24")


@pytest.fixture(params=["0", "1"], ids=["no B-frames", "B-frames"])
def clip(request, tmp_path):
    path = tmp_path / "predicted.mp4"
    options = {"crf": "10", "x264-params": f"bframes={request.param}:ref=5:scenecut=0:keyint=99"}
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for picture in [*moving_texture(24), None]:
            container.mux(stream.encode(picture))
    return path


def decoded(path, change):
    with av.open(path) as container:
        container.streams.video[0].thread_type = "NONE"
        return [planes(change(picture)) for picture in container.decode(video=0)]


def test_painting_a_decoded_frame_leaves_the_decoders_references_alone(clip):
    mask = gate.covered(av.VideoFrame(160, 120, "yuv420p"), [FACE])[0]

    def in_the_decoders_own_buffer(picture):
        raw = picture.planes[0]
        np.frombuffer(memoryview(raw), np.uint8).reshape(-1, raw.line_size)[40:80, 40:80] = 255
        return picture

    def differing(change):
        pairs = zip(decoded(clip, lambda picture: picture), decoded(clip, change), strict=True)
        return sum(int((a[0] != b[0])[~mask].sum()) for a, b in pairs)

    assert differing(lambda picture: paint(picture, [FACE], SOLID)) == 0
    assert differing(in_the_decoders_own_buffer) > 0  # or this test shows nothing


def test_a_picture_without_covers_is_the_same_object():
    picture = noisy("yuv420p", 64, 48, np.random.default_rng(0))
    assert paint(picture, [], SOLID) is picture
    assert paint(picture, [Region((Box(-500, 0, 9, 9),), 1)], SOLID) is picture


def test_time_and_colour_stay_with_the_covered_picture():
    picture = noisy("yuv420p10le", 128, 96, np.random.default_rng(0))
    picture.pts, picture.time_base = 12345, Fraction(1, 90000)
    picture.colorspace, picture.color_range = 9, 2
    painted = paint(picture, [FACE], SOLID)
    assert (painted.pts, painted.time_base) == (12345, picture.time_base)
    assert (int(painted.colorspace), int(painted.color_range)) == (9, 2)


def test_full_and_limited_range_have_their_own_white():
    for full, white in ((1, 235), (2, 255)):
        picture = noisy("yuv420p", 128, 96, np.random.default_rng(0))
        picture.color_range = full
        assert planes(paint(picture, [FACE], SOLID))[0][60, 60, 0] == white


@pytest.mark.parametrize("regions", [[], [FACE]])
def test_a_format_that_cannot_be_painted_comes_back_in_one_that_can(regions):
    picture = noisy("yuv422p", 128, 96, np.random.default_rng(0)).reformat(format="uyvy422")
    picture.pts = 7
    painted = paint(picture, regions, SOLID)
    assert painted.format.name == "yuv422p"
    assert painted.pts == 7


def test_black_parts_are_covered_in_black_whatever_shines_beside_them():
    """A film of the night with lamp-coloured covers would be lost, and would point at them."""
    picture = np.full((120, 160, 3), 9, np.uint8)
    picture[:40, :40] = 255
    dark = Region((Box(100, 60, 120, 120),), 1, drawn=True, dark=True)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    shown = paint(frame, [dark], make_fill(CoverSettings())).to_ndarray()
    assert (shown[:, 40:] == 0).all() and (shown[:40, :36] == 255).all()
