"""`blur conform`: timelines of each format against an output folder, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from click.testing import CliRunner
from msgspec import structs

from blur.cli.main import main
from blur.data.findings import Audit, Residual
from blur.data.plan import Box, Doubt, Reason, Track
from blur.export.conform import conformed, frames_used, parts_of, told
from blur.export.cuts import read_timeline
from blur.settings import OutputSettings, Settings
from blur.store.checks import sign
from blur.store.plans import load_plan
from blur.store.report import Signature
from blur.store.shelf import Shelf
from blur.store.withdraw import WITHDRAWN

RATE = 30
EVENTS = [
    ("a.mp4", 40, 10, 1.0),
    ("b ü.mp4", 0, 12, 1.0),
    ("a.mp4", 5, 10, 1.0),
    ("c.mp4", 60, 10, 2.0),
    ("a.mp4", 88, 2, 1.0),
    ("gone.mp4", 0, 5, 1.0),
    ("c.mp4", 80, 40, 1.0),
]
"""Clip, first source frame, frames in the timeline, speed; the last two cannot be matched."""
CLEAN = Audit(
    frames=10, looked=10, closeups=0, sampling="", detectors=["x"], residuals=[], seconds=0.0
)
MK = Signature(by="MK", at="2026-01-01", watched=3, seconds=3)
AUDITED = Settings(output=OutputSettings(crf=0, preset="ultrafast"))
SUFFIXES = (".otio", ".edl", ".xml", ".fcpxml")


def at(value: float, length: float) -> otio.opentime.TimeRange:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(value, RATE), time(length, RATE))


def written(folder: Path, suffix: str, events=EVENTS) -> Path:
    """A timeline that begins at one hour."""
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for number, (name, start, length, speed) in enumerate(events):
        whole = None if suffix == ".edl" else at(0, 200)
        media = otio.schema.ExternalReference(f"file:///card/{name}", whole)
        clip = otio.schema.Clip(name, media, at(start, length))
        clip.metadata["cmx_3600"] = {"reel": f"R{number:03}"}
        if speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp("speed", speed))
        track.append(clip)
    made = otio.schema.Timeline("film", global_start_time=otio.opentime.RationalTime(108_000, RATE))
    made.tracks.append(track)
    path = folder / f"film{suffix}"
    options = {"rate": RATE} if suffix == ".edl" else {}
    otio.adapters.write_to_file(made, str(path), **options)
    return path


def blur(*arguments: object):
    return CliRunner().invoke(main, ["conform", *map(str, arguments)])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_format_tells_the_frames_that_it_uses(suffix, shared_out, tmp_path):
    shelf = Shelf(shared_out)
    _, events = read_timeline(written(tmp_path, suffix), Fraction(RATE))
    found = conformed(events, shelf, shelf.settings)
    used = [(use.footage.name, use.frames) for use in found.uses]
    assert used[:3] == [("a.mp4", (40, 50)), ("b ü.mp4", (0, 12)), ("a.mp4", (5, 15))]
    fast = (60, 70) if suffix in (".xml", ".fcpxml") else (60, 80)  # these writers leave it out
    assert used[3:] == [("c.mp4", fast), ("a.mp4", (88, 90))]
    assert [event.name for event, _ in found.unmatched] == ["gone.mp4", "c.mp4"]
    reasons = [reason for _, reason in found.unmatched]
    assert "no clip" in reasons[0] and "beyond" in reasons[1]


def test_unchecked_and_doubtful_frames_are_told_by_the_timelines_timecode(out, tmp_path):
    timeline = written(tmp_path, ".otio")
    shelf = Shelf(out)
    entry = shelf.entry(shelf.find("c.mp4"))
    sign(
        shelf.folder,
        entry,
        entry.edits_sha256,
        MK,
    )
    said = blur(timeline, out)
    lines = said.output.splitlines()
    assert said.exit_code == 1  # two events are not matched
    assert "01:00:00:00 - 01:00:00:10  a.mp4, frames 40 to 49: UNCHECKED" in lines[0]
    assert "01:00:00:10" in lines[1] and "b ü.mp4" in lines[1]
    assert [line.split()[0] for line in lines if "may not be a face" in line] == ["01:00:00:29"]
    assert any("c.mp4, frames 60 to 79, at 200% of its speed: checked by MK" in x for x in lines)


def test_no_timeline_is_written_over_by_its_successor(out, tmp_path):
    timeline = written(tmp_path, ".edl", EVENTS[:1])
    before = timeline.read_bytes()
    said = blur(timeline, out, "--into", tmp_path, "--unchecked-ok", "--overwrite")
    assert said.exit_code == 2 and "read here" in said.output
    assert timeline.read_bytes() == before


def test_it_renders_only_what_is_used_with_handles_and_links_to_it(out, tmp_path, frames_of):
    into, timeline = tmp_path / "into", written(tmp_path, ".otio")
    refused = blur(timeline, out, "--into", into)
    assert refused.exit_code == 2 and "nobody watched" in refused.output and not into.exists()
    done = blur(timeline, out, "--into", into, "--handles", 8, "--unchecked-ok")
    assert done.exit_code == 1, done.output
    names = {str(p.relative_to(into)) for p in into.rglob("*") if p.is_file()}
    parts = {"a_1.mp4": (0, 23), "a_2.mp4": (32, 58), "a_3.mp4": (80, 90)}
    parts |= {"day 1/b ü.mp4": (0, 20), "day 1/c.mp4": (52, 88)}
    assert names == {*parts, "conform.txt", "film.otio"}
    for name, (start, stop) in parts.items():
        whole = frames_of(out / name.replace("_1", "").replace("_2", "").replace("_3", ""))
        assert np.array_equal(frames_of(into / name), whole[start:stop]), name
    assert "--unchecked-ok" in (into / "conform.txt").read_text()
    made = otio.adapters.read_from_file(str(into / "film.otio"))
    clips = [c for c in made.find_clips() if (into / c.media_reference.target_url).is_file()]
    assert len(clips) == 5
    for clip, (name, start, length, _) in zip(clips, EVENTS, strict=False):
        held, shown = clip.media_reference.available_range, clip.source_range
        first = parts[clip.media_reference.target_url][0]
        assert (shown.start_time.value - held.start_time.value + first, shown.duration.value) == (
            start,
            length,
        ), name
    again = blur(timeline, out, "--into", into, "--unchecked-ok")
    assert again.exit_code == 2 and "already" in again.output


def test_ranges_that_meet_are_a_single_file(shared_out, tmp_path):
    shelf = Shelf(shared_out)
    cut = [("a.mp4", 10, 5, 1.0), ("a.mp4", 12, 8, 1.0), ("a.mp4", 60, 5, 1.0)]
    _, events = read_timeline(written(tmp_path, ".otio", cut), Fraction(RATE))
    found = conformed(events, shelf, shelf.settings)
    (made,) = parts_of(found.uses, 24, shelf.settings.output).values()
    assert [(str(p.place), p.frames) for p in made] == [("a.mp4", (0, 89))]
    assert len(list(told(found))) >= 3


@pytest.mark.parametrize(
    ("name", "content"), [("a.edl", "001 x y z"), ("a.xml", "<"), ("a.otio", "{"), ("a.aaf", "")]
)
def test_what_cannot_be_read_is_named(name, content, shared_out, tmp_path):
    (tmp_path / name).write_text(content)
    said = blur(tmp_path / name, shared_out)
    assert said.exit_code == 2 and name in said.output


SPEED = """<filter><effect><name>Time Remap</name><effectid>timeremap</effectid><parameter>
<parameterid>speed</parameterid><name>speed</name><value>{}</value></parameter>
<parameter><parameterid>variablespeed</parameterid><value>{}</value></parameter></effect></filter>"""


@pytest.mark.parametrize(
    ("speed", "varies", "frames"), [(200, 0, (10, 40)), (50, 0, (5, 15)), (100, 1, None)]
)
def test_speeds_of_fcp_xml_cover_either_way_of_counting(
    speed, varies, frames, shared_out, tmp_path
):
    path = written(tmp_path, ".xml", [("a.mp4", 10, 10, 1.0)])
    text = path.read_text().replace("</clipitem>", SPEED.format(speed, varies) + "</clipitem>")
    path.write_text(text)
    _, events = read_timeline(path, Fraction(RATE))
    found = conformed(events, Shelf(shared_out), Settings())
    assert [use.frames for use in found.uses] == ([frames] if frames else [])
    assert [reason for _, reason in found.unmatched] == ([] if frames else ["its speed varies"])


def test_what_a_reader_would_leave_out_is_refused(shared_out, tmp_path):
    path = written(tmp_path, ".fcpxml")
    path.write_text(path.read_text() + "<timeMap/>")
    assert "speed" in blur(path, shared_out).output
    path = written(tmp_path, ".edl")
    path.write_text(path.read_text().replace("R001 ", "R 1  "))
    assert "not understood" in blur(path, shared_out).output


def test_a_timeline_may_count_from_the_clips_own_timecode(shared_out, tmp_path):
    shelf = Shelf(shared_out)
    _, (event,) = read_timeline(written(tmp_path, ".edl", [("a.mp4", 300, 9, 1.0)]), Fraction(RATE))
    (use,) = conformed([replace(event, start=5)], shelf, shelf.settings).uses
    info, held = replace(use.footage.info, timecode="00:00:09:00"), use.footage.held
    assert frames_used(event, info, held) == ((30, 39), 30) and use.frames == (5, 14)
    assert frames_used(event, use.footage.info, held) is None


def test_a_face_that_the_audit_finds_enters_the_plan_and_reaches_every_part(
    out, tmp_path, monkeypatch, frames_of
):
    """Found at frame 50, its track goes back into the first part, whose own audit saw nothing."""
    cut = [("a.mp4", 10, 20, 1.0), ("a.mp4", 45, 10, 1.0)]
    timeline, into, shelf = written(tmp_path, ".edl", cut), tmp_path / "into", Shelf(out)
    entry = shelf.entry(shelf.find("a.mp4"))
    sign(shelf.folder, entry, entry.edits_sha256, MK)
    face = Residual(frame=50, seconds=1.7, box=Box(60, 170, 40, 50), sure=0.9, seen_by=["x"])
    looked = []

    def audit(path, plan, settings, edits, again, progress, placed):
        looked.append(placed.frames)
        found = [face] if looked.count((45, 55)) == 1 and placed.frames == (45, 55) else []
        return structs.replace(CLEAN, residuals=found), found

    def mended(clip, plan, edits, residuals, settings, tell):
        boxes = np.array([[60, 170, 40, 50, 0]] * 40, np.float32)
        track = Track.unseen(9, 20, boxes, "audit")
        doubt = Doubt(start=20, end=60, reason=Reason.RESIDUAL, weight=0.9, track=9)
        return plan.with_tracks([*plan.tracks, track], [*plan.doubts, doubt])

    monkeypatch.setattr("blur.corridor.audit_with_faints", audit)
    monkeypatch.setattr("blur.corridor.mended", mended)
    monkeypatch.setattr("blur.cli.conform_command._settings", lambda *_: AUDITED)
    before = load_plan(shelf.folder.plan_of(entry.fingerprint))
    said = blur(timeline, out, "--into", into, "--handles", 0)
    assert said.exit_code == 0, said.output
    assert looked == [(10, 30), (45, 55), (45, 55), (10, 30)]
    plan = load_plan(shelf.folder.plan_of(entry.fingerprint))
    assert len(plan.tracks) == len(before.tracks) + 1
    assert [d for d in plan.doubts if d not in before.doubts] == [plan.doubts[-1]]
    source = frames_of(shelf.source(entry))
    for name, frames in {"a_1.mp4": range(10, 30), "a_2.mp4": range(45, 55)}.items():
        shown = frames_of(into / name)
        covered = [
            (shown[n] != source[f])[160:180, 50:70].mean() > 0.9 for n, f in enumerate(frames)
        ]
        assert covered == [frame >= 20 for frame in frames], name
    named = [event.name for event in read_timeline(into / "film.edl", Fraction(RATE))[1]]
    assert named == ["a_1.mp4", "a_2.mp4"]
    assert not (out / "a.mp4").exists() and WITHDRAWN in (into / "conform.txt").read_text()
    again = blur(timeline, out)
    assert "UNCHECKED" in again.output and "may show a face" in again.output
    with Shelf(out).folder.locked():
        busy = blur(timeline, out, "--into", tmp_path / "other", "--unchecked-ok")
    assert "already open" in busy.output
