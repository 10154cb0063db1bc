"""An audit sees a face that shows between two looks; covers and the camera surprise nobody."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from filming import filmed, photograph, shaken
from glimpsed import AT, film

from blur.audit.audit import audit
from blur.audit.itinerary import long_frames
from blur.audit.watch import Watch
from blur.data.arrays import Gray, Picture
from blur.data.plan import Plan
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.settings import Settings

FRAMES = 24
PLACE = np.s_[60:95, 300:326]


def bare(clip: Path, times: list[int]) -> Plan:
    """A plan without covers, of a clip whose times are in milliseconds."""
    info = probe(clip)
    ticks = [round(Fraction(t, 1000) / info.time_base) for t in times]
    return Plan(fingerprint(clip), info.width, info.height, info.time_base, tuple(ticks))


def seen(clip: Path, times: list[int]) -> set[int]:
    """The frames on which an audit sees the face."""
    found = audit(clip, bare(clip, times), Settings()).residuals
    assert all(np.hypot(r.box.cx - AT[0], r.box.cy - AT[1]) < 40 for r in found)
    return {r.frame for r in found}


@pytest.mark.slow
@pytest.mark.parametrize(("turn", "shown"), [(0, {15}), (1, {16, 17}), (2, {15})])
def test_a_face_between_two_looks_is_seen(
    tmp_path: Path, astronaut: Picture, turn: int, shown: set[int]
) -> None:
    clip, times = tmp_path / "clip.mp4", [frame * 1000 // 30 for frame in range(FRAMES)]
    film(clip, astronaut, shown, 60, turn, times)
    found = seen(clip, times)
    assert found and found <= shown


def test_frames_that_are_shown_long_are_looked_at() -> None:
    assert long_frames([0, 40, 140, 180, 1180, 1220], Fraction(1, 1000)) == [1, 3]


def glances(pictures: list[Gray], covered: bool = False) -> set[int]:
    rows, columns = PLACE
    left, right, top, bottom = columns.start, columns.stop, rows.start, rows.stop
    outline = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    grown = outline + np.sign(outline - outline.mean(0)) * 6
    watch = Watch(1.0, lambda frame: [grown] if covered else [])
    found = [
        glance for frame, picture in enumerate(pictures) for glance in watch.add(frame, picture)
    ]
    found += watch.finish()
    assert all(np.array_equal(glance.gray, pictures[glance.frame]) for glance in found)
    return {glance.frame for glance in found}


def test_covers_surprise_nobody() -> None:
    pictures = filmed(photograph(3), shaken(np.random.default_rng(1), FRAMES))
    assert glances(pictures) == set()
    pictures[16] = pictures[16].copy()
    pictures[16][PLACE] = photograph(5)[PLACE]
    assert glances(pictures) == {16}
    assert glances(pictures, covered=True) == set()


def test_motion_that_cannot_be_measured_is_told() -> None:
    watch = Watch(1.0, lambda frame: [])
    blind = []
    for number in (1, 1, 2, 2):
        list(watch.add(len(blind), photograph(number)[:270, :480]))
        blind.append(watch.blind)
    assert blind == [False, False, True, False]
