"""A face is alike to itself however it is filmed, and what is no face has no descriptor."""

from __future__ import annotations

import copy
import pickle

import cv2
import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.data.likeness import Descriptor, likenesses, mean
from blur.data.plan import Box
from blur.detect.recogniser import Known, Recogniser
from blur.detect.registry import load_recogniser, unload_detectors

FACE = Box(224, 118, 82, 105)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return load_recogniser()


@pytest.fixture(scope="module")
def known(recogniser: Recogniser, astronaut: Picture) -> Known:
    found = recogniser.look(astronaut, FACE)
    assert found is not None
    return found


def test_a_face_turned_shrunk_or_gray_is_alike(
    recogniser: Recogniser, astronaut: Picture, known: Known
) -> None:
    turned = np.ascontiguousarray(cv2.rotate(astronaut, cv2.ROTATE_90_CLOCKWISE))
    lying = Box(astronaut.shape[0] - FACE.cy, FACE.cx, FACE.w, FACE.h, 90)
    small = cv2.resize(astronaut, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    dark = (astronaut // 10).astype(np.uint8)
    ways = [(turned, lying), (small, Box(*(v * 0.4 for v in FACE[:4]))), (gray, FACE), (dark, FACE)]
    for picture, box in ways:
        found = recogniser.look(picture, box)
        assert found is not None
        assert found.descriptor.like(known.descriptor) > 0.7


def test_what_is_no_face_has_no_descriptor(recogniser: Recogniser, astronaut: Picture) -> None:
    for box in (Box(60, 60, 90, 90), Box(420, 300, 90, 90), Box(100, 300, 120, 120)):
        assert recogniser.look(astronaut, box) is None


def test_width_is_measured_in_the_picture(known: Known) -> None:
    assert 70 < known.width < 110
    assert known.score > 0.8


def test_faces_of_a_photograph(recogniser: Recogniser, astronaut: Picture, known: Known) -> None:
    large = cv2.resize(astronaut, None, fx=3, fy=3)
    ((box, face),) = recogniser.faces(large)
    assert abs(box.cx - 3 * FACE.cx) < 20
    assert face.descriptor.like(known.descriptor) > 0.7


def test_noise_is_unlike(known: Known) -> None:
    other = Descriptor(np.random.default_rng(0).normal(size=128))
    assert abs(known.descriptor.like(other)) < 0.4


def test_a_descriptor_stays_in_memory(known: Known) -> None:
    for leave in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match="never leaves the memory"):
            leave(known.descriptor)
    assert repr(known.descriptor) == "Descriptor(...)" == str(known.descriptor)


def test_mean_lies_between_and_likenesses_are_a_table() -> None:
    a, b = Descriptor([1, 0]), Descriptor([0, 2])
    assert mean([a, b]).like(a) == pytest.approx(0.5**0.5)
    np.testing.assert_allclose(likenesses([a, b], [a, b, a]), [[1, 0, 1], [0, 1, 0]])
    with pytest.raises(ValueError, match="with a length"):
        Descriptor([0.0, 0.0])


def test_freed_with_the_detectors() -> None:
    first = load_recogniser()
    unload_detectors()
    assert load_recogniser() is not first


def test_built_anew_it_describes_alike_and_reads_no_network_again(
    astronaut: Picture, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_again(content: bytes) -> bytes:
        raise AssertionError("read again")

    monkeypatch.setattr("blur.detect.recogniser.dequantized", read_again)
    unload_detectors()
    again = load_recogniser().look(astronaut, FACE)
    assert again is not None
    assert again.descriptor.like(known.descriptor) == pytest.approx(1)
