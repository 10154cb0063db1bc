"""Looks are taken on time, and their sightings lie where the faces are in the frame."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.arrays import Picture
from blur.data.boxes import wrapped
from blur.data.sightings import FAMILIES
from blur.detect.detections import Detections
from blur.detect.pyramid import Pyramid
from blur.errors import DetectorError
from blur.scan.looks import LEVELS, LookClock, LookRequest, ScanLooks, smallest_face
from blur.settings import Level

WIDTH, HEIGHT = 1280, 720


class FlagFinder:
    """Sees red flags that stand upright, a blue band at their top; counts the pictures it got."""

    def __init__(self, name: str) -> None:
        self.name = self.family = name
        self.shapes: list[tuple[int, ...]] = []
        self.least = 0

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        self.shapes += [p.shape for p in pictures]
        return [self._one(p) for p in pictures]

    def _one(self, picture: Picture) -> Detections:
        flag = (picture[..., 1] < 60) & ((picture[..., 0] > 150) | (picture[..., 2] > 150))
        if not flag.any():
            return Detections.none()
        y, x = np.nonzero(flag)
        left, right, top, bottom = x.min(), x.max() + 1, y.min(), y.max() + 1
        if min(right - left, bottom - top) < self.least:
            return Detections.none()
        band = picture[top + (bottom - top) // 8, (left + right) // 2]
        if band[2] < 150:
            return Detections.none()
        box = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 0]
        score = 0.8 if self.name == "centerface" else 0.6
        return Detections.of(np.array([box], np.float32), np.array([score], np.float32), self.name)


def flag(size: tuple[int, int], x: float, y: float, turns: int = 0) -> Picture:
    """A picture of `size` with an 8 by 10 % flag at (x, y), shares of it, `turns` quarter turns
    clockwise."""
    width, height = size
    w, h = round(0.08 * width), round(0.1 * width)
    cloth = np.zeros((h, w, 3), np.uint8)
    cloth[..., 0] = 230
    cloth[: h // 4] = (0, 0, 230)
    cloth = np.rot90(cloth, -turns)
    out = np.full((height, width, 3), 128, np.uint8)
    top, left = round(y * height - cloth.shape[0] / 2), round(x * width - cloth.shape[1] / 2)
    out[top : top + cloth.shape[0], left : left + cloth.shape[1]] = cloth
    return out


@pytest.fixture
def finders() -> dict[str, FlagFinder]:
    return {name: FlagFinder(name) for name in FAMILIES}


Make = Callable[..., ScanLooks]


@pytest.fixture
def search(finders: dict[str, FlagFinder]) -> Make:
    def make(
        level: Level, width: int = WIDTH, height: int = HEIGHT, *, still: bool = False
    ) -> ScanLooks:
        return ScanLooks(level, width, height, lambda name: finders[name], still)

    return make


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (3840, 2160), (320, 240), (641, 361)])
@pytest.mark.parametrize("turns", range(4))
def test_every_look_finds_a_flag_in_every_turn(
    search: Make, level: Level, size: tuple[int, int], turns: int
) -> None:
    """A flag of any turn is seen once, where it is, with its angle; in a new shot at once."""
    made = search(level, *size)
    [found] = made.take([LookRequest(7, flag(made.size_at(None), 0.3, 0.7, turns), None)])
    assert found.frame == 7
    [box] = found.boxes
    assert box[:2] == pytest.approx([0.3 * size[0], 0.7 * size[1]], abs=max(size) / 100)
    assert box[2:4] == pytest.approx([0.08 * size[0], 0.1 * size[0]], rel=0.1)
    assert wrapped(box[4] - 90.0 * turns) == pytest.approx(0)


@pytest.mark.parametrize("level", Level)
def test_the_schedule_takes_every_turn_within_half_a_second(level: Level) -> None:
    """At 30 frames per second, on which all levels look at every third frame at least."""
    for start in range(60):
        due = [
            look for look in LEVELS[level] for tick in range(start, start + 15) if look.due(tick)
        ]
        assert {look.turns for look in due} == {0, 1, 2, 3}


@pytest.mark.parametrize("level", Level)
def test_every_tick_of_the_clock_has_a_look(level: Level) -> None:
    clock = LookClock(level, Fraction(1, 30))
    ticks = [clock.tick(pts, pts + 1) for pts in range(120)]
    looked = [tick for tick in ticks if tick is not None]
    assert all(any(look.due(tick) for look in LEVELS[level]) for tick in looked)
    assert len(looked) == (120 if level is Level.THOROUGH else 40)


@given(
    st.sampled_from(Level),
    st.sampled_from([Fraction(1, 1000), Fraction(1, 90000), Fraction(1001, 30000)]),
    st.lists(st.integers(1, 5000), min_size=1, max_size=200),
)
def test_no_tenth_of_a_second_is_shown_unseen(
    level: Level, time_base: Fraction, durations: list[int]
) -> None:
    """Nor a frame that is shown for so long, whatever the frame rate."""
    pts = [0, *itertools.accumulate(durations)]
    clock = LookClock(level, time_base)
    unseen = Fraction(0)
    for at, following in itertools.pairwise(pts):
        if clock.tick(at, following) is None:
            unseen += (following - at) * time_base
            assert unseen < Fraction(1, 10)
        else:
            unseen = Fraction(0)
    assert clock.tick(pts[-1], None) is not None


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160)])
def test_only_the_looks_that_are_due_are_taken(
    search: Make, finders: dict[str, FlagFinder], level: Level, size: tuple[int, int]
) -> None:
    made = search(level, *size)
    looks = [look for look in LEVELS[level] if look.least <= size[0]]
    for frame in range(40):
        due = [look for look in looks if frame % look.every == look.phase]
        if due:
            made.take([LookRequest(frame, flag(made.size_at(frame), 0.5, 0.5), frame)])
        pictures = sum(4 if look.quartered else 1 for look in due)
        assert sum(len(f.shapes) for f in finders.values()) == pictures
        for finder in finders.values():
            finder.shapes.clear()


def test_looks_that_differ_in_phase_alone_are_taken_once(
    search: Make, finders: dict[str, FlagFinder]
) -> None:
    """At 4K two looks quarter the frame, each on every 48th: between cuts one of them is due."""
    made = search(Level.BALANCED, 3840, 2160)
    own = [look for look in LEVELS[Level.BALANCED] if look.detector == "centerface"]
    pair = [look for look in own if look.quartered]
    assert len({look.on(3840) for look in pair}) == 1 < len(pair)
    made.take([LookRequest(7, flag(made.size_at(None), 0.5, 0.5), None)])
    upright = [shape for shape in finders["centerface"].shapes if shape[:2] == (544, 960)]
    assert len(upright) == 4 + 1


def test_evidence_tells_the_families_apart(search: Make) -> None:
    made = search(Level.BALANCED)
    [found] = made.take([LookRequest(0, flag(made.size_at(None), 0.5, 0.5), None)])
    assert found.evidence[0].tolist() == pytest.approx([0.8, 0.6])


def test_frames_that_are_looked_at_together_keep_their_own_sightings(search: Make) -> None:
    made = search(Level.BALANCED)
    places = [0.2, 0.4, 0.6, 0.8]
    requests = [
        LookRequest(i, flag(made.size_at(None), x, 0.5), i if i % 2 else None)
        for i, x in enumerate(places)
    ]
    found = made.take(
        [*requests[:1], LookRequest(9, np.zeros_like(requests[0].picture), None), *requests[1:]]
    )
    assert [s.frame for s in found] == [0, 9, 1, 2, 3]
    assert len(found[1]) == 0
    for sighting in (found[0], found[3]):
        x = places[sighting.frame] * WIDTH
        assert sighting.boxes[:, 0] == pytest.approx([x], abs=5)


def test_no_request_is_no_sighting(search: Make) -> None:
    assert search(Level.BALANCED).take([]) == []


def test_small_clips_are_looked_at_enlarged_and_none_out_of_shape(search: Make) -> None:
    assert max(search(Level.BALANCED, 320, 240).size_at(None)) == 640
    for width, height in ((3840, 2160), (1080, 1920), (320, 240)):
        size = search(Level.BALANCED, width, height).size_at(None)
        assert size[0] / size[1] == pytest.approx(width / height, rel=0.01)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize(("size", "place"), [((2700, 1300), (2431, 960)), ((1200, 1500), (31, 77))])
def test_small_faces_of_large_photographs_are_seen_in_every_turn(
    search: Make,
    finders: dict[str, FlagFinder],
    level: Level,
    turns: int,
    size: tuple[int, int],
    place: tuple[int, int],
) -> None:
    """By detectors that see nothing under 30 pixels, of a flag of 40."""
    for finder in finders.values():
        finder.least = 30
    made = search(level, *size, still=True)
    assert made.size_at(None) == size
    picture = np.full((size[1], size[0], 3), 128, np.uint8)
    x, y = place
    picture[y - 25 : y + 25, x - 25 : x + 25] = flag((500, 400), 0.5, 0.5, turns)[175:225, 225:275]
    [found] = made.take([LookRequest(0, picture, None)])
    [box] = found.boxes
    assert box[:2] == pytest.approx(place, abs=3)
    assert wrapped(box[4] - 90.0 * turns) == pytest.approx(0)
    assert (found.evidence > 0).all()


def test_films_beyond_4k_are_looked_at_in_tiles_over_time(
    search: Make, finders: dict[str, FlagFinder]
) -> None:
    made = search(Level.BALANCED, 5120, 900)
    for tick in range(0, 48, 3):
        picture = np.full((*made.size_at(tick)[::-1], 3), 128, np.uint8)
        made.take([LookRequest(tick, picture, tick)])
    tiled = [s for f in finders.values() for s in f.shapes if s[:2] == (960, 960)]
    whole = len(list(Pyramid(np.zeros((900, 5120, 3), np.uint8)).tiles()))
    assert whole * 12 <= len(tiled) <= whole * 48


@pytest.mark.parametrize(
    ("size", "still", "least"),
    [((1920, 1080), False, 16), ((3840, 2160), False, 24), ((8064, 6048), True, 16)],
)
def test_the_smallest_face_that_looks_find_is_known(
    size: tuple[int, int], still: bool, least: int
) -> None:
    assert smallest_face(Level.BALANCED, *size, still=still) == least
    assert smallest_face(Level.FAST, 3840, 2160, still=False) == 48


def test_a_detector_that_fails_is_heard(search: Make, finders: dict[str, FlagFinder]) -> None:
    def broken(pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        raise DetectorError("out of order")

    finders["yunet"].detect = broken  # type: ignore[method-assign]
    made = search(Level.BALANCED)
    with pytest.raises(DetectorError):
        made.take([LookRequest(0, flag(made.size_at(None), 0.5, 0.5), None)])
