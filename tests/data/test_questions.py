"""Every doubt is asked about once, and together with others only where one look shows them."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from blur.data.answers import Group
from blur.data.doubts import ranked
from blur.data.plan import Box, Doubt, Fingerprint, Plan, Reason
from blur.data.questions import Question, questions

RATE = 25
HERE, THERE = Box(50, 50, 20, 20), Box(150, 50, 20, 20)


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
    lost = [
        Doubt(start=at, end=at + 9, reason=Reason.LOST, weight=0.3, track=track, box=HERE)
        for at, track in ((0, 1), (20, 1), (5, 2))
    ]
    assert sorted(len(one.doubts) for one in asked(*lost)) == [1, 2]


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


@given(st.lists(doubts, max_size=12))
def test_every_doubt_is_in_one_question_of_its_group(found: list[Doubt]) -> None:
    plan = plan_of(*found)
    made = questions(plan, ranked(plan))
    assert sorted(id(d) for q in made for d in q.doubts) == sorted(id(d) for d in ranked(plan))
    for one in made:
        assert len({(Group.of(d.reason), d.reason, d.track is None) for d in one.doubts}) == 1
        assert one.start <= one.doubts[0].start and one.doubts[0].end <= one.end
