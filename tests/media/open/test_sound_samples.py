"""Sound for the ear: at the time of its pictures, alike from wherever it is begun."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from footage import Recipe, make
from passing import heard

from blur.media.open.probe import probe
from blur.media.open.sound_samples import RATE, mixed

CLIPS = {
    "aac": Recipe(pts=tuple(range(0, 100 * 512, 512)), audio=[("aac", 0)]),
    "late pictures": Recipe(pts=tuple(range(6400, 6400 + 100 * 512, 512)), audio=[("aac", 0)]),
    "late sound": Recipe(pts=tuple(range(0, 100 * 512, 512)), audio=[("aac", 0.3)]),
    "opus": Recipe(
        ".mkv", time_base=Fraction(1, 1000), pts=tuple(range(0, 4000, 40)), audio=[("libopus", 0)]
    ),
    "pcm": Recipe(".mov", pts=tuple(range(0, 100 * 512, 512)), audio=[("pcm_s16le", 0)]),
    "two tracks": Recipe(
        ".mov", pts=tuple(range(0, 100 * 512, 512)), audio=[("pcm_s16le", 0), ("pcm_s16le", 0.5)]
    ),
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_part_is_that_of_the_whole(tmp_path, name):
    recipe = CLIPS[name]
    clip = make(tmp_path / f"a{recipe.suffix}", recipe)
    info = probe(clip)
    whole = mixed(info, 0, 4 * RATE)
    wanted = np.zeros_like(whole)
    for start, samples in heard(clip):  # as PyAV alone decodes it
        first = round((start + info.shift * info.time_base) * RATE)
        part = samples[:, max(0, -first) : 4 * RATE - first] / 32768
        wanted[:, max(0, first) : max(0, first) + part.shape[1]] += part
    assert np.abs(whole - wanted).max() < 2e-4
    for start in (0, 1, 70_000, 100_001):
        part = mixed(info, start, start + 50_000)
        slips = (
            range(-30, 31) if name == "opus" and start > RATE else [0]
        )  # a clock of milliseconds
        ours = (part[:, 100:-100] - whole[:, start + 100 + n : start + 49_900 + n] for n in slips)
        assert min(np.abs(rest).max() for rest in ours) < 1e-3, start


def test_a_clip_without_sound_is_silent(tmp_path):
    info = probe(make(tmp_path / "a.mp4", Recipe()))
    assert not mixed(info, 0, 1000).any()
