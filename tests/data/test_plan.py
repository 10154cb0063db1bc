"""A plan's shots, times and doubts; a track's boxes and columns."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from blur.data.doubts import ranked
from blur.data.plan import Box, Doubt, Fingerprint, Kind, Mark, Plan, Reason, Track


def small() -> Plan:
    track = Track(
        id=1,
        start=2,
        boxes=np.array([[10, 20, 4, 5, 0]] * 3, np.float32),
        marks=np.array([Mark.HELD, Mark.DETECTED, Mark.HELD], np.uint8),
        scores=np.array([0, 0.9, 0], np.float32),
    )
    return Plan(
        fingerprint=Fingerprint(1234, "ab" * 32),
        width=64,
        height=48,
        time_base=Fraction(1, 25),
        pts=tuple(range(10)),
        cuts=(4,),
        tracks=(track,),
    )


def test_shots_are_the_whole_clip() -> None:
    assert list(small().shots()) == [(0, 4), (4, 10)]
    assert list(dataclasses.replace(small(), cuts=()).shots()) == [(0, 10)]


def test_seconds_follow_the_clips_own_times() -> None:
    plan = dataclasses.replace(small(), pts=(100, 103, 113), time_base=Fraction(1, 10))
    assert [plan.seconds(i) for i in range(4)] == pytest.approx([0, 0.3, 1.3, 2.3])


def test_doubtful_seconds_count_once() -> None:
    marked = [
        Doubt(start=a, end=b, reason=Reason.LOST, weight=1) for a, b in ((0, 3), (2, 5), (9, 10))
    ]
    assert small().with_tracks((), marked).doubt_seconds() == pytest.approx(6 / 25)
    assert small().doubt_seconds() == 0


def test_seconds_that_may_show_a_face_and_that_cover_too_much_count_apart() -> None:
    marked = [
        Doubt(start=0, end=2, reason=Reason.LOST, weight=1),
        Doubt(start=1, end=4, reason=Reason.WEAK, weight=1),
    ]
    plan = small().with_tracks((), marked)
    assert plan.doubt_seconds() == pytest.approx(2 / 25)
    assert plan.doubt_seconds(Kind.EXCESS) == pytest.approx(3 / 25)


def test_what_may_show_a_face_comes_first_then_likelihood_times_size_times_time() -> None:
    def doubt(reason: Reason, weight: float, size: float | None, frames: int) -> Doubt:
        box = None if size is None else Box(5, 5, size, size)
        return Doubt(start=0, end=frames, reason=reason, weight=weight, box=box)

    worst_first = [
        doubt(Reason.DARK, 0.5, None, 4),
        doubt(Reason.LOST, 0.8, 4, 4),
        doubt(Reason.RESIDUAL, 0.8, 4, 2),
        doubt(Reason.WEEDED, 0.4, 4, 2),
        doubt(Reason.WEEDED, 0.4, 2, 2),
        doubt(Reason.LARGE, 1.0, 10, 6),
        doubt(Reason.WEAK, 1.0, 4, 6),
    ]
    plan = small().with_tracks((), worst_first[::-1])
    assert ranked(plan) == worst_first


def test_a_track_knows_its_box_on_its_own_frames_only() -> None:
    [track] = small().tracks
    assert track.box(1) is None
    assert track.box(2) == Box(10, 20, 4, 5, 0)
    assert track.box(4) == Box(10, 20, 4, 5, 0)
    assert track.box(5) is None
    assert track.sightings().tolist() == [3]


@pytest.mark.parametrize(
    "columns",
    [
        {"boxes": np.ones((2, 5), np.float32)},
        {"boxes": np.full((3, 5), np.nan, np.float32)},
        {"boxes": np.zeros((3, 5), np.float32)},
        {"scores": np.zeros(2, np.float32)},
        {"marks": np.zeros(0, np.uint8)},
        {"start": -1},
    ],
)
def test_a_track_whose_columns_disagree_cannot_be_made(columns: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="track 1"):
        dataclasses.replace(small().tracks[0], **columns)
