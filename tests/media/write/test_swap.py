"""Outputs take their originals' places: PyAV alone reads both, and blur's own check agrees."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import av
import pytest
from footage import RECIPES, make
from passing import facts, passed_through

from blur.data.placement import Placement
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.write.delivery import delivery_of
from blur.media.write.swap import differences
from blur.media.write.writers import open_writer, output_suffix
from blur.settings import Codec, OutputSettings, Timecode

MOV, SMALL = RECIPES["mov-keys"], {"preset": "ultrafast"}
SWAPPED = ("plain", "vfr", "b-frames", "surround", "pcm-mov", "two-sounds", "ntsc", "interlaced")
SWAPPED += ("240fps", "sound-mkv", "422-10", "odd", "mov-keys", "3gp")


@pytest.mark.parametrize("name", SWAPPED)
def test_an_output_fits_where_its_clip_was(name, tmp_path):
    recipe = RECIPES[name]
    clip = make(tmp_path / f"clip{recipe.suffix}", recipe)
    done = passed_through(clip, tmp_path, OutputSettings(**SMALL))
    assert facts(done.written.path) == facts(clip)
    assert not [note for note in done.written.notes if "place" in note]


@pytest.mark.parametrize(
    ("suffix", "codec", "made"),
    [
        (".mov", Codec.H264, ".mov"),
        (".MOV", Codec.HEVC, ".MOV"),
        (".m4v", Codec.H264, ".m4v"),
        (".mp4", Codec.H264, ".mp4"),
        (".mp4", Codec.PRORES, ".mov"),
        (".mov", Codec.DNXHR, ".mov"),
        (".mkv", Codec.FFV1, ".mkv"),
        (".mkv", Codec.H264, ".mp4"),
        (".avi", Codec.H264, ".mp4"),
    ],
)
def test_an_output_keeps_its_ending_where_its_codec_may(suffix, codec, made, tmp_path):
    info = dataclasses.replace(
        probe(make(tmp_path / "clip.mov", MOV)), path=tmp_path / f"clip{suffix}"
    )
    assert output_suffix(info, OutputSettings(codec=codec)) == made


@pytest.mark.parametrize("codec", [Codec.H264, Codec.PRORES, Codec.FFV1])
@pytest.mark.parametrize(
    ("settings", "timecode", "reel"),
    [
        ({}, None, None),
        ({"timecode": Timecode.KEEP}, "10:20:30:00", None),
        ({"timecode": Timecode.OFFSET}, "11:21:31:00", None),
        ({"timecode": Timecode.KEEP, "reel": "A001"}, "10:20:30:00", "A001"),
        ({"reel": "A001"}, "00:00:00:00", "A001"),
    ],
)
def test_start_and_tape_name_are_a_persons_word(codec, settings, timecode, reel, tmp_path):
    clip = make(tmp_path / "clip.mov", MOV)
    info, output = probe(clip), OutputSettings(codec=codec, **SMALL, **settings)
    delivery = delivery_of(info, output, placed=Placement(shift=3661))
    target = tmp_path / f"out{output_suffix(info, output)}"
    with open_reader(clip, info) as reader, open_writer(target, info, output, delivery) as writer:
        for frame in reader:
            writer.write(frame)
        writer.finish()
    with av.open(str(target)) as container:
        said = [s.metadata for s in (container, *container.streams)]
    found = {key.lower(): value for each in said for key, value in each.items()}
    assert (found.get("timecode"), found.get("reel_name")) == (timecode, reel)


def test_a_tape_name_is_carried(tmp_path):
    clip = make(tmp_path / "clip.mov", MOV)
    named = passed_through(clip, tmp_path, OutputSettings(reel="B 7", **SMALL)).written.path
    again = tmp_path / "again"
    again.mkdir()
    kept = passed_through(named, again, OutputSettings(reel="keep", **SMALL)).written.path
    left = passed_through(kept, tmp_path, OutputSettings(timecode=Timecode.KEEP, **SMALL))
    assert probe(kept).reel == "B 7" and probe(left.written.path).reel == ""


def test_what_does_not_fit_is_told(tmp_path):
    clip = probe(make(tmp_path / "clip.mov", MOV))
    other = dataclasses.replace(clip, rate=Fraction(24), audio=(), timecode="")
    delivery = delivery_of(clip, OutputSettings(timecode=Timecode.KEEP))
    told = differences([clip], other, delivery)
    assert "rate 24.000, not 25.000" in told and "timecode" in told
