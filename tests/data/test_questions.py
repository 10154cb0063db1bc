"""Every doubt is asked about once, and together with others only where one look shows them."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from blur.data.answers import Group
from blur.data.doubts import ranked
from blur.data.moments import moments
from blur.data.plan import Box, Doubt, Fingerprint, Plan, Reason
from blur.data.questions import Question, questions

RATE = 25
HERE, BESIDE, THERE = Box(50, 50, 20, 20), Box(80, 60, 20, 20), Box(250, 50, 20, 20)


def plan_of(*doubts: Doubt) -> Plan:
    pts = tuple(range(60 * RATE))
    plan = Plan(Fingerprint(1, "a"), 320, 240, Fraction(1, RATE), pts)
    return plan.with_tracks((), doubts)


def asked(*doubts: Doubt) -> list[Question]:
    plan = plan_of(*doubts)
    return questions(plan, ranked(plan))


def weeded(start: int, end: int, box: Box | None = HERE) -> Doubt:
    return Doubt(start=start, end=end, reason=Reason.WEEDED, weight=0.5, box=box)


def test_each_place_and_each_cover_is_a_question_of_its_own() -> None:
    here, there = asked(weeded(100, 110), weeded(120, 125, THERE), weeded(90, 91))
    assert (here.start, here.end, len(here.doubts)) == (90, 110, 2) and len(there.doubts) == 1
    assert sorted(len(one.doubts) for one in asked(lost(0, 1), lost(20, 1), lost(5, 2, THERE))) == [
        1,
        2,
    ]


def lost(start: int, track: int, box: Box = HERE) -> Doubt:
    return Doubt(start=start, end=start + 9, reason=Reason.LOST, weight=0.3, track=track, box=box)


def test_a_person_who_comes_and_goes_in_a_moment_is_a_question_whatever_the_reasons() -> None:
    (one,) = asked(lost(100, 1), weeded(105, 112, BESIDE), weeded(130, 131))
    assert (one.start, one.end, len(one.doubts)) == (100, 131, 3)


def test_later_or_after_a_cut_it_is_another_question() -> None:
    assert len(asked(weeded(100, 110), weeded(140, 141, BESIDE))) == 2
    doubts = weeded(100, 110), weeded(115, 116, BESIDE)
    for cuts, count in (((), 1), ((112,), 2)):
        plan = dataclasses.replace(plan_of(*doubts), cuts=cuts)
        assert len(questions(plan, ranked(plan))) == count


def test_a_question_beside_others_lasts_no_longer_than_its_loop() -> None:
    walk = [
        weeded(20 * i, 20 * i + 20, Box(20 + 25 * (i // 30), 20 + 25 * (i % 30), 20, 20))
        for i in range(60)
    ]
    found = asked(*walk)
    assert 5 <= len(found) <= 8
    for one in found:
        assert one.end - one.start <= 10 * RATE
        assert one.start == min(d.start for d in one.doubts)
        assert one.end == max(d.end for d in one.doubts)


def test_stills_tell_as_much_as_a_loop_of_brief_doubts_at_a_place_and_of_covers() -> None:
    def is_still(*doubts: Doubt) -> bool:
        plan = plan_of(*doubts)
        (one,) = questions(plan, doubts)
        return one.is_still(plan)

    weak = Doubt(start=0, end=900, reason=Reason.WEAK, weight=0.3, track=1, box=HERE)
    assert is_still(weeded(0, 250)) and is_still(weak)
    assert not is_still(weeded(0, 200), weeded(300, 420))
    assert not is_still(weeded(0, 1, None))
    assert not is_still(replace(weak, reason=Reason.MET))


def test_the_same_place_is_asked_about_once_and_played_once() -> None:
    (one,) = asked(weeded(100, 110), *(weeded(at, at + 1) for at in range(300, 1200, 300)))
    assert (one.start, one.end, len(one.doubts)) == (100, 110, 4)


def test_whole_pictures_and_people_who_may_be_others_are_asked_about_alone() -> None:
    assert len(asked(weeded(100, 110, None), weeded(105, 112, None))) == 2
    met = [
        Doubt(start=at, end=at + 9, reason=Reason.MET, weight=0.3, track=1, box=HERE)
        for at in (0, 5)
    ]
    assert len(asked(*met)) == 2


def test_what_covers_too_much_is_asked_about_once_a_clip() -> None:
    weak = [
        Doubt(
            start=at, end=at + 200, reason=Reason.WEAK, weight=0.3, track=at, box=Box(at, 9, 9, 9)
        )
        for at in range(0, 1200, 100)
    ]
    (one,) = asked(*weak)
    assert len(one.doubts) == 12 and one.end - one.start <= 10 * RATE


doubts = st.builds(
    Doubt,
    start=st.integers(0, 1000),
    end=st.integers(1001, 1400),
    reason=st.sampled_from(Reason),
    weight=st.floats(0, 1),
    track=st.none() | st.integers(0, 3),
    box=st.none() | st.builds(Box, *[st.floats(1, 200)] * 4, angle=st.just(0.0)),
)


brief = st.builds(
    lambda start, frames, reason, x, y, size: Doubt(
        start=start, end=start + frames, reason=reason, weight=0.5, box=Box(x, y, size, size)
    ),
    st.integers(0, 300), st.integers(1, 30), st.sampled_from([Reason.WEEDED, Reason.RESIDUAL]),
    st.floats(0, 320), st.floats(0, 240), st.floats(4, 60),
)  # fmt: skip


@given(st.lists(doubts, max_size=12))
def test_every_doubt_is_in_one_question_of_its_group(found: list[Doubt]) -> None:
    plan = plan_of(*found)
    order = ranked(plan)
    place = {id(doubt): number for number, doubt in enumerate(order)}  # some are equal
    made = questions(plan, order)
    asked = [[place[id(doubt)] for doubt in one.doubts] for one in made]
    assert sorted(itertools.chain(*asked)) == list(range(len(order)))
    assert asked == sorted(map(sorted, asked))
    for one in made:
        assert len({Group.of(d.reason) for d in one.doubts}) == 1
        assert one.start <= one.doubts[0].start and one.doubts[0].end <= one.end


@given(st.lists(brief, max_size=12))
def test_stills_of_a_question_show_every_doubt_large_enough_on_its_own_frames(
    found: list[Doubt],
) -> None:
    plan = plan_of(*found)
    for one in questions(plan, ranked(plan)):
        assert len(one.doubts) <= 24
        shown = moments(plan, one.doubts)
        for doubt in one.doubts:
            assert doubt.box is not None
            x, y, size = doubt.box.cx, doubt.box.cy, max(doubt.box.w, doubt.box.h)
            there = [
                (at, square)
                for at, square in shown
                if abs(x - square.cx) + size <= square.w / 2
                and abs(y - square.cy) + size <= square.w / 2
                and square.w <= 1.5 * max(80, 5 * size) + 1e-6
            ]
            assert {doubt.start, doubt.end - 1} <= {at for at, _ in there}
