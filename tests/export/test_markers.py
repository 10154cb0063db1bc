from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest

from blur.data.edits import Decision, Edits, RegionEdit, SoundEdit, TrackEdit
from blur.data.plan import Box, Doubt, Fingerprint, Keyframe, Plan, Reason, Track
from blur.data.resolve import resolve
from blur.export import marker_lists, marker_timelines
from blur.export.markers import GROUPS, Marker, markers


def clip(pts: list[int], time_base: Fraction, n_tracks: int = 1) -> Plan:
    n = len(pts)
    boxes = np.tile(np.array([[50, 50, 20, 30, 0]], np.float32), (n, 1))
    tracks = tuple(
        Track(i, 0, boxes, np.zeros(n, np.uint8), np.ones(n, np.float32)) for i in range(n_tracks)
    )
    doubts = (
        Doubt(start=3, end=5, reason=Reason.RESIDUAL, weight=2),
        Doubt(start=1, end=4, reason=Reason.LOST, weight=1, track=0),
    )
    plan = Plan(Fingerprint(1, "a"), 100, 100, time_base, tuple(pts))
    return replace(plan, tracks=tracks, doubts=doubts)


def found(plan: Plan, *groups: str, edits: Edits | None = None) -> list[Marker]:
    edits = edits or Edits(fingerprint=plan.fingerprint)
    return markers(resolve(plan, edits), edits, groups or GROUPS)


STEADY = clip([i * 512 for i in range(200)], Fraction(1, 12800))


def test_what_may_be_seen_comes_first_and_numbers_are_those_of_the_page() -> None:
    """A split gives the face behind it a new number, also in the marker of a doubt about it."""
    place = Box(50, 50, 20, 30)
    edits = Edits(
        fingerprint=STEADY.fingerprint,
        splits=(Keyframe(2, place),),
        tracks=(
            TrackEdit(
                decision=Decision.KEEP,
                path=(Keyframe(100, place), Keyframe(119, place)),
                reason="has agreed",
                confirmed=True,
            ),
        ),
        regions=(
            RegionEdit(id=7, keyframes=(Keyframe(5, place), Keyframe(8, place)), reason="badge"),
        ),
        sound=SoundEdit(mutes=((0.4, 1.21),), bleeps=((0.8, 1.21),)),
    )
    resolved = resolve(STEADY, edits)
    before, after, _ = (lane.track.id for lane in resolved.lanes)
    lost = "may show a face: Face lost from view: cover position is a guess"
    residual = "may show a face: A face may show in the covered clip"
    assert [(m.kind, m.text, m.start, m.end) for m in found(STEADY, edits=edits)] == [
        ("residual", residual, 3, 5),
        ("doubt", f"Face {before}: {lost}", 1, 2),
        ("doubt", f"Face {after}: {lost}", 2, 4),
        ("kept", f"Face {after}: kept clear: has agreed", 100, 120),
        ("cover", f"Face {before}: covered", 0, 2),
        ("cover", f"Face {after}: covered", 2, 100),
        ("cover", f"Face {after}: covered", 120, 200),
        ("region", "Region 7: covered: badge", 5, 9),
        ("sound", "Sound: silent", 10, 20),
        ("sound", "Sound: a tone in its place", 20, 31),
    ]
    person = replace(STEADY, tracks=(replace(STEADY.tracks[0], chain=2),), doubts=())
    assert [m.text for m in found(person)] == ["Person 2, face 0: covered"]


def test_an_edl_marks_each_span_once_in_the_form_that_editors_read() -> None:
    (text,) = marker_lists.edl("a.mp4", STEADY, found(STEADY))
    lines = text.split("\r\n")
    assert lines[:2] == ["TITLE: a.mp4", "FCM: NON-DROP FRAME"]
    events = [line for line in lines if re.match(r"\d{3}  ", line)]
    assert events[1] == (
        "002  001      V     C        01:00:00:01 01:00:00:02 01:00:00:01 01:00:00:02"
    )
    assert sum("|C:ResolveColorRed |M:residual 3 |D:2" in line for line in lines) == 1
    assert sum(line.startswith("* LOC: 01:00:00:01 RED ") for line in lines) == 1


def test_more_markers_than_an_edl_can_number_go_into_several() -> None:
    plan = clip([i * 512 for i in range(9)], Fraction(1, 12800), 2100)
    lists = marker_lists.edl("a|b\nc.mp4", plan, found(plan, "covers"))
    assert [len(re.findall(r"(?m)^\d{3}  001", text)) for text in lists] == [999, 999, 102]
    assert lists[1].startswith("TITLE: a/b c.mp4 (2)\r\n")


def test_markers_on_one_frame_follow_each_other_in_an_edl() -> None:
    twice = replace(STEADY, tracks=STEADY.tracks * 2, doubts=())
    (text,) = marker_lists.edl("a.mp4", twice, found(twice))
    assert re.findall(r"LOC: 01:00:(00:\d\d)", text) == ["00:00", "00:01"]
    assert re.findall(r"D:(\d+)", text) == ["200", "199"]


def test_the_table_has_a_row_for_each_marker() -> None:
    text = marker_lists.table([("x, y.mp4", STEADY, found(STEADY, "doubts"))])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["clip"], r["kind"], r["start_frame"], r["end_frame"]) for r in rows] == [
        ("x, y.mp4", "residual", "3", "4"),
        ("x, y.mp4", "doubt", "1", "3"),
    ]
    assert rows[0]["start_seconds"] == "0.120"
    assert rows[0]["start_timecode"] == "01:00:00:03"


def test_avid_gets_a_line_for_each_marker_in_six_columns() -> None:
    rows = [line.split("\t") for line in marker_lists.avid(STEADY, found(STEADY)).splitlines()]
    assert [(row[0], *row[1:4], row[5]) for row in rows] == [
        ("blur", "01:00:00:03", "V1", "red", "2"),
        ("blur", "01:00:00:01", "V1", "red", "3"),
        ("blur", "01:00:00:00", "V1", "blue", "200"),
    ]


def on_timeline(folder: Path, plan: Plan) -> marker_timelines.Timeline:
    """A file with an awkward name, and a document two folders beside it."""
    media = folder / "covered" / "b ü#%20&.mov"
    media.parent.mkdir()
    media.touch()
    (folder / "markers" / "day").mkdir(parents=True)
    return marker_timelines.Timeline(
        name=media.name,
        plan=plan,
        markers=found(plan),
        media=media,
        folder=folder / "markers" / "day",
    )


def file_of(url: str, folder: Path) -> Path:
    parts = urlsplit(url)
    assert parts.netloc in ("", "localhost")
    return folder / unquote(parts.path)


NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("kind", "rate"),
    # The library takes FCPXML's 30000/1001 for 29.
    [("otio", 25), ("otio", NTSC), ("xmeml", 25), ("xmeml", NTSC), ("fcpxml", 25)],
)
def test_another_library_finds_the_markers_the_start_and_the_file(
    tmp_path: Path, kind: str, rate: Fraction | int
) -> None:
    otio = pytest.importorskip("opentimelineio")
    adapter = {"otio": "otio_json", "xmeml": "fcp_xml", "fcpxml": "fcpx_xml"}[kind]
    if adapter not in otio.adapters.available_adapter_names():
        pytest.skip(f"OpenTimelineIO's adapter {adapter} is not installed")
    made = on_timeline(tmp_path, clip(list(range(200)), Fraction(1) / rate))
    text = getattr(marker_timelines, kind)(made)
    read = otio.adapters.read_from_string(text, adapter)
    timeline = read if isinstance(read, otio.schema.Timeline) else next(iter(read))
    (shown,) = timeline.find_clips()
    assert shown.duration().to_frames() == 200
    assert file_of(shown.media_reference.target_url, made.folder).samefile(made.media)
    markers_in = timeline.tracks.markers if kind == "xmeml" else shown.markers
    assert sorted(
        (m.marked_range.start_time.to_frames(), m.marked_range.duration.to_frames())
        for m in markers_in
    ) == [(0, 200), (1, 3), (3, 2)]
    if kind != "fcpxml":  # whose start the library leaves out
        assert timeline.global_start_time.to_frames() == 3600 * round(rate)


def test_times_in_fcpxml_are_whole_frames_at_an_ntsc_rate(tmp_path: Path) -> None:
    made = on_timeline(tmp_path, clip(list(range(200)), 1 / NTSC))
    root = ElementTree.fromstring(marker_timelines.fcpxml(made))

    def frames(tag: str, name: str) -> list[Fraction]:
        found = [element.get(name, "") for element in root.iter(tag)]
        return [Fraction(time.removesuffix("s")) * NTSC for time in found]

    assert frames("format", "frameDuration") == [1]
    assert frames("sequence", "tcStart") == frames("asset-clip", "offset") == [3600 * 30]
    assert frames("asset-clip", "duration") == [200]
    assert frames("marker", "start") == [0, 1, 3]
    assert frames("marker", "duration") == [200, 3, 2]


def test_a_list_for_resolve_is_read_by_another_library() -> None:
    otio = pytest.importorskip("opentimelineio")
    if "cmx_3600" not in otio.adapters.available_adapter_names():
        pytest.skip("OpenTimelineIO's adapter cmx_3600 is not installed")
    (text,) = marker_lists.edl("a.mp4", STEADY, found(STEADY))
    read = otio.adapters.read_from_string(text, "cmx_3600", rate=25)
    assert [
        (m.color, clip.range_in_parent().start_time.to_frames())
        for clip in read.find_clips()
        for m in clip.markers
    ] == [("BLUE", 0), ("RED", 1), ("RED", 3)]
