"""Edits of answers, without a clip."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made_output import track

from blur.cover.region import Covers
from blur.data.answers import Said, sign
from blur.data.edits import Edits
from blur.data.plan import Box, Doubt, Fingerprint, Keyframe, Mark, Plan, Reason, Track
from blur.data.resolve import resolve
from blur.review.settle import covered, held, recorded
from blur.settings import CoverSettings

FRAMES = 90
HERE = Box(270, 40, 20, 26)


def plan_of(*tracks: Track, cuts: tuple[int, ...] = (45,)) -> Plan:
    pts = tuple(range(FRAMES))
    return Plan(Fingerprint(1, "a"), 320, 240, Fraction(1, 30), pts, cuts, tracks)


def resolved(*tracks: Track, cuts: tuple[int, ...] = (45,)):
    plan = plan_of(*tracks, cuts=cuts)
    return resolve(plan, Edits(fingerprint=plan.fingerprint))


def path(first: int, last: int) -> tuple[Keyframe, ...]:
    return Keyframe(first, HERE), Keyframe(last, HERE._replace(cx=200))


@given(st.integers(0, 89), st.integers(0, 40), st.integers(0, 90))
def test_a_cover_rests_as_long_as_asked_within_its_shot(first: int, n: int, rest: int) -> None:
    shot = (0, 45) if first < 45 else (45, 90)
    last = min(first + n, shot[1] - 1)
    keys = path(first, last) if last > first else path(first, last)[:1]
    made = held(resolved(), keys, (rest + 0.5) / 30)
    assert made[0].frame == max(shot[0], first - rest)
    assert made[-1].frame == min(shot[1] - 1, last + rest)
    assert made[0].box == keys[0].box and made[-1].box == keys[-1].box


def test_it_rests_no_further_than_to_a_face_that_is_decided_about_by_itself() -> None:
    before = track(7, 0, 20, 260, 40, 20)  # arrives at 270, 40
    made = held(resolved(before), (Keyframe(30, HERE),), 1.0)
    assert (made[0].frame, made[-1].frame) == (20, 44)


def test_an_uncovered_place_gets_the_margin_of_a_face_that_nobody_saw() -> None:
    found = resolved()
    doubt = Doubt(start=30, end=33, reason=Reason.WEEDED, weight=0.5, box=HERE, path=path(30, 32))
    edits = covered(Edits(fingerprint=found.plan.fingerprint), found, doubt, (), 1.0)
    made = resolve(found.plan, edits).plan
    n = 3
    seen = Track(
        1, 30, np.array([HERE] * n, np.float32), np.full(n, Mark.DETECTED, np.uint8),
        np.full(n, 0.95, np.float32),
    )  # fmt: skip
    ours, sure = (
        Covers.of_plan(plan, CoverSettings()).at(30)[0].outline()
        for plan in (made, made.with_tracks([seen], ()))
    )
    assert np.ptp(ours, axis=0)[1] > 1.15 * np.ptp(sure, axis=0)[1]


def test_each_doubt_is_recorded_once_and_the_last_word_counts() -> None:
    plan = plan_of()
    doubts = [
        Doubt(start=at, end=at + 3, reason=Reason.WEEDED, weight=0.5, box=HERE) for at in (10, 50)
    ]
    first = recorded((), plan, doubts, Said.OK, "soft", plan_sha256="a")
    second = recorded(first, plan, doubts[:1], Said.COVER, "soft", plan_sha256="b")
    assert [(a.doubt, a.said) for a in second] == [
        (sign(doubts[1]), Said.OK),
        (sign(doubts[0]), Said.COVER),
    ]
