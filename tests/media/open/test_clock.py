"""Clocks that start again or jump: appended recordings, cells of a DVD."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import pytest
from footage import Recipe, make
from passing import decoded, heard, passed_through

from blur.media.open.clock import Beat, Move, course
from blur.media.open.probe import probe
from blur.media.open.read import Reader
from blur.media.open.seek import Seeker, glimpses
from blur.media.open.timetable import timetable
from blur.settings import AudioMode, OutputSettings

FAST = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
TICK = Fraction(1, 90000)
PICTURES = 12


def beats(stream: int, start: float, count: int, step: float) -> list[Beat]:
    times = [Fraction(start) + i * Fraction(step).limit_denominator(1000) for i in range(count)]
    step = Fraction(step).limit_denominator(1000)
    return [Beat(stream, time, time, time + step) for time in times]


def test_a_single_clock_stays_as_it_is():
    assert course(beats(0, 1.5, 50, 0.04), forward=True).moves == ()


def test_a_part_begins_where_the_one_before_ended():
    found = course(beats(0, 5, 25, 0.04) + beats(0, 5, 25, 0.04), forward=True)
    assert found.moves == (Move(0, 25, Fraction(1)),)
    assert found.length == 2


def test_pictures_and_sound_of_a_part_move_together():
    """The sound is longer; its packets cross the border after the pictures'."""
    first = beats(0, 5, 25, 0.04), beats(1, 5, 60, 0.02)
    second = beats(0, 2, 25, 0.04), beats(1, 2, 60, 0.02)
    found = course(
        [*first[0], *first[1][:50], *second[0], *first[1][50:], *second[1]], forward=True
    )
    assert {move.seconds for move in found.moves} == {Fraction(5) + Fraction(6, 5) - 2}
    assert [(move.stream, move.packet) for move in found.moves] == [(0, 25), (1, 60)]


def test_a_step_ahead_is_a_jump_only_in_streams_made_to_be_joined():
    beats_ = beats(0, 0, 25, 0.04) + beats(0, 3600, 25, 0.04)
    assert course(beats_, forward=True).moves == (Move(0, 25, Fraction(-3599)),)
    assert course(beats_, forward=False).moves == ()


def test_reordered_pictures_are_no_jump():
    times = [
        Beat(0, Fraction(i, 25), Fraction(i + (4, 1, -1)[i % 3], 25), Fraction(i + 5, 25))
        for i in range(30)
    ]
    assert course(times, forward=True).moves == ()


def part(path: Path, codec: str = "libx264", sound: str = "aac", late: int = 0) -> bytes:
    """A recording of 12 pictures with sound, by its own clock."""
    broadcast = codec == "mpeg2video"  # knows the clock of its frames alone
    recipe = Recipe(
        path.suffix,
        codec,
        time_base=Fraction(1, 25) if broadcast else TICK,
        pts=tuple((late * 25 + i) * (1 if broadcast else 3600) for i in range(PICTURES)),
        options={"g": "6"} if broadcast else {"bf": "2"},
        audio=[(sound, float(late))],
    )
    return make(path, recipe).read_bytes()


JOINED = {
    "appended": [(".ts", "libx264", "aac", 0), (".ts", "libx264", "aac", 0)],
    "three": [(".ts", "libx264", "aac", 0)] * 3,
    "back": [(".ts", "libx264", "aac", 100), (".ts", "libx264", "aac", 40)],
    "ahead": [(".ts", "libx264", "aac", 0), (".ts", "libx264", "aac", 7200)],
    "program": [(".mpg", "mpeg2video", "mp2", 0), (".mpg", "mpeg2video", "mp2", 0)],
    "cells": [(".vob", "mpeg2video", "ac3", 30), (".vob", "mpeg2video", "ac3", 0)],
}


@pytest.mark.parametrize("name", JOINED)
def test_joined_recordings_follow_each_other(tmp_path, name):
    parts = JOINED[name]
    suffix = parts[0][0]
    path = tmp_path / f"joined{suffix}"
    path.write_bytes(b"".join(part(tmp_path / f"part{s}", c, a, late) for s, c, a, late in parts))
    count = len(decoded(path))
    assert count >= PICTURES * len(parts) - 1
    done = passed_through(path, tmp_path / "out", FAST)
    times = [f.pts * f.time_base for f in decoded(done.written.path)]
    assert len(times) == count
    steps = [b - a for a, b in itertools.pairwise(times)]
    border = Fraction(1, 4)  # seconds by which sound may be longer than pictures
    assert all(Fraction(1, 25) - TICK <= step <= border for step in steps)
    assert sum(step > Fraction(1, 20) for step in steps) <= len(parts) - 1
    assert any("clock jumps" in note for note in done.notes)
    length = sum(samples.shape[1] for _, samples in heard(done.written.path)) / 48000
    assert abs(length - float(times[-1])) < 0.3
    with av.open(str(done.written.path)) as container:
        assert container.duration < 1e6 * (float(times[-1]) + 0.3)


def test_appended_matroska_files_follow_each_other(tmp_path):
    recipe = Recipe(
        ".mkv", time_base=Fraction(1, 1000), pts=tuple(range(0, 480, 40)), options={"bf": "0"}
    )
    path = tmp_path / "joined.mkv"
    path.write_bytes(2 * make(tmp_path / "part.mkv", recipe).read_bytes())
    info = probe(path)
    with Reader(path, info) as reader:
        times = [frame.pts * info.time_base for frame in reader]
    assert times == [Fraction(i, 25) for i in range(24)]
    assert any("clock jumps" in note for note in reader.notes)


def test_a_joined_film_is_seen_alike_by_every_way_of_reading(tmp_path):
    path = tmp_path / "joined.ts"
    path.write_bytes(2 * part(tmp_path / "part.ts"))
    info = probe(path)
    with Reader(path, info) as reader:
        frames = [(f.pts, f.picture.to_ndarray().tobytes()) for f in reader]
    table = timetable(path, info, lambda _: None)
    assert table is None or table.pts == [pts for pts, _ in frames]
    with Seeker(path, info, [pts for pts, _ in frames]) as seeker:
        for index in (20, 3, 13):
            frame = seeker.frame(index)
            assert (frame.pts, frame.picture.to_ndarray().tobytes()) == frames[index]
    assert len(list(glimpses(path, info, 4, short=0))) == 4
