"""Tracks of one person become a chain over gaps and cuts; tracks of two never do."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from people import camera, shift, sightings

from blur.data.arrays import Gray, Picture
from blur.data.likeness import Descriptor
from blur.data.plan import Box
from blur.detect.recogniser import Known
from blur.detect.registry import load_recogniser
from blur.scan.camera import Camera
from blur.scan.chain import CHAINED, chains
from blur.scan.complete import complete
from blur.scan.link import Tracklet, link
from blur.scan.portraits import Portraits
from blur.scan.timeline import Timeline

FPS = 30
ANNA, BEN = Descriptor([1, 0, 0]), Descriptor([0, 1, 0])
ALIKE = Descriptor([CHAINED + 0.05, np.sqrt(1 - (CHAINED + 0.05) ** 2), 0])
"""As like Anna as looks alone need."""


def tracklet(
    start: int, end: int, x: float = 300, *looks: Descriptor, score: float = 0.9, size: float = 60
) -> Tracklet:
    [made] = link(sightings([(f, x, 200.0, size, score) for f in range(start, end)]), STILL, 30)
    return replace(made, looks=looks)


STILL = camera(1200)


def numbers(
    *tracklets: Tracklet, cuts: tuple[int, ...] = (), path: Camera = STILL
) -> list[int | None]:
    timeline = Timeline(np.arange(1200) / FPS, cuts)
    tracks = [
        complete(t, path, timeline.shot_of(t.start), (0, 0), i) for i, t in enumerate(tracklets, 1)
    ]
    return chains(tracklets, tracks, path, timeline)


def test_a_person_who_comes_back_after_a_cut_is_known_by_looks() -> None:
    first, again = tracklet(0, 60, 300, ANNA), tracklet(100, 160, 500, ANNA)
    assert numbers(first, tracklet(60, 100, 300, BEN), again, cuts=(60, 100)) == [1, 2, 1]
    assert numbers(first, tracklet(100, 160, 500, ALIKE), cuts=(100,)) == [1, 1]


def test_strangers_and_faces_without_looks_are_not_chained_over_cuts() -> None:
    first = tracklet(0, 60, 300, ANNA)
    unlike = Descriptor([CHAINED - 0.05, np.sqrt(1 - (CHAINED - 0.05) ** 2), 0])
    assert numbers(first, tracklet(60, 120, 300, unlike), cuts=(60,)) == [1, 2]
    assert numbers(first, tracklet(60, 120, 300), cuts=(60,)) == [1, 2]


@pytest.mark.parametrize("looks", [(), (ANNA,)])
def test_a_face_that_comes_back_in_its_place_is_the_same(looks: tuple[Descriptor, ...]) -> None:
    first = tracklet(0, 60, 300, *looks)
    assert numbers(first, tracklet(160, 220, 320)) == [1, 1]
    assert numbers(first, tracklet(160, 220, 400)) == [1, 2]
    assert numbers(first, tracklet(160, 220, 320, size=120)) == [1, 2]
    assert numbers(first, tracklet(360, 420, 320)) == [1, 2]


def test_the_place_moves_with_the_camera() -> None:
    pan = camera(1200, shift(-2, 0))
    assert numbers(tracklet(0, 60, 300), tracklet(160, 220, 98), path=pan) == [1, 1]
    assert numbers(tracklet(0, 60, 300), tracklet(160, 220, 300), path=pan) == [1, 2]


def test_a_place_taken_by_somebody_else_is_two_people() -> None:
    assert numbers(tracklet(0, 60, 300, ANNA), tracklet(100, 160, 300, BEN)) == [1, 2]


def test_faces_side_by_side_are_never_of_a_chain_however_alike() -> None:
    twins = tracklet(0, 60, 300, ANNA), tracklet(0, 60, 500, ANNA)
    assert numbers(*twins) == [1, 2]
    # Nor through a third, which is like both.
    assert numbers(*twins, tracklet(100, 160, 400, ANNA), cuts=(80,)) in ([1, 2, 1], [1, 2, 2])


def test_a_face_taken_over_by_somebody_else_lends_its_looks_to_nobody() -> None:
    both = tracklet(0, 60, 300, ANNA, BEN)
    after = tracklet(100, 160, 300, ANNA), tracklet(200, 260, 300, BEN)
    assert numbers(both, *after, cuts=(80, 180)) == [1, 2, 3]
    mostly = tracklet(0, 60, 300, ANNA, BEN, ANNA)  # a moment's profile is like nobody
    assert numbers(mostly, *after, cuts=(80, 180)) == [1, 1, 2]


def test_what_was_never_seen_well_is_nobody_unless_in_a_persons_place() -> None:
    weak = tracklet(100, 160, 300, score=0.4)
    assert numbers(weak) == [None]
    assert numbers(tracklet(0, 60, 300, ANNA), weak) == [1, 1]
    assert numbers(tracklet(0, 60, 300, ANNA), tracklet(100, 160, 500, score=0.4)) == [1, None]
    assert numbers() == []


def gray_clip(photograph: Picture) -> Gray:
    return np.asarray(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY))


def seen(of: Portraits, tracklets: list[Tracklet], picture: Gray) -> list[Tracklet]:
    for frame in filter(of.wants, range(1200)):
        of.see(frame, picture)
    return of.given(tracklets)


def test_the_recogniser_knows_a_person_again_on_gray_pictures(astronaut: Picture) -> None:
    picture = gray_clip(astronaut)
    faces = [face(astronaut, frames) for frames in (range(0, 60, 2), range(100, 160, 2))]
    found = seen(Portraits(faces, STILL, lambda: load_recogniser().look, 1.0, 1200), faces, picture)
    assert [len(t.looks) for t in found] == [3, 3]
    dim = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) // 2
    smaller = seen(Portraits(faces, STILL, lambda: load_recogniser().look, 2.0, 1200), faces, dim)
    assert found[0].looks[0].like(smaller[1].looks[0]) > CHAINED
    assert numbers(found[0], smaller[1], cuts=(80,)) == [1, 1]


def face(photograph: Picture, frames: range, score: float = 0.9) -> Tracklet:
    [box] = [box for box, _ in load_recogniser().faces(photograph)]
    boxes = np.tile(np.array([box], np.float32), (len(frames), 1))
    return Tracklet(np.array(frames), boxes, np.full((len(frames), 2), score, np.float32))


def test_looks_are_bounded_and_only_taken_where_somebody_may_come_back() -> None:
    calls = 0

    def look(picture: Picture, box: Box) -> Known:
        nonlocal calls
        calls += 1
        return Known(ANNA, 1.0, 60.0)

    def count(*tracklets: Tracklet, frames: int = 1200) -> int:
        nonlocal calls
        calls = 0
        of = Portraits(tracklets, STILL, lambda: look, 1.0, frames)
        seen(of, list(tracklets), np.zeros((360, 640), np.uint8))
        return calls

    assert count() == 0
    assert count(tracklet(0, 60), tracklet(0, 60, 500)) == 0  # side by side: nobody comes back
    assert count(tracklet(0, 60), tracklet(100, 160)) == 6
    assert count(tracklet(0, 60), tracklet(100, 160, score=0.4)) == 0
    assert count(tracklet(0, 60, size=12), tracklet(100, 160, size=12)) == 0
    assert count(tracklet(0, 60), tracklet(100, 160), frames=20) == 2
    assert count(*(tracklet(100 * i, 100 * i + 50) for i in range(8)), frames=40) == 4
