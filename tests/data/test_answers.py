"""Answers to doubts hold while what they were given on is there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from blur.data.answers import Answer, Said, in_force, seen, sign, waiting
from blur.data.plan import Box, Doubt, Fingerprint, Plan, Reason, Track


def track(number: int, start: int, x: float) -> Track:
    boxes = np.tile(np.array([[x, 50, 20, 26, 0]], np.float32), (30, 1))
    return Track.unseen(number, start, boxes, "scan")


COVERED = Doubt(start=12, end=20, reason=Reason.LOST, weight=0.5, track=1, box=Box(50, 50, 20, 26))
BARE = Doubt(start=12, end=20, reason=Reason.WEEDED, weight=0.5, box=Box(150, 50, 20, 26))
PLAN = Plan(
    fingerprint=Fingerprint(1, "a"),
    width=320,
    height=240,
    time_base=Fraction(1, 30),
    pts=tuple(range(60)),
    tracks=(track(1, 5, 50), track(2, 5, 250)),
    doubts=(COVERED, BARE),
)


def settled(doubt: Doubt, plan: Plan = PLAN) -> tuple[Answer, ...]:
    return (Answer(doubt=sign(doubt), said=Said.OK, seen=seen(plan, doubt, "wide")),)


def test_an_answer_settles_its_doubt_alone() -> None:
    assert waiting(PLAN, (), "wide") == [COVERED, BARE]
    assert waiting(PLAN, settled(COVERED), "wide") == [BARE]
    assert in_force(PLAN, settled(BARE), "wide") == {sign(BARE): Said.OK}


def test_it_falls_with_the_cover_that_was_seen() -> None:
    moved = replace(PLAN, tracks=(track(1, 5, 52), PLAN.tracks[1]))
    gone = replace(PLAN, tracks=PLAN.tracks[1:])
    for plan in (moved, gone):
        assert in_force(plan, settled(COVERED), "wide") == {}
    assert in_force(PLAN, settled(COVERED), "narrow") == {}


def test_it_outlives_further_covers_and_decisions_elsewhere() -> None:
    more = replace(PLAN, tracks=(*PLAN.tracks, track(3, 0, 60)))
    elsewhere = replace(PLAN, tracks=PLAN.tracks[:1])
    for plan in (more, elsewhere):
        assert in_force(plan, settled(COVERED), "wide") == {sign(COVERED): Said.OK}
        assert in_force(plan, settled(BARE), "wide") == {sign(BARE): Said.OK}


def test_a_place_that_another_cover_hid_is_asked_about_once_that_is_gone() -> None:
    hidden = replace(PLAN, tracks=(*PLAN.tracks, track(3, 0, 155)))
    assert in_force(PLAN, settled(BARE, hidden), "wide") == {}
