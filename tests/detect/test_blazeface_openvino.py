"""BlazeFace on OpenVINO answers like MediaPipe's, from the same files."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.detect import blazeface_openvino as ours
from blur.detect import registry
from blur.detect.blazeface import _TIGHT, BlazeFace
from blur.detect.detections import Detections
from blur.errors import DetectorError

NAMES = ("blazeface-short", "blazeface-full")
PIXELS, SCORE = 5, 0.02
SURE = 0.5
"""Weaker answers may lie on either side of a suppression's threshold."""

both = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="compares with MediaPipe"
)


def shifted_inside(found: Detections, name: str) -> np.ndarray:
    """Boxes as MediaPipe moves them: no square begins left of the picture or above it."""
    wide, high, down = _TIGHT[name]
    boxes = found.boxes[:, :4].copy()
    sides = boxes[:, 2:4] / [wide, high]
    corners = boxes[:, :2] - sides * [0.5, 0.5 + down]
    boxes[:, :2] += np.maximum(0, -corners)
    return boxes


def off(name: str, pictures: Sequence[Picture]) -> np.ndarray:
    """(n, 2) pixels and score between each sure face of MediaPipe and the nearest of ours."""
    theirs, mine = BlazeFace(name, threads=1), ours.BlazeFaceOpenVino(name, threads=1)
    apart = []
    for a, b in zip(theirs.detect(pictures, SURE), mine.detect(pictures, 0.1), strict=True):
        boxes = shifted_inside(b, name)
        for box, score in zip(a.boxes, a.scores, strict=True):
            away = np.abs(boxes - box[:4]).max(axis=1)
            nearest = int(away.argmin())
            apart.append((away[nearest], abs(b.scores[nearest] - score)))
    theirs.close()
    mine.close()
    return np.array(apart)


@both
@pytest.mark.parametrize("name", NAMES)
def test_a_face_filmed_in_many_ways(name: str, astronaut: Picture) -> None:
    pictures = [astronaut[y : y + 300, x : x + 300 + y] for x in (20, 90) for y in (0, 30, 60)]
    pictures += [cv2.resize(astronaut, size) for size in ((256, 256), (512, 300), (1000, 700))]
    apart = off(name, [np.ascontiguousarray(each) for each in pictures])
    assert len(apart) >= 7
    assert (apart < [PIXELS, SCORE]).all(), apart.max(axis=0)


@both
@pytest.mark.parametrize("name", NAMES)
def test_many_people(name: str, shared_facedata: Path) -> None:
    files = sorted((shared_facedata / "id_lfw").glob("*/*.jpg"))[::5]
    pictures = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]
    apart = off(name, pictures)
    assert len(apart) >= 80
    assert (apart < [PIXELS, SCORE]).all(), apart.max(axis=0)


def test_it_is_used_where_mediapipe_is_not(
    monkeypatch: pytest.MonkeyPatch, astronaut: Picture
) -> None:
    registry.unload_detectors()
    monkeypatch.setattr(registry, "has_mediapipe", lambda: False)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    try:
        detector = registry.load_detector("blazeface-full")
        (found,) = detector.detect([astronaut], 0.5)
    finally:
        registry.unload_detectors()
    assert (detector.name, detector.family) == ("blazeface-full", "blazeface")
    assert len(found) == 1 and np.hypot(*(found.boxes[0, :2] - (224, 118))) < 15


def test_nothing_is_found_in_nothing() -> None:
    detector = ours.BlazeFaceOpenVino("blazeface-short", threads=1)
    assert [len(f) for f in detector.detect([np.zeros((9, 700, 3), np.uint8)], 0.1)] == [0]
    assert detector.detect([], 0.1) == []
    detector.close()


def test_an_answer_that_is_not_finite_is_an_error() -> None:
    rows, logits = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), np.nan, np.float32)
    with pytest.raises(DetectorError, match="not finite"):
        ours.decode({"a": rows, "b": logits}, "blazeface-short")
