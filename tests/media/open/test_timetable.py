"""A timetable holds the times that decoding gives, or there is none."""

from fractions import Fraction
from pathlib import Path

import pytest
from footage import Recipe, make

from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.open.timetable import Timetable, timetable

UNEVEN = tuple(512 * i + 100 * (i % 3) for i in range(40))


def table(path: Path) -> Timetable | None:
    return timetable(path, probe(path), lambda packets: None)


def read(path: Path) -> Timetable:
    with open_reader(path, probe(path)) as reader:
        frames = [(frame.pts, frame.picture.key_frame) for frame in reader]
    pts = [pts for pts, _ in frames]
    return Timetable(pts, [index for index, (_, key) in enumerate(frames) if key])


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(pts=UNEVEN, options={"g": "10", "bf": "3"}),
        Recipe(pts=UNEVEN, suffix=".mkv", time_base=Fraction(1, 1000), options={"g": "7"}),
        Recipe(pts=UNEVEN, codec="libx265", options={"x265-params": "keyint=9:log-level=none"}),
        Recipe(pts=UNEVEN, suffix=".mov", codec="prores_ks", pix_fmt="yuv422p10le"),
        Recipe(pts=UNEVEN, muxer={"movflags": "frag_keyframe"}, options={"g": "10"}),
        Recipe(suffix=".ts", time_base=Fraction(1, 90000), options={"g": "5", "bf": "2"}),
    ],
    ids=lambda recipe: f"{recipe.codec}{recipe.suffix}",
)
def test_it_is_what_the_reader_gives(tmp_path, recipe):
    clip = make(tmp_path / f"a{recipe.suffix}", recipe)
    assert table(clip) == read(clip)


def test_none_where_frames_are_missing(tmp_path):
    clip = make(tmp_path / "a.mp4", Recipe(pts=UNEVEN, muxer={"movflags": "+faststart"}))
    clip.write_bytes(clip.read_bytes()[:-300])
    assert table(clip) is None


def test_none_where_packets_have_no_times(tmp_path):
    clip = make(tmp_path / "a.h264", Recipe())
    assert table(clip) is None


def test_none_for_a_still(tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    assert table(tmp_path / "a.png") is None
