"""Verdicts: what close-ups prove, what they leave open, and what they drop."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blur.data.arrays import Gray, Picture
from blur.data.plan import Box
from blur.detect.closeup import Closeup
from blur.detect.landmarks import Mesh
from blur.detect.registry import load_detector, load_landmarks
from blur.scan.company import count_faces
from blur.scan.examination import Examination, moments
from blur.scan.link import Tracklet, Verdict
from blur.scan.verdict import Finding, judged

PLACE = Box(300, 200, 60, 80)
NO_LOOKS = np.zeros(0, np.intp)
SEVERITY = [Verdict.NONE, Verdict.UNLIKELY, Verdict.OPEN, Verdict.FACE]


def tracklet(scores: Sequence[float], hits: float = 1.0, box: Box = PLACE) -> Tracklet:
    """Sightings on every third frame at one place, by the first family."""
    evidence = np.array([[score, 0.0] for score in scores], np.float32)
    boxes = np.array([box] * len(scores), np.float32)
    return Tracklet(3 * np.arange(len(scores)), boxes, evidence, hits)


def findings(
    answers: Sequence[float],
    presence: Sequence[float] = (0.0, 0.0, 0.0, 0.0, 0.0),
    upright: float = 0.0,
    fit: bool = True,
) -> list[Finding]:
    return [
        Finding(3 * i, PLACE, answer, upright, there, fit)
        for i, (answer, there) in enumerate(zip(answers, presence, strict=False))
    ]


# From scans of real videos and of photographs filmed with a moving camera: scores, hits, answers
# and presence of the landmarks, whether it lies on a body, verdict.
RECORDED = [
    ("hands", [0.33, 0.55, 0.42, 0.17], 0.3, [0.02, 0.02, 0.09], [0.0], True, "NONE"),
    ("hands, nobody there", [0.33, 0.55, 0.42, 0.17], 0.5, [0.09], [0.0], False, "UNLIKELY"),
    ("a sleeve", [0.51, 0.23, 0.54, 0.49, 0.17], 0.33, [0.2, 0.25, 0.1], [0.1], True, "NONE"),
    ("a blanket", [0.67, 0.2, 0.15, 0.14] * 9, 0.3, [0.04, 0.03], [0.0], False, "NONE"),
    ("hands, once like a face", [0.6, 0.5, 0.5], 0.3, [0.1] * 5, [0.1, 0.87], True, "NONE"),
    ("a sleeve, seen once", [0.17], 1.0, [0.11], [0.0], True, "NONE"),
    ("a sleeve, nobody there", [0.17], 1.0, [0.11], [0.0], False, "UNLIKELY"),
    ("texture, seen once", [0.22], 1.0, [0.02], [0.01], False, "NONE"),
    ("face: lying, masked", [0.78, 0.71, 0.81, 0.6, 0.83], 0.5, [0.08] * 5, [0.1], True, "OPEN"),
    ("face: blurred", [0.53, 0.37, 0.5, 0.51] * 5, 0.5, [0.1] * 5, [0.03], False, "UNLIKELY"),
    ("face: twice in a pan", [0.38, 0.37], 0.67, [0.24, 0.24], [0.0], True, "OPEN"),
    ("face: turned sideways", [0.49, 0.4, 0.45], 0.6, [0.14] * 3, [1.0, 0.9, 0.9], True, "OPEN"),
    ("face: seen once, half", [0.37], 1.0, [0.05], [0.1], False, "UNLIKELY"),
]


@pytest.mark.parametrize(
    ("scores", "hits", "answers", "presence", "on_body", "verdict"),
    [pytest.param(*rest, id=name) for name, *rest in RECORDED],
)
def test_recorded_tracklets(
    scores: list[float],
    hits: float,
    answers: list[float],
    presence: list[float],
    on_body: bool,
    verdict: str,
) -> None:
    there = [*presence, *[0.0] * len(answers)]
    found = findings(answers, there)
    assert judged(tracklet(scores, hits), found, on_body) is Verdict[verdict]


def test_landmarks_upright_prove_a_face_at_a_single_moment() -> None:
    found = [*findings([0.0, 0.0]), *findings([0.0], [0.95], upright=0.95)]
    assert judged(tracklet([0.2] * 3), found, on_body=True) is Verdict.FACE


def test_in_the_dark_and_at_the_edge_nothing_is_dropped() -> None:
    blind = findings([0.0, 0.0], fit=False)
    assert judged(tracklet([0.2] * 3), blind, on_body=True) is Verdict.OPEN
    assert judged(tracklet([0.2] * 3), [], on_body=True) is Verdict.OPEN


@pytest.mark.parametrize(
    ("score", "hits", "fit", "on_body", "verdict"),
    [
        pytest.param(0.28, 0.18, [False, True, True, False], True, "NONE", id="hands"),
        pytest.param(0.28, 0.18, [False, True, True, False], False, "OPEN", id="on no body"),
        pytest.param(0.35, 0.18, [False, True, True, False], True, "OPEN", id="not weak"),
        pytest.param(0.28, 0.3, [False, True, True, False], True, "OPEN", id="seen by more looks"),
        pytest.param(0.28, 0.18, [False, True, False, False], True, "OPEN", id="mostly blind"),
    ],
)
def test_half_of_the_moments_tell_of_a_weak_place_on_a_body_that_looks_pass_over(
    score: float, hits: float, fit: list[bool], on_body: bool, verdict: str
) -> None:
    """Recorded hands that leave the picture at its lower edge, before a dark floor."""
    moments = findings([0.0, 0.05, 0.19, 0.0], [0.05, 0.23, 0.0, 0.0])
    found = [f._replace(fit=there) for f, there in zip(moments, fit, strict=True)]
    assert judged(tracklet([score] * 4, hits), found, on_body) is Verdict[verdict]


@pytest.mark.parametrize(
    ("scores", "hits", "verdict"),
    [
        pytest.param([0.5] * 18, 0.45, "NONE", id="hands"),
        pytest.param([0.49] * 18, 0.9, "UNLIKELY", id="face: blurred, in a mask"),
        pytest.param([0.25] * 21, 1.0, "UNLIKELY", id="face: the same, weak"),
        pytest.param([0.25] * 2, 1.0, "NONE", id="twice tells little"),
    ],
)
def test_what_looks_see_steadily_on_a_body_stays(
    scores: list[float], hits: float, verdict: str
) -> None:
    found = findings([0.2, 0.18, 0.15, 0.15, 0.19])
    assert judged(tracklet(scores, hits), found, on_body=True) is Verdict[verdict]


share = st.floats(0, 1)


@example([0.1] * 3, 0.0, [(0.0, 0.0)], True, False, 0.22)  # of one moment
@given(
    st.lists(share.map(lambda s: 0.1 + 0.9 * s), min_size=1, max_size=9),
    share,
    st.lists(st.tuples(share, share), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
    share,
)
def test_more_evidence_never_uncovers(
    scores: list[float],
    hits: float,
    seen: list[tuple[float, float]],
    on_body: bool,
    lone: bool,
    more: float,
) -> None:
    def verdict(add: float) -> int:
        up = [min(1.0, s + add) for s in scores]
        found = [
            Finding(i, PLACE, min(1.5, answer + add), 0.0, min(1.0, presence + add), True)
            for i, (answer, presence) in enumerate(seen)
        ]
        return SEVERITY.index(judged(tracklet(up, hits), found, on_body, lone))

    assert (verdict(more) == 0) <= (verdict(0.0) == 0)


def test_moments_are_the_best_of_equal_parts() -> None:
    scores = [0.1, 0.3, 0.2, 0.6, 0.5, 0.4, 0.2, 0.2, 0.9]
    assert moments(tracklet(scores), 3) == [1, 3, 8]
    assert moments(tracklet(scores[:2]), 3) == [0, 1]


class Counting:
    """Close-ups of one score, and landmarks of one presence."""

    def __init__(self, presence: float, score: float = 0.0) -> None:
        self.presence, self.score, self.answers, self.looks = presence, score, 0, 0

    def answer(self, gray: Gray, box: Box, family: str = "centerface") -> float:
        self.answers += 1
        return self.score

    def look(self, closeups: Sequence[npt.NDArray[np.uint8]]) -> list[Mesh]:
        self.looks += 1
        return [Mesh(self.presence, np.zeros((468, 2), np.float32)) for _ in closeups]


@pytest.mark.parametrize(
    ("scores", "hits", "presence", "score", "answers", "looks"),
    [
        pytest.param([0.9] * 9, 1.0, 1.0, 0.0, 0, 0, id="well seen"),
        pytest.param([0.5] * 9, 1.0, 0.0, 0.0, 0, 0, id="often seen, on no body"),
        pytest.param([0.4] * 9, 1.0, 0.0, 0.35, 1, 1, id="faint, not silent"),
        pytest.param([0.5] * 2, 1.0, 0.0, 0.0, 0, 0, id="briefly seen, not weakly"),
        pytest.param([0.4] * 9, 0.2, 1.0, 0.0, 2, 1, id="rarely seen, proven at once"),
        pytest.param([0.4] * 9, 0.2, 0.0, 0.0, 10, 10, id="rarely seen, silent"),
        pytest.param([0.4] * 9, 0.2, 0.0, 0.08, 6, 6, id="rarely seen, not silent"),
    ],
)
def test_close_ups_are_taken_only_where_they_can_drop(
    scores: list[float], hits: float, presence: float, score: float, answers: int, looks: int
) -> None:
    counting = Counting(presence, score)
    examination = Examination([tracklet(scores, hits)], counting, counting.look, 1.0)
    assert examination.may_drop(0) == (answers > 0)
    for frame in range(30):
        if examination.wants(frame):
            examination.see(frame, np.full((400, 600), 128, np.uint8))
    assert (counting.answers, counting.looks) == (answers, looks)


@pytest.mark.parametrize(
    ("box", "score", "hits", "people", "verdict"),
    [
        pytest.param(Box(300, 200, 16, 20), 0.2, 0.4, None, "NONE", id="gravel"),
        pytest.param(Box(4, 200, 16, 20), 0.2, 0.4, None, "NONE", id="gravel at the edge"),
        pytest.param(Box(300, 200, 16, 20), 0.2, 0.4, 250, "UNLIKELY", id="people soon"),
        pytest.param(Box(300, 200, 16, 20), 0.2, 0.4, 900, "NONE", id="people long after"),
        pytest.param(Box(300, 200, 20, 24), 0.2, 0.4, None, "UNLIKELY", id="not tiny"),
        pytest.param(Box(300, 200, 16, 20), 0.2, 0.6, None, "UNLIKELY", id="steady"),
        pytest.param(Box(300, 200, 16, 20), 0.4, 0.4, None, "OPEN", id="not weak"),
    ],
)
def test_what_is_weak_and_tiny_is_dropped_where_nobody_is_about(
    box: Box, score: float, hits: float, people: int | None, verdict: str
) -> None:
    seen = [tracklet([score] * 3, hits, box)]
    if people is not None:
        other = tracklet([0.3] * 3, box=Box(500, 200, 16, 20))
        seen.append(dataclasses.replace(other, frames=other.frames + people))
    counting = Counting(0.0, 0.1)
    examination = Examination(seen, counting, counting.look, 1.0)
    for frame in range(0, 9, 3):
        if examination.wants(frame):
            examination.see(frame, np.full((400, 600), 128, np.uint8))
    assert examination.verdicts(seen, NO_LOOKS)[0] is Verdict[verdict]


def test_a_real_face_is_proven_and_her_suit_is_dropped(astronaut: Picture) -> None:
    gray = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    face = tracklet([0.9] * 5, box=Box(224, 118, 82, 105))
    suit = tracklet([0.3] * 5, 0.3, Box(240, 250, 82, 105))
    landmarks = load_landmarks()
    examination = Examination([face, suit], Closeup(load_detector, 1.0), landmarks.look, 1.0)
    for frame in range(0, 15, 3):
        examination.see(frame, gray)
    assert examination.verdicts([face, suit], NO_LOOKS) == [Verdict.FACE, Verdict.NONE]


def test_in_a_crowd_a_place_on_a_body_tells_nothing() -> None:
    """Proven faces stand side by side; hands below one of them are dropped only among few."""
    hands = tracklet([0.5, 0.4, 0.45], 0.5, Box(100, 300, 50, 60))

    def look(closeups: Sequence[npt.NDArray[np.uint8]]) -> list[Mesh]:
        bright = [closeup[80:112, 80:112].mean() > 150 for closeup in closeups]
        return [Mesh(float(b), np.zeros((468, 2), np.float32)) for b in bright]

    def verdict(people: int) -> Verdict:
        gray = np.full((500, 1200), 100, np.uint8)
        faces = [Box(100 + 150 * i, 150, 60, 80) for i in range(people)]
        for face in faces:
            cv2.circle(gray, (int(face.cx), int(face.cy)), 40, 200, -1)
        seen = [hands, *(tracklet([0.9] * 3, box=face) for face in faces)]
        examination = Examination(seen, Counting(0.0), look, 1.0)
        for frame in range(0, 9, 3):
            examination.see(frame, gray)
        return examination.verdicts(seen, NO_LOOKS)[0]

    assert [verdict(n) for n in (0, 1, 3, 4)] == [
        Verdict.OPEN,
        Verdict.NONE,
        Verdict.NONE,
        Verdict.OPEN,
    ]


@pytest.mark.parametrize(("people", "verdict"), [(3, "NONE"), (4, "OPEN")])
def test_a_weak_face_in_a_crowd_is_not_even_asked_for(people: int, verdict: str) -> None:
    weak = tracklet([0.22], box=Box(560, 200, 30, 40))
    crowd = [tracklet([0.9] * 3, box=Box(60 + 110 * i, 200, 60, 80)) for i in range(people)]
    counting = Counting(0.0)
    examination = Examination([weak, *crowd], counting, counting.look, 1.0)
    examination.see(0, np.full((400, 600), 128, np.uint8))
    assert examination.verdicts([weak, *crowd], NO_LOOKS)[0] is Verdict[verdict]


@pytest.mark.parametrize(
    ("late", "aside", "count"),
    [(3, 0, 3), (3, 110, 3), (3, 130, 6), (0, 110, 6), (30, 0, 3)],
    ids=["pieces", "pieces of one who moves", "too far", "on the same frames", "long after"],
)
def test_pieces_of_one_face_count_once_in_a_crowd(late: int, aside: int, count: int) -> None:
    """Three people far from each other, each of whom two tracklets see, every second look."""
    pieces = [
        dataclasses.replace(tracklet([0.9] * 3, box=Box(x, 200, 60, 80)), frames=frames + shift)
        for x in (100.0, 900.0, 1700.0)
        for x, shift in ((x, 0), (x + aside, late))
        for frames in [np.array([0, 6, 12])]
    ]
    assert count_faces(pieces, 6) == count


def test_three_people_in_six_tracklets_are_no_crowd() -> None:
    weak = tracklet([0.22], box=Box(560, 200, 30, 40))
    halves = [
        dataclasses.replace(face, frames=np.array([0, 6, 12]) + 3 * half)
        for i in range(3)
        for half, face in enumerate([tracklet([0.9] * 3, box=Box(60 + 150 * i, 200, 60, 80))] * 2)
    ]
    counting = Counting(0.0)
    examination = Examination([weak, *halves], counting, counting.look, 1.0)
    examination.see(0, np.full((400, 600), 128, np.uint8))
    assert examination.verdicts([weak, *halves], NO_LOOKS)[0] is Verdict.NONE
