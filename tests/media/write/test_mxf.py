"""MXF stays MXF where its pictures stand alone: named anew, without a trace of writer or camera."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import av
import numpy as np
import pytest
from footage import SECRET, Recipe, make
from passing import decoded, facts, heard, passed_through

from blur.data.plan import Box, Plan, Track
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.media.traces.file_traces import traces_in_file
from blur.media.traces.metadata import Kind
from blur.media.write.writers import output_suffix
from blur.render.again import Earlier, render_again
from blur.render.render import render
from blur.settings import Codec, OutputSettings, Proxy, Settings, Timecode

NTSC = {"rate": Fraction(30_000, 1001), "time_base": Fraction(1001, 30_000)}
DNXHR = Recipe(
    suffix=".mxf", codec="dnxhd", pix_fmt="yuv422p", width=256, height=120,
    options={"profile": "dnxhr_lb"}, time_base=Fraction(1, 25), pts=tuple(range(10)),
    audio=[("pcm_s16le", 0.0)], timecode="10:20:30:00", planted=True,
)  # fmt: skip
KINDS = {
    "dnxhr": DNXHR,
    "drop": dataclasses.replace(DNXHR, timecode="10:20:30;02", **NTSC),
    "444": dataclasses.replace(
        DNXHR, pix_fmt="yuv444p10le", options={"profile": "dnxhr_444"}, colour=(9, 16, 9, 1)
    ),
    "prores": dataclasses.replace(DNXHR, codec="prores_ks", pix_fmt="yuv422p10le", options={}),
}
MATCH = OutputSettings(codec=Codec.MATCH)


@pytest.mark.parametrize("name", KINDS)
def test_it_takes_its_clips_place_and_holds_nothing_else(name, tmp_path):
    clip = make(tmp_path / "clip.mxf", KINDS[name])
    done = passed_through(clip, tmp_path, MATCH).written
    assert done.path.suffix == ".mxf" and facts(done.path) == facts(clip)
    assert not [note for note in done.notes if "place" in note]
    ((start, sound),), ((own_start, own),) = heard(done.path), heard(clip)
    assert (start, sound.shape) == (own_start, own.shape) and not sound.any()
    assert {trace.kind for trace in traces_in_file(done.path).traces} == {Kind.SOUND}
    content = done.path.read_bytes()
    for word in ("Lavf", "FFmpeg", SECRET):
        assert word.encode("utf-16-be") not in content and word.encode() not in content
    found = {trace.kind for trace in traces_in_file(clip).traces}
    assert found >= {Kind.DEVICE, Kind.SOFTWARE, Kind.TIMECODE, Kind.SOUND}


def test_each_file_has_names_of_its_own_and_carries_timecode_and_tape(tmp_path):
    settings = OutputSettings(codec=Codec.MATCH, timecode=Timecode.KEEP, reel="A001")
    names = set()
    for number in (3, 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        recipe = dataclasses.replace(DNXHR, pts=tuple(range(number)))
        made = passed_through(make(folder / "clip.mxf", recipe), folder, settings).written.path
        with av.open(str(made)) as container:
            film = container.streams.video[0].metadata
            names |= {container.metadata["material_package_umid"], film["file_package_umid"]}
        assert (probe(made).timecode, probe(made).reel) == ("10:20:30:00", "A001")
    assert len(names) == 4 and not [name for name in names if name.endswith("0" * 20)]


@pytest.mark.parametrize(
    ("change", "settings", "made"),
    [
        ({}, OutputSettings(codec=Codec.DNXHR), ".mxf"),
        ({}, OutputSettings(codec=Codec.H264), ".mp4"),
        ({"rate": Fraction(15)}, MATCH, ".mov"),
        ({"interlaced": True}, OutputSettings(codec=Codec.PRORES), ".mov"),
        ({"display_matrix": (0, 1, 0, -1, 0, 0, 0, 0, 1)}, MATCH, ".mov"),
    ],
)
def test_what_ffmpeg_does_not_write_well_becomes_quicktime(change, settings, made, tmp_path):
    info = probe(make(tmp_path / "clip.mxf", DNXHR))
    assert output_suffix(dataclasses.replace(info, **change), settings) == made


def test_a_mended_file_is_spliced(tmp_path):
    clip = make(tmp_path / "clip.mxf", DNXHR)
    info, settings = (
        probe(clip),
        Settings(output=OutputSettings(codec=Codec.MATCH, proxy=Proxy.H264)),
    )
    pts = tuple(frame.pts for frame in decoded(clip))
    before = Plan(fingerprint(clip), info.width, info.height, info.time_base, pts)
    track = Track.unseen(1, 4, np.array([Box(100, 60, 50, 50)] * 2, np.float32), "audit")
    after, out, proxy = before.with_tracks([track], []), tmp_path / "out.mxf", tmp_path / "p.mp4"
    first = render(clip, before, out, settings, proxy=proxy)
    old, steps = [f.to_ndarray() for f in decoded(out)], []
    render_again(
        clip, after, out, settings, None, lambda *news: steps.append(news),
        Earlier(out, before, first, proxy), proxy=proxy,
    )  # fmt: skip
    new = [f.to_ndarray() for f in decoded(out)]
    assert [n for n in range(10) if (old[n] != new[n]).any()] == [4, 5]
    assert facts(out) == facts(clip) == facts(proxy)
