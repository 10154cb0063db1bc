from __future__ import annotations

from pathlib import Path

import av
import pytest

from blur.media.open.clip_info import ClipInfo
from blur.media.open.geometry import Orientation
from blur.media.write.presets import encoder_options, preset_for
from blur.settings import Codec, OutputSettings
from blur.settings.cores import ALLOTTED_CORES


def options(pix_fmt, width, height, **settings):
    clip = ClipInfo(Path("a.mp4"), "mp4", "hevc", Orientation(width, height), pix_fmt, 0)
    output = OutputSettings(**settings)
    return encoder_options(preset_for(clip, output), clip, output, pix_fmt)


@pytest.mark.parametrize(
    ("pix_fmt", "width", "height", "speed", "lookahead"),
    [
        ("yuv420p", 1280, 720, None, 20),
        ("yuv420p", 1280, 720, "medium", None),
        ("yuv420p", 1920, 1080, "medium", 20),
        ("yuv420p", 1920, 1080, None, 20),
        ("yuv420p", 1920, 1080, "faster", None),
        ("yuv420p10le", 1920, 1080, None, 10),
        ("yuv420p", 3840, 2160, None, 6),
        ("yuv420p10le", 3840, 2160, None, 6),
        ("yuv420p10le", 3840, 2160, "veryslow", 6),
        ("yuv420p10le", 7680, 4320, None, 6),
        ("yuv420p10le", 7680, 4320, "ultrafast", None),
    ],
)
def test_the_larger_the_frames_the_fewer_an_encoder_holds(pix_fmt, width, height, speed, lookahead):
    found = options(pix_fmt, width, height, preset=speed).get("rc-lookahead")
    assert found == (lookahead and str(lookahead))


@pytest.mark.parametrize("speed", [None, "medium"])
def test_x264_holds_no_b_frames_of_4k_to_predict_from(speed):
    assert options("yuv420p10le", 3840, 2160, preset=speed)["b-pyramid"] == "none"
    assert "b-pyramid" not in options("yuv420p10le", 1920, 1080, preset=speed)


def test_x265_is_told_its_own_way():
    found = options("yuv420p10le", 3840, 2160, codec=Codec.HEVC)
    assert "rc-lookahead=6" in found["x265-params"].split(":")
    assert "rc-lookahead" not in found


def test_x265_takes_no_more_threads_than_its_process_has_cores(monkeypatch):
    assert "pools" not in options("yuv420p", 64, 48, codec=Codec.HEVC)["x265-params"]
    monkeypatch.setenv(ALLOTTED_CORES, "1")
    assert "pools=1" in options("yuv420p", 64, 48, codec=Codec.HEVC)["x265-params"].split(":")


def test_a_key_frame_stands_every_two_seconds():
    assert options("yuv420p", 64, 48)["g"] == "50"


def test_presets_look_ahead_as_far_as_x264_says(tmp_path):
    """x264 writes the look-ahead of its default preset into a stream."""
    with av.open(tmp_path / "a.h264", "w") as container:
        stream = container.add_stream("libx264", 25, options={"preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for picture in (av.VideoFrame(64, 48, "yuv420p"), None):
            container.mux(stream.encode(picture))
    assert b"rc_lookahead=40" in (tmp_path / "a.h264").read_bytes()
