"""Places that whole looks pass over: none, unless a look or a close-up speaks for a face."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from blur.data.arrays import Gray, Picture
from blur.data.plan import Box
from blur.detect.landmarks import Mesh
from blur.scan.examination import Examination
from blur.scan.link import Tracklet, Verdict
from blur.scan.overlooked import (
    hardly_seen,
    judged_by_looks,
    overlooked,
    seen_by_one,
    seldom_seen,
)

EVERY_THIRD = np.arange(0, 61, 3)


def place(seen: Iterable[int], score: float, rows: Iterable[int], x: float = 200.0) -> Tracklet:
    """A place at `x`, on the frames of `rows`, detected on those of `seen`."""
    frames = np.array(list(rows))
    evidence = np.where(np.isin(frames, list(seen)), score, 0)[:, None].repeat(2, axis=1)
    boxes = np.tile(np.array([x, 200, 60, 60, 0], np.float32), (len(frames), 1))
    return Tracklet(frames, boxes, evidence.astype(np.float32))


@pytest.mark.parametrize(
    ("seen", "score", "rows", "verdict"),
    [
        ((0, 60), 0.4, range(61), Verdict.NONE),
        ((0, 60), 0.6, range(61), Verdict.OPEN),
        ((0, 60), 0.4, (0, 60), Verdict.OPEN),
        ((30, 31), 0.4, range(61), Verdict.OPEN),
    ],
    ids=["followed past twenty looks", "surely seen", "two appearances in a place", "brief"],
)
def test_a_place_that_whole_looks_pass_over_again_and_again_is_none(
    seen: tuple[int, ...], score: float, rows: Iterable[int], verdict: Verdict
) -> None:
    assert judged_by_looks(place(seen, score, rows), EVERY_THIRD).verdict is verdict


@pytest.mark.parametrize(
    ("seen", "score", "rows", "answer", "presence", "none"),
    [
        ([30], 0.4, range(61), 0.05, 0.9, True),
        ([30], 0.4, range(61), 0.12, 0.0, False),
        ([30], 0.46, range(61), 0.0, 0.0, False),
        ([30], 0.4, range(28, 34), 0.0, 0.0, False),
        (range(0, 24, 3), 0.3, range(61), 0.0, 0.0, True),
        (range(0, 24, 3), 0.3, range(61), 0.05, 0.0, False),
        (range(0, 24, 3), 0.3, range(61), 0.0, 0.2, False),
        (range(0, 48, 3), 0.3, range(61), 0.0, 0.0, False),
    ],
    ids=[
        "seen by one look of twenty-one",
        "close-ups answer",
        "a plain sighting",
        "brief",
        "seen by eight looks, wholly silent",
        "seen by eight looks, hardly silent",
        "seen by eight looks, landmarks answer",
        "seen by most looks",
    ],
)
def test_a_followed_place_that_hardly_any_look_sees_is_none(
    seen: Iterable[int],
    score: float,
    rows: Iterable[int],
    answer: float,
    presence: float,
    none: bool,
) -> None:
    assert overlooked(place(seen, score, rows), EVERY_THIRD, answer, presence) is none


@pytest.mark.parametrize(
    ("seen", "score", "rows", "hardly"),
    [
        ([9], 0.2, range(18), True),
        ([9], 0.2, range(15), False),
        ([9], 0.2, [9], False),
        ([9], 0.3, range(18), False),
        ([6, 9, 12], 0.2, range(24), True),
        ([3, 6, 9, 12], 0.2, range(30), False),
    ],
    ids=[
        "passed five times",
        "passed four times",
        "not followed",
        "not weak",
        "three sightings",
        "four sightings",
    ],
)
def test_few_and_weak_sightings_that_looks_pass_over_are_hardly_any(
    seen: Iterable[int], score: float, rows: Iterable[int], hardly: bool
) -> None:
    assert hardly_seen(place(seen, score, rows), EVERY_THIRD) is hardly


class Silent:
    """Close-ups of one answer, of both families, and landmarks of one presence."""

    def __init__(self, presence: float = 0.0, answer: float = 0.0) -> None:
        self.presence, self.answered = presence, answer

    def answer(self, gray: Gray, box: Box, family: str = "centerface") -> float:
        return self.answered

    def look(self, closeups: list[Picture]) -> list[Mesh]:
        return [Mesh(self.presence, np.zeros((468, 2), np.float32)) for _ in closeups]


def striped(grey: int, contrast: int) -> Gray:
    """Stripes of two greys, whose mean and standard deviation are given."""
    stripes = np.where(np.arange(600) % 20 < 10, grey - contrast, grey + contrast)
    return np.tile(stripes.astype(np.uint8), (400, 1))


@pytest.mark.parametrize(
    ("x", "picture", "followed", "verdict"),
    [
        (200.0, striped(128, 0), range(61), Verdict.NONE),
        (200.0, striped(20, 20), range(61), Verdict.NONE),
        (200.0, striped(20, 5), range(61), Verdict.OPEN),
        (200.0, striped(128, 0), [30], Verdict.OPEN),
        (10.0, striped(128, 0), range(61), Verdict.OPEN),
    ],
    ids=["in the open", "in the dark", "flat and dark", "not followed", "cut by the edge"],
)
def test_looks_and_close_ups_give_the_verdict_together(
    x: float, picture: Gray, followed: Iterable[int], verdict: Verdict
) -> None:
    """A sighting of 0.4 is not weak enough for close-ups alone."""
    seen, silent = place([30], 0.4, [30], x), Silent()
    examination = Examination([seen], silent, silent.look, 1.0)
    assert [f for f in range(61) if examination.wants(f)] == [30]
    examination.see(30, picture)
    pursued = place([30], 0.4, followed, x)
    assert examination.verdicts([pursued], EVERY_THIRD) == [verdict]


LIT, DARK, DULL, BLACK = striped(128, 0), striped(20, 20), striped(20, 5), striped(4, 3)


@pytest.mark.parametrize(
    ("x", "picture", "followed", "silent", "verdict"),
    [
        (200.0, DARK, range(21, 39), Silent(), Verdict.NONE),
        (200.0, DULL, range(21, 39), Silent(), Verdict.OPEN),
        (20.0, LIT, range(21, 39), Silent(), Verdict.NONE),
        (20.0, DARK, range(21, 39), Silent(), Verdict.NONE),
        (10.0, LIT, range(21, 39), Silent(), Verdict.OPEN),
        (200.0, DARK, range(24, 36), Silent(), Verdict.OPEN),
        (200.0, DARK, range(21, 39), Silent(0.6), Verdict.OPEN),
        (200.0, LIT, range(21, 39), Silent(answer=0.13), Verdict.NONE),
        (200.0, LIT, range(21, 39), Silent(answer=0.14), Verdict.UNLIKELY),
        (200.0, DARK, range(21, 39), Silent(answer=0.13), Verdict.NONE),
        (200.0, BLACK, range(21, 39), Silent(), Verdict.NONE),
        (200.0, BLACK, range(21, 39), Silent(answer=0.13), Verdict.OPEN),
        (20.0, LIT, range(21, 39), Silent(answer=0.13), Verdict.OPEN),
    ],
    ids=[
        "in the dark",
        "in the dark, and flat",
        "a fifth out of the picture",
        "both",
        "a third out of the picture",
        "passed three times",
        "landmarks answer",
        "in the light, close-ups hardly answer",
        "in the light, close-ups answer",
        "in the dark, close-ups hardly answer",
        "in the black",
        "in the black, close-ups hardly answer",
        "at the edge, close-ups hardly answer",
    ],
)
def test_what_is_hardly_seen_is_none(
    x: float, picture: Gray, followed: Iterable[int], silent: Silent, verdict: Verdict
) -> None:
    seen = place([30], 0.2, [30], x)
    examination = Examination([seen], silent, silent.look, 1.0)
    examination.see(30, picture)
    pursued = place([30], 0.2, followed, x)
    assert examination.verdicts([pursued], EVERY_THIRD) == [verdict]


@pytest.mark.parametrize(("scale", "seldom"), [(3.0, True), (3.1, False)], ids=["large", "small"])
def test_a_small_place_is_not_seldom_seen(scale: float, seldom: bool) -> None:
    """It is 60 pixels large, 20 and 19 of them in the picture that it is followed on."""
    assert seldom_seen(place([30], 0.4, range(61)), EVERY_THIRD, scale) is seldom


@pytest.mark.parametrize(
    ("score", "picture", "followed", "answer", "verdict"),
    [
        (0.4, LIT, range(61), 0.13, Verdict.NONE),
        (0.4, DARK, range(61), 0.13, Verdict.OPEN),
        (0.4, LIT, range(21, 39), 0.13, Verdict.OPEN),
        (0.46, LIT, range(61), 0.13, Verdict.OPEN),
        (0.4, LIT, range(61), 0.14, Verdict.OPEN),
    ],
    ids=["in the light", "in the dark", "passed five times", "plainly seen", "close-ups answer"],
)
def test_what_few_of_many_looks_see_is_none_in_the_light(
    score: float, picture: Gray, followed: Iterable[int], answer: float, verdict: Verdict
) -> None:
    silent = Silent(answer=answer)
    examination = Examination([place([30], score, [30])], silent, silent.look, 1.0)
    examination.see(30, picture)
    pursued = place([30], score, followed)
    assert examination.verdicts([pursued], EVERY_THIRD) == [verdict]


def by_families(first: int, second: int, score: float = 0.8, size: float = 60.0) -> Tracklet:
    """Sightings on every third frame, of which so many are by each family."""
    count = max(first, second)
    evidence = np.zeros((count, 2), np.float32)
    evidence[:first, 0], evidence[:second, 1] = 0.2, score
    boxes = np.tile(np.array([200, 200, size, size, 0], np.float32), (count, 1))
    return Tracklet(3 * np.arange(count), boxes, evidence, hits=0.45)


@pytest.mark.parametrize(
    ("tracklet", "alone"),
    [
        (by_families(0, 12), True),
        (by_families(2, 16), True),
        (by_families(3, 16), False),
        (by_families(0, 9), False),
        (by_families(12, 0), False),
        (by_families(0, 12, score=0.86), False),
        (by_families(0, 12, size=40.0), False),
    ],
    ids=[
        "twelve times",
        "an eighth of them by the first",
        "more of them by the first",
        "fewer",
        "by the first",
        "surely",
        "small",
    ],
)
def test_a_place_that_the_second_family_alone_sees_again_and_again(
    tracklet: Tracklet, alone: bool
) -> None:
    assert seen_by_one(tracklet, 2.0) is alone


@pytest.mark.parametrize(
    ("presence", "pursued", "verdict"),
    [
        (0.0, by_families(0, 20), Verdict.NONE),
        (0.4, by_families(0, 20), Verdict.OPEN),
        (1.0, by_families(0, 20), Verdict.FACE),
        (0.0, by_families(6, 20), Verdict.OPEN),
    ],
    ids=[
        "silent",
        "landmarks answer a little",
        "landmarks prove",
        "the first sees it in its pursuit",
    ],
)
def test_what_one_family_sees_well_is_none_where_close_ups_are_silent(
    presence: float, pursued: Tracklet, verdict: Verdict
) -> None:
    silent = Silent(presence)
    examination = Examination([by_families(0, 20)], silent, silent.look, 1.0)
    for frame in filter(examination.wants, range(60)):
        examination.see(frame, np.full((400, 600), 128, np.uint8))
    assert examination.verdicts([pursued], EVERY_THIRD) == [verdict]
