"""Pictures of 4K on a single core: none is decoded ahead, and the output is the same."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from made_output import track
from numbered import film

from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.render import render as rendering
from blur.settings import Settings
from blur.settings.cores import ALLOTTED_CORES

SIZE = 320, 240
MS = Fraction(1, 1000)
PTS = tuple(range(0, 800, 40))


def test_on_one_core_a_large_picture_is_decoded_when_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "a.mp4"
    film(clip, PTS, MS, SIZE)
    base = probe(clip).time_base
    pts = tuple(round(time * MS / base) for time in PTS)
    plan = Plan(fingerprint(clip), *SIZE, base, pts, (), (track(1, 0, 20, 100, 80, 60),))
    asked: list[int] = []
    ahead = rendering.ahead

    def counted(frames, depth):
        asked.append(depth)
        return ahead(frames, depth)

    monkeypatch.setattr(rendering, "ahead", counted)
    made = {}
    for cores, large in ((1, 10**9), (1, 0), (2, 0)):
        monkeypatch.setenv(ALLOTTED_CORES, str(cores))
        monkeypatch.setattr(rendering, "_LARGE", large)
        out = tmp_path / f"{cores}-{large}.mp4"
        made[cores, large] = rendering.render(clip, plan, out, Settings()).sha256
    assert asked == [rendering.AHEAD, 1]
    assert made[1, 0] == made[1, 10**9]
