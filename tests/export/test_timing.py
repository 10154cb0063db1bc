from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.plan import Fingerprint, Plan
from blur.export.timing import Timing


def clip(pts: list[int], time_base: Fraction) -> Plan:
    return Plan(Fingerprint(1, "a"), 100, 100, time_base, tuple(pts))


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
    timing = Timing(clip(pts, time_base))
    assert timing.rate == rate
    assert [timing.count(i) for i in range(len(pts))] == list(range(len(pts)))


@given(st.lists(st.integers(1, 400), min_size=3, max_size=60))
def test_frames_of_a_varying_rate_keep_their_time(gaps: list[int]) -> None:
    plan = clip(np.cumsum([0, *gaps]).tolist(), Fraction(1, 1000))
    timing = Timing(plan)
    for frame in range(plan.frames):
        off = abs(timing.count(frame) / timing.rate - Fraction(plan.pts[frame], 1000))
        steady = max(gaps) - min(gaps) <= 1
        assert off <= (Fraction(2, 1000) * (frame + 1) if steady else 1 / timing.rate)


def test_timecode_counts_frames_and_never_drops_any() -> None:
    timing = Timing(clip([i * 1001 for i in range(9)], Fraction(1, 30000)))
    assert timing.timecode(29) == "00:00:00:29"
    assert timing.timecode(30 * 60) == "00:01:00:00"
    assert timing.timecode(0, 30 * 3600) == "01:00:00:00"
