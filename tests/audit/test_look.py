"""The looks of an audit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from blur.audit.look import SECOND_LOOKS, TURNED, UPRIGHT, AuditLooks
from blur.data.findings import Suspect
from blur.data.plan import Box
from blur.detect.detections import Detections
from blur.detect.registry import load_detector
from blur.scan.looks import LEVELS

FACE = Box(224, 118, 90, 110)
"""The astronaut's face in the photograph."""


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    data = pytest.importorskip("skimage.data", reason="ships the photograph")
    return np.ascontiguousarray(data.astronaut()[:360])


def looks() -> AuditLooks:
    return AuditLooks(512, 360, load_detector)


def on_the_face(box: Box) -> bool:
    return abs(box.cx - FACE.cx) < 25 and abs(box.cy - FACE.cy) < 30 and 60 < box.w < 160


def turned_back(box: Box, turns: int, width: int, height: int) -> Box:
    """A box's place before so many counter-clockwise quarter turns of its picture."""
    x, y = box.cx, box.cy
    for _ in range(turns):
        x, y, height, width = height - y, x, width, height
    return box._replace(cx=x, cy=y)


def test_no_level_of_the_scan_looks_at_these_sizes():
    scanned = {
        (look.detector, look.longest, bool(look.turns))
        for look in itertools.chain(*LEVELS.values())
    }
    audited = {(look.detector, look.longest, False) for look in UPRIGHT}
    audited |= {(look.detector, look.longest, True) for look in TURNED}
    assert not audited & scanned


def test_a_family_that_no_scan_asks_sees_the_whole_frame_and_every_part_of_it():
    shown: dict[str, list[tuple[int, ...]]] = {}

    class Blind:
        def __init__(self, name: str) -> None:
            self.name = self.family = name

        def detect(self, pictures, threshold):
            shown.setdefault(self.name, []).extend(p.shape for p in pictures)
            return [Detections.none() for _ in pictures]

    ins = AuditLooks(1920, 1080, Blind)
    assert ins.size == (1280, 720)
    assert ins.everywhere(np.full((720, 1280, 3), 128, np.uint8)) == []
    assert len(shown["blazeface-short"]) == 9
    assert len(shown["blazeface-full"]) == 1
    assert [shape[1] for shape in shown["centerface"]] == [800, 288, 512, 288]


def test_small_faces_of_a_large_photograph_are_suspected_and_judged_at_native_size():
    """By a detector that sees white squares from 30 pixels; the square is 40."""

    class Finder:
        def __init__(self, name):
            self.name = self.family = name

        def detect(self, pictures, threshold):
            return [self._one(picture) for picture in pictures]

        def _one(self, picture):
            y, x = np.nonzero(picture[..., 0] > 200)
            if len(x) == 0 or np.ptp(x) < 29 or np.ptp(y) < 29:
                return Detections.none()
            w, h = np.ptp(x) + 1, np.ptp(y) + 1
            box = [[x.min() + w / 2, y.min() + h / 2, w, h, 0]]
            return Detections.of(np.array(box, np.float32), np.full(1, 0.7, np.float32), self.name)

    width, height = 3000, 1400
    ins = AuditLooks(width, height, Finder, still=True)
    assert ins.size == (width, height)
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[380:420, 2680:2720] = 255
    [suspect] = ins.everywhere(picture)
    assert suspect.box[:4] == pytest.approx((2700, 400, 40, 40), abs=3)
    assert {"yunet", "blazeface-short"} <= set(suspect.evidence)
    assert ins.second_look(picture, suspect, "yunet").answers["yunet"] > 0.6


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(4))
def test_a_face_is_seen_whichever_way_it_lies(photograph, turn):
    turned = np.ascontiguousarray(np.rot90(photograph, turn))
    height, width = turned.shape[:2]
    ins = AuditLooks(width, height, load_detector)
    picture = cv2.resize(turned, ins.size)
    found = [ins.second_look(picture, s, "yunet") for s in ins.everywhere(picture)]
    best = max(found, key=lambda s: len(s.evidence))
    assert {"centerface", "yunet", "blazeface-short"} <= set(best.evidence)
    for suspect in (s for s in found if s.answers["yunet"] > 0.5):
        assert on_the_face(turned_back(suspect.box, turn, width, height))
        assert abs((suspect.box.angle + 90 * turn + 180) % 360 - 180) < 30


@pytest.mark.slow
def test_a_window_around_the_place_shows_the_face_and_close_ups_confirm_it(photograph):
    ins = looks()
    picture = cv2.resize(photograph, ins.size)
    expected = FACE._replace(cx=FACE.cx + 15, w=70)
    found = [s for s in ins.around(picture, expected) if on_the_face(s.box)]
    assert len(found) == 1
    assert set(found[0].evidence) >= {"centerface", "yunet", "blazeface-short"}
    seen = found[0]
    for family in SECOND_LOOKS:
        seen = ins.second_look(picture, seen, family)
    assert min(seen.answers.values()) > 0.4
    wall = replace(found[0], box=Box(440, 200, 60, 70))
    assert ins.second_look(picture, wall, "yunet").answers["yunet"] < 0.4


@pytest.mark.slow
def test_what_is_suspected_beside_a_face_is_the_face(photograph):
    ins = looks()
    picture = cv2.resize(photograph, ins.size)
    beside = Suspect(FACE._replace(cx=FACE.cx + 36), {"blazeface-short": 0.4})
    assert not on_the_face(beside.box)
    assert on_the_face(ins.second_look(picture, beside, "yunet").box)
