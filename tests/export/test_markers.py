from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.plan import Doubt, Fingerprint, Plan, Reason, Track
from blur.export import markers as subject


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


STEADY = clip([i * 512 for i in range(200)], Fraction(1, 12800))


@pytest.mark.parametrize(
    ("pts", "time_base", "rate"),
    [
        ([i * 1001 for i in range(90)], Fraction(1, 30000), Fraction(30000, 1001)),
        ([i * 512 for i in range(90)], Fraction(1, 12800), Fraction(25)),
        ([round(i * 1000 / 30) for i in range(90)], Fraction(1, 1000), Fraction(30)),
        ([round(i * 1001000 / 60000) for i in range(90)], Fraction(1, 1000), Fraction(60000, 1001)),
        ([0], Fraction(1, 25), Fraction(25)),
    ],
)
def test_the_rate_is_the_one_that_is_meant(
    pts: list[int], time_base: Fraction, rate: Fraction
) -> None:
    timing = subject.Timing(clip(pts, time_base, 0))
    assert timing.rate == rate
    assert [timing.count(i) for i in range(len(pts))] == list(range(len(pts)))


@given(st.lists(st.integers(1, 400), min_size=3, max_size=60))
def test_frames_of_a_varying_rate_keep_their_time(gaps: list[int]) -> None:
    plan = clip(np.cumsum([0, *gaps]).tolist(), Fraction(1, 1000), 0)
    timing = subject.Timing(plan)
    for frame in range(plan.frames):
        off = abs(timing.count(frame) / timing.rate - Fraction(plan.pts[frame], 1000))
        steady = max(gaps) - min(gaps) <= 1
        assert off <= (Fraction(2, 1000) * (frame + 1) if steady else 1 / timing.rate)


def test_timecode_counts_frames_and_never_drops_any() -> None:
    timing = subject.Timing(clip([i * 1001 for i in range(9)], Fraction(1, 30000), 0))
    assert timing.timecode(29) == "00:00:00:29"
    assert timing.timecode(30 * 60) == "00:01:00:00"
    assert timing.timecode(0, 30 * 3600) == "01:00:00:00"


def test_an_edl_marks_each_span_once_in_the_form_that_editors_read() -> None:
    found = subject.markers(STEADY)
    assert [(m.kind, m.start, m.end) for m in found] == [
        ("cover", 0, 200),
        ("doubt", 1, 4),
        ("residual", 3, 5),
    ]
    (text,) = subject.edl("a.mp4", STEADY, found, first_hour=1)
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
    lists = subject.edl("a|b\nc.mp4", plan, subject.markers(plan, doubts=False))
    assert [len(re.findall(r"(?m)^\d{3}  001", text)) for text in lists] == [999, 999, 102]
    assert lists[1].startswith("TITLE: a/b c.mp4 (2)\r\n")


def test_the_table_has_a_row_for_each_marker() -> None:
    found = subject.markers(STEADY, covers=False)
    rows = list(csv.DictReader(io.StringIO(subject.table([("x, y.mp4", STEADY, found)]))))
    assert [(r["clip"], r["kind"], r["start_frame"], r["end_frame"]) for r in rows] == [
        ("x, y.mp4", "doubt", "1", "3"),
        ("x, y.mp4", "residual", "3", "4"),
    ]
    assert rows[1]["start_seconds"] == "0.120"


def test_a_timeline_can_be_read_back() -> None:
    otio = pytest.importorskip("opentimelineio")
    found = subject.markers(STEADY)
    text = subject.timeline("a.mp4", STEADY, found)
    read = otio.adapters.read_from_string(text, "otio_json")
    (made,) = read.find_clips()
    assert made.duration().to_frames() == 200
    assert [
        (m.marked_range.start_time.to_frames(), m.marked_range.duration.to_frames())
        for m in made.markers
    ] == [
        (0, 200),
        (1, 3),
        (3, 2),
    ]
    assert made.markers[2].color == "RED"
