"""Rendering again what a seek would give otherwise than scanned: equal to rendering it whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from footage import RECIPES, make

from blur.data.plan import Box, Plan, Track
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.render.again import Earlier, render_again
from blur.render.render import open_source, render
from blur.settings import Codec, OutputSettings, ScanSettings, Settings

CHANGED = [6, 7]


def damaged(path: Path) -> Path:
    recipe = dataclasses.replace(
        RECIPES["plain"], width=160, height=120, options={"g": "4", "bf": "0"}
    )
    content = bytearray(make(path, recipe).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    return path


def interlaced(path: Path) -> Path:
    return make(path, RECIPES["interlaced"])


@pytest.mark.parametrize("made", [damaged, interlaced])
def test_damaged_and_deinterlaced_clips_are_encoded_again_only_where_covers_changed(
    tmp_path: Path, made: Callable[[Path], Path]
) -> None:
    clip = made(tmp_path / "clip.mp4")
    settings = Settings(
        scan=ScanSettings(max_damaged=12),
        output=OutputSettings(codec=Codec.FFV1, deinterlace=made is interlaced),
    )
    info = probe(clip)
    with open_source(clip, info, settings) as reader:
        pts = tuple(frame.pts for frame in reader)
    before = Plan(fingerprint(clip), info.width, info.height, info.time_base, pts)
    boxes = np.array([Box(32, 24, 24, 24)] * len(CHANGED), np.float32)
    after = before.with_tracks([Track.unseen(1, CHANGED[0], boxes, "audit")], [])
    out, whole = tmp_path / "out.mkv", tmp_path / "whole.mkv"
    first = render(clip, before, out, settings)
    assert bool(first.damaged) is (made is damaged)

    encoded: list[int] = []
    render_again(
        clip,
        after,
        out,
        settings,
        None,
        lambda stage, done, total: encoded.append(done - 1),
        Earlier(out, before, first),
    )
    assert encoded == CHANGED
    render(clip, after, whole, settings)
    assert all(map(np.array_equal, shown(out), shown(whole)))


def shown(path: Path) -> list[np.ndarray]:
    with open_reader(path, probe(path)) as reader:
        return [frame.picture.to_ndarray() for frame in reader]
