"""A frame at a cut that shows both shots is covered for both."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import skimage.data
from filming import filmed, photograph, shaken

from blur.data.arrays import Gray
from blur.data.plan import Mark, Track
from blur.scan.camera import StepMeter
from blur.scan.cuts import CutFinder
from blur.scan.mixed import mixed_tracks
from blur.scan.scan import scan
from blur.settings import Level, ScanSettings

Mixture = Callable[[Gray, Gray], Gray]


def woven(before: Gray, after: Gray) -> Gray:
    frame = before.copy()
    frame[1::2] = after[1::2]
    return frame


def blended(before: Gray, after: Gray) -> Gray:
    return ((before.astype(np.uint16) + after) // 2).astype(np.uint8)


def found(frames: list[Gray]) -> tuple[list[int], list[int]]:
    """Cuts and mixed frames."""
    meter, finder = StepMeter(1.0), CutFinder()
    for frame in frames:
        finder.add(frame, meter.measure(frame))
    return finder.finish(), finder.mixed


def shots(seed: int, scenes: tuple[int, ...] = (0, 1, 3)) -> list[Gray]:
    """Shots of 12 frames by a hand-held camera, cut together."""
    random = np.random.default_rng(seed)
    return [frame for scene in scenes for frame in filmed(photograph(scene), shaken(random, 12))]


@pytest.mark.parametrize("mixture", [woven, blended])
@pytest.mark.parametrize("seed", range(4))
def test_frames_mixed_of_two_shots_are_found(mixture: Mixture, seed: int) -> None:
    frames = shots(seed)
    mixed = [mixture(a, b) for a, b in itertools.pairwise(frames)]
    cuts, both = found(mixed)
    assert both == [11, 23]
    assert all({frame, frame + 1} & set(cuts) for frame in both)


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_between_whole_frames_mixes_none(seed: int) -> None:
    assert found(shots(seed)) == ([12, 24], [])


def track(start: int, length: int, x: float = 50, step: float = 4, number: int = 1) -> Track:
    boxes = np.array([(x + step * i, 40, 20, 30, 5) for i in range(length)], np.float32)
    marks, scores = np.full(length, Mark.DETECTED, np.uint8), np.ones(length, np.float32)
    return Track(number, start, boxes, marks, scores, chain=7)


@pytest.mark.parametrize("cuts", [{12}, {13}, {12, 13}])
def test_faces_of_both_shots_are_covered_on_a_mixed_frame(cuts: set[int]) -> None:
    before = track(2, 10 if 12 in cuts else 11, number=1)
    after = track(13 if 13 in cuts else 12, 8, x=200, number=2)
    made = list(mixed_tracks([before, after], cuts, [12]))
    assert [t.id for t in made] == [3, 4][: len(made)]
    assert all((t.start, t.end, t.chain) == (12, 13, 7) for t in made)
    shown = [t.box(12) for t in (before, after, *made)]
    assert sorted(box.cx for box in shown if box is not None) == pytest.approx(
        [90, 196 if 13 in cuts else 200], abs=1e-3
    )


def test_faces_that_end_elsewhere_stay_as_they_are() -> None:
    tracks = [track(2, 9), track(14, 5, number=2), track(2, 30, number=3)]
    assert not list(mixed_tracks(tracks, {12}, [12]))
    assert not list(mixed_tracks([track(2, 10)], {30}, [12]))


def test_a_scan_covers_both_shots_on_a_woven_frame(tmp_path: Path) -> None:
    face = cv2.resize(skimage.data.astronaut()[:256, 128:384], (480, 480))
    shown = [np.roll(face, 2 * i, axis=1) for i in range(30)]
    turned = [np.ascontiguousarray(picture[:, ::-1] // 2 + 60) for picture in shown]
    fields = [*shown[:15], *turned[15:]]
    clip = tmp_path / "woven.mp4"
    with av.open(str(clip), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width = stream.height = 480
        stream.pix_fmt = "yuv420p"
        for before, after in itertools.pairwise(fields):
            picture = av.VideoFrame.from_ndarray(woven(before, after), "rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    plan = scan(clip, ScanSettings(level=Level.FAST))
    boxes = {f: [b for t in plan.tracks if (b := t.box(f))] for f in (13, 14, 15)}
    [before], [after] = boxes[13], boxes[15]
    assert min(abs(box.cx - before.cx) for box in boxes[14]) < 20
    assert min(abs(box.cx - after.cx) for box in boxes[14]) < 20
    assert abs(before.cx - after.cx) > 40
