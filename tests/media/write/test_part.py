"""A part of a clip: exactly its frames, by their samples, and exactly its sound."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from footage import RECIPES, make
from passing import decoded, heard, planes

from blur.data.placement import Placement
from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.render.render import render
from blur.settings import AudioMode, Codec, OutputSettings, Settings, Timecode

SPANS = [(0, 7), (13, 40), (59, 60), (31, 60)]
STEADY = tuple(range(0, 60 * 512, 512))
LONG = dataclasses.replace(
    RECIPES["plain"],
    suffix=".mov",
    pts=STEADY,
    options={"g": "12", "bf": "2"},
    audio=[("pcm_s16le", 0.0)],
    timecode="10:00:00:00",
)
_VARYING = np.cumsum(np.random.default_rng(5).integers(400, 700, 60)).tolist()


def part(clip, out, span, **output):
    """Renders frames of a clip without faces; returns its pts and the output's report."""
    info = probe(clip)
    with open_reader(clip, info) as reader:
        pts = tuple(frame.pts for frame in reader)
    plan = Plan(fingerprint(clip), info.width, info.height, info.time_base, pts)
    settings = Settings(output=OutputSettings(codec=Codec.FFV1, **output))
    return pts, render(clip, plan, out, settings, placed=Placement(frames=span))


@pytest.fixture(scope="module", params=["steady", "varying"])
def clip(request, tmp_path_factory):
    pts = _VARYING if request.param == "varying" else STEADY
    recipe = dataclasses.replace(LONG, pts=tuple(pts))
    return make(tmp_path_factory.mktemp("clip") / "clip.mov", recipe)


@pytest.mark.parametrize("span", SPANS)
def test_a_part_has_exactly_its_frames_and_its_sound(clip, span, tmp_path):
    start, stop = span
    out = tmp_path / "out.mkv"
    pts, done = part(clip, out, span, audio=AudioMode.KEEP)
    before, after = decoded(clip), decoded(out)
    assert [planes(f) for f in after] == [planes(f) for f in before[start:stop]]
    times = [float((time - pts[start]) / 12800) for time in pts[start:stop]]
    assert [float(f.pts * f.time_base) for f in after] == pytest.approx(times, abs=6e-4)
    assert done.frames == stop - start and any(f"frames {start} to" in n for n in done.notes)
    (_, whole), ((begin, sound),) = heard(clip)[0], heard(out)
    first = round(Fraction(pts[start], 12800) * 48_000)
    length = min(sound.shape[1], whole.shape[1] - first)
    assert (
        begin == 0
        and abs(sound.shape[1] - 48_000 * float(Fraction(pts[stop - 1] - pts[start], 12800)))
        < 48_000 / 15
    )
    assert (sound[:, :length] == whole[:, first : first + length]).all()


def test_a_parts_timecode_is_that_of_its_first_frame(tmp_path):
    clip = make(tmp_path / "clip.mov", LONG)
    part(clip, tmp_path / "out.mkv", (30, 40), timecode=Timecode.KEEP, audio=AudioMode.NONE)
    assert probe(tmp_path / "out.mkv").timecode == "10:00:01:05"


@pytest.mark.parametrize("audio", [AudioMode.SILENCE, AudioMode.KEEP])
@pytest.mark.parametrize("span", [(13, 40), (31, 60)])
def test_a_parts_coded_sound_is_as_long_as_its_pictures(span, audio, tmp_path):
    recipe = dataclasses.replace(RECIPES["plain"], pts=STEADY, audio=[("aac", 0.0)])
    clip = make(tmp_path / "clip.mp4", recipe)
    part(clip, tmp_path / "out.mkv", span, audio=audio, mute="" if audio else "0:01-0:02")
    ((begin, sound),) = heard(tmp_path / "out.mkv")
    seconds = (span[1] - span[0]) / 25
    assert begin == 0 and sound.shape[1] / 48_000 == pytest.approx(seconds, abs=0.025)
    assert sound.any() == (audio is AudioMode.KEEP)
