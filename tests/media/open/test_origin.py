"""The start of a container's clock is a time of day in some: no output carries it over."""

from __future__ import annotations

import dataclasses
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from footage import RECIPES, Recipe, make
from passing import decoded, heard, likeness, passed_through

from blur.media.open.probe import probe
from blur.media.traces.file_traces import traces_in_file
from blur.media.traces.metadata import Kind
from blur.settings import AudioMode, OutputSettings

FAST = OutputSettings(preset="ultrafast", audio=AudioMode.KEEP)
HOUR = 3600


def fragmented_at(path: Path, unix: int) -> Path:
    """A fragmented MP4 whose decode times start at a Unix second, as security cameras write it."""
    muxer = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    recipe = Recipe(muxer=muxer, options={"bf": "0"}, audio=[("aac", 0.0)])
    data = bytearray(make(path, recipe).read_bytes())
    at = data.find(b"tfdt")
    while at >= 0:
        track = data.rfind(b"tfhd", 0, at) + 8
        clock = 12800 if data[track + 3] == 1 else 48000
        assert data[at + 4] == 1  # the form of 64 bits
        (time,) = struct.unpack_from(">Q", data, at + 8)
        struct.pack_into(">Q", data, at + 8, time + unix * clock)
        at = data.find(b"tfdt", at + 4)
    path.write_bytes(data)
    return path


def late(path: Path, container: str, seconds: int) -> Path:
    """A film with sound whose clock starts late: remuxed packet by packet."""
    recipe = dataclasses.replace(RECIPES["late-sound"], options={"bf": "0"}, suffix=".mp4")
    plain = make(path.with_name("plain.mp4"), recipe)
    with av.open(str(plain)) as source, av.open(str(path), "w", format=container) as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            ticks = round(seconds / packet.time_base)
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
            packet.stream = streams[packet.stream_index]
            target.mux(packet)
    return path


def starts(path: Path) -> tuple[Fraction, Fraction, float]:
    """Seconds at which pictures and sound start, and the container's length."""
    with av.open(str(path)) as container:
        streams = container.streams.video[0], container.streams.audio[0]
        picture, sound = (s.start_time * s.time_base for s in streams)
        return picture, sound, (container.duration or 0) / 1e6


def test_the_second_of_recording_stays_behind(tmp_path):
    path = fragmented_at(tmp_path / "clip.mp4", 1_764_300_000)
    info = probe(path)
    assert info.duration is not None and info.duration < 2
    assert any("clock" in what for what in info.dropped)
    dates = [t for t in traces_in_file(path).traces if t.kind is Kind.DATE and "clock" in t.where]
    assert [trace.value for trace in dates] == ["2025-11-28T03:20:00Z"]
    out = passed_through(path, tmp_path / "out", FAST).written.path
    before, after = starts(path), starts(out)
    assert after[0] - after[1] == before[0] - before[1]
    assert min(after[:2]) == 0 and after[2] < 2
    assert traces_in_file(out).beyond(frozenset([Kind.SOUND])) == ()


@pytest.mark.parametrize("container", ["matroska", "mp4", "flv", "mpegts", "mov"])
def test_an_hour_of_nothing_goes(tmp_path, container):
    path = late(tmp_path / "clip", container, HOUR)
    before = starts(path)
    assert before[0] >= HOUR
    out = passed_through(path, tmp_path / "out", FAST).written.path
    after = starts(out)
    old, new = (
        (start - zero, sound)
        for (start, sound), zero in zip(
            (heard(path)[0], heard(out)[0]), (before[0], after[0]), strict=True
        )
    )
    assert likeness(old, new) > 0.98
    assert 0 <= old[0] - new[0] <= Fraction(1024 + 48, 48_000)  # AAC's first window is silent
    assert min(after[:2]) <= Fraction(1, 1000) and after[2] < 2
    shown = [frame.pts * frame.time_base for frame in decoded(path)]
    assert [f.pts * f.time_base - after[0] for f in decoded(out)] == [t - shown[0] for t in shown]


def test_an_output_that_starts_late_is_told(tmp_path):
    path = late(tmp_path / "clip.mkv", "matroska", HOUR)
    (trace,) = [t for t in traces_in_file(path).traces if "clock" in t.where]
    assert (trace.kind, trace.value) == (Kind.DATE, "1:00:00")


def test_some_seconds_tell_nothing(tmp_path):
    path = late(tmp_path / "clip.ts", "mpegts", 2)
    assert not [t for t in traces_in_file(path).traces if "clock" in t.where]
