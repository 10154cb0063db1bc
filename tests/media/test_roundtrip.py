"""Every kind of clip, read and written uncovered: only the samples may change."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage import GPS, RECIPES, SECRET, make
from passing import decoded, heard, likeness, passed_through, planes

from blur.media.open.probe import probe
from blur.media.traces.file_traces import traces_in_file
from blur.media.traces.metadata import Kind
from blur.settings import AudioMode, Codec, OutputSettings

FAST = {"preset": "ultrafast", "audio": AudioMode.KEEP}


def seconds(frames: list[av.VideoFrame]) -> list[Fraction]:
    return [f.pts * f.time_base for f in frames]


def start_of(source: Path, pictures: list[Fraction]) -> Fraction:
    """The clip's first picture or sound in seconds of its clock."""
    starts = [start for start, _ in heard(source)]
    return min([pictures[0], *starts])


def no_secret(path: Path) -> bool:
    data = path.read_bytes()
    return not any(s.encode() in data for s in (SECRET, GPS, GPS[:9], "2024-05-06"))


@pytest.fixture(scope="module")
def source(request, tmp_path_factory) -> Path:
    recipe = RECIPES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    return make(folder / f"{request.param}{recipe.suffix}", recipe)


every_recipe = pytest.mark.parametrize("source", RECIPES, indirect=True)


@every_recipe
def test_same_frames_at_the_same_times(source, tmp_path):
    done = passed_through(source, tmp_path, OutputSettings(**FAST))
    before, after = decoded(source), decoded(done.written.path)
    assert done.written.frames == len(before) == len(after)
    if source.suffix == ".h264":  # has no clock of its own
        assert seconds(after) == [Fraction(i, 25) for i in range(len(after))]
        return
    start = start_of(source, seconds(before))
    assert seconds(after) == [time - start for time in seconds(before)]
    lasts = before[-1].duration * before[-1].time_base, after[-1].duration * after[-1].time_base
    if lasts[0]:
        assert lasts[1] == lasts[0]


@every_recipe
def test_same_look(source, tmp_path):
    done = passed_through(source, tmp_path, OutputSettings(**FAST))
    info, after = done.info, probe(done.written.path)
    assert after.orientation == info.orientation
    assert after.display_matrix == info.display_matrix
    assert after.sample_aspect_ratio == info.sample_aspect_ratio
    assert after.interlaced == info.interlaced
    bits = [av.VideoFormat(i.pix_fmt).components[0].bits for i in (info, after)]
    assert bits[1] == min(bits[0], 10)
    if not av.VideoFormat(info.pix_fmt).is_rgb and "gray" not in info.pix_fmt:
        described = (info.colour.primaries, info.colour.transfer, info.colour.matrix)
        assert described == (after.colour.primaries, after.colour.transfer, after.colour.matrix)
        assert (info.colour.range == 2) == (after.colour.range == 2)
    before, now = decoded(source)[0], decoded(done.written.path)[0]
    difference = before.to_ndarray(format="rgb24").astype(int) - now.to_ndarray(format="rgb24")
    assert np.abs(difference).mean() < 16


@every_recipe
def test_nothing_is_given_away(source, tmp_path):
    done = passed_through(source, tmp_path, OutputSettings(**FAST))
    if RECIPES[source.stem].planted:
        assert not no_secret(source)
    assert no_secret(done.written.path)
    assert traces_in_file(done.written.path).beyond(frozenset([Kind.SOUND])) == ()
    for encoder in (b"x264", b"x265", b"Lavc"):
        assert encoder not in done.written.path.read_bytes()


@every_recipe
def test_lossless_is_lossless(source, tmp_path):
    done = passed_through(source, tmp_path, OutputSettings(codec=Codec.FFV1, **FAST))
    before, after = decoded(source), decoded(done.written.path)
    assert [planes(f) for f in after] == [planes(f) for f in before]
    assert no_secret(done.written.path)
    tick = Fraction(1, 2000)
    if source.suffix != ".h264":
        start = start_of(source, seconds(before))
        pairs = zip(seconds(after), seconds(before), strict=True)
        assert all(abs(a - (b - start)) <= tick for a, b in pairs)


WITH_SOUND = [name for name, recipe in RECIPES.items() if recipe.audio]


@pytest.mark.parametrize("source", WITH_SOUND, indirect=True)
@pytest.mark.parametrize("codec", [Codec.H264, Codec.PRORES, Codec.FFV1])
def test_sound_is_kept_to_the_sample(source, codec, tmp_path):
    settings = OutputSettings(codec=codec, audio=AudioMode.KEEP)
    if codec is Codec.H264:
        settings = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
    done = passed_through(source, tmp_path, settings)
    before, after = heard(source), heard(done.written.path)
    assert len(before) == len(after)
    codecs = [track.codec for track in probe(done.written.path).audio]
    for codec, old, new in zip(codecs, before, after, strict=True):
        if codec == "aac":  # recoded, since its packets have room for anything
            assert likeness(old, new) > 0.99
            continue
        (start, samples), (new_start, new_samples) = old, new
        assert abs(start - new_start) <= Fraction(1, 1000 if "mkv" in str(source) else 48000)
        length = min(samples.shape[1], new_samples.shape[1])
        assert length >= samples.shape[1] - 1024
        assert np.abs(samples[:, :length].astype(int) - new_samples[:, :length]).max() <= 1
    assert no_secret(done.written.path)


@pytest.mark.parametrize("source", WITH_SOUND, indirect=True)
def test_sound_is_silenced_unless_asked_for(source, tmp_path):
    done = passed_through(source, tmp_path, OutputSettings(preset="ultrafast"))
    assert len(probe(done.written.path).audio) == len(probe(source).audio)
    assert not any(samples.any() for _, samples in heard(done.written.path))
    assert no_secret(done.written.path)
    assert any("voice" in what for what in done.written.dropped)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        (Codec.HEVC, ("hevc", ".mp4")),
        (Codec.PRORES, ("prores", ".mov")),
        (Codec.DNXHR, ("dnxhd", ".mov")),
        (Codec.FFV1, ("ffv1", ".mkv")),
        (Codec.MATCH, ("hevc", ".mp4")),
    ],
)
@pytest.mark.slow
def test_presets(codec, expected, tmp_path):
    recipe = RECIPES["hlg"]
    recipe = type(recipe)(**{**recipe.__dict__, "width": 256, "height": 128})
    source = make(tmp_path / "clip.mp4", recipe)
    preset = "ultrafast" if codec in (Codec.HEVC, Codec.MATCH) else None
    done = passed_through(source, tmp_path, OutputSettings(codec=codec, preset=preset))
    after = probe(done.written.path)
    assert (after.codec, done.written.path.suffix) == expected
    assert "10" in after.pix_fmt
    assert (after.colour.primaries, after.colour.transfer) == (9, 18)
    assert len(decoded(done.written.path)) == len(recipe.pts)


@pytest.mark.slow
def test_hdr10_stays_described(tmp_path):
    source = make(tmp_path / "clip.mp4", RECIPES["pq"])
    done = passed_through(source, tmp_path, OutputSettings(codec=Codec.HEVC, preset="ultrafast"))
    assert done.info.colour.mastering and done.info.colour.light == "1000,400"
    assert probe(done.written.path).colour == done.info.colour
