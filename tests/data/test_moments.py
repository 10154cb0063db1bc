"""The stills of a doubt leave no moment out that viewers could see."""

from __future__ import annotations

import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from blur.data.moments import beats, fullest, moments, squares
from blur.data.plan import Box, Doubt, Fingerprint, Keyframe, Plan, Reason

HERE = Box(50, 50, 30, 20)


def plan_of(steps: list[int]) -> Plan:
    pts = [0]
    for step in steps:
        pts.append(pts[-1] + step)
    return Plan(Fingerprint(1, "a"), 320, 240, Fraction(1, 1000), tuple(pts))


def weeded(start: int, end: int, *path: Keyframe) -> Doubt:
    return Doubt(
        start=start, end=end, reason=Reason.WEEDED, weight=0.5, box=HERE, path=path
    )  # fmt: skip


@given(st.lists(st.sampled_from([8, 17, 33, 40, 90, 250]), min_size=2, max_size=80))
def test_less_than_a_tenth_of_a_second_is_left_out_at_a_time(steps: list[int]) -> None:
    plan = plan_of(steps)
    frames = [at for at, _ in moments(plan, [weeded(0, plan.frames)])]
    assert (frames[0], frames[-1]) == (0, plan.frames - 1)
    for one, other in itertools.pairwise(frames):
        assert other == one + 1 or plan.seconds(other) - plan.seconds(one + 1) < 0.1


def test_sightings_are_shown_where_they_were() -> None:
    plan = plan_of([40] * 100)
    path = (
        Keyframe(10, HERE),
        Keyframe(11, Box(60, 50, 30, 20)),
        Keyframe(13, Box(80, 50, 30, 20)),
    )
    shown = dict(moments(plan, [weeded(10, 14, *path)]))
    assert {at: box.cx for at, box in shown.items()} == {10: 50, 11: 60, 13: 80}
    assert {box.w for box in shown.values()} == {150}


def test_moments_that_follow_each_other_are_shown_as_in_the_film() -> None:
    plan = plan_of([40] * 200)
    assert beats(plan, [(at, HERE) for at in (0, 3, 6, 90, 150)]) == [1, 1, 1, 3, 3]


def test_a_moment_elsewhere_is_shown_as_long_as_one_alone() -> None:
    plan = plan_of([40] * 200)
    there = HERE._replace(cx=250)
    shown = [(0, HERE), (0, there), (1, HERE), (1, there), (2, HERE), (3, HERE)]
    assert beats(plan, shown) == [3, 3, 3, 3, 1, 1]


def test_places_beside_each_other_are_in_one_square_and_others_in_two() -> None:
    beside, there = HERE._replace(cx=90), HERE._replace(cx=250)
    small = HERE._replace(w=6, h=6)
    (both,) = squares([HERE, beside])
    assert both.cx == 70 and 150 <= both.w <= 1.5 * 150
    assert len(squares([HERE, there])) == 2
    assert len(squares([HERE._replace(w=90, h=90), small])) == 2  # too small beside a large one


def test_doubts_at_a_time_share_their_moments() -> None:
    plan = plan_of([40] * 100)
    one, other = weeded(0, 50), replace(weeded(1, 50), box=HERE._replace(cx=80))
    assert len(moments(plan, [one, other])) <= len(moments(plan, [one])) + 2


def test_the_frame_that_the_most_doubts_are_about() -> None:
    assert fullest([weeded(0, 50), weeded(40, 60), weeded(45, 46), weeded(70, 90)]) == 45
