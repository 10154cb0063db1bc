"""Cuts are found exactly; motion of a hand-held camera within a shot is none."""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from filming import Pose, cuts_in, filmed, noisy, photograph, shaken, texture

from blur.data.arrays import Gray

PHOTOGRAPHS = (0, 1, 3, 5, 8)


def edited(rng: np.random.Generator, count: int) -> tuple[list[Gray], list[int]]:
    """Shots of 4 to 14 frames by a hand-held camera, cut together, and where the cuts are."""
    frames: list[Gray] = []
    cuts: list[int] = []
    scenes = rng.permutation(13)[:count].tolist()
    for scene in scenes:
        source = texture(7) if scene == 12 else photograph(scene)
        start = Pose(
            rng.uniform(-0.6, 0.6),
            rng.uniform(-0.2, 0.2),
            rng.uniform(0.8, 1.6),
            rng.uniform(-9, 9),
        )
        cuts.append(len(frames))
        frames += filmed(source, shaken(rng, int(rng.integers(4, 15)), start))
    return frames, cuts[1:]


@pytest.mark.parametrize("seed", range(4))
def test_every_cut_between_short_shots_is_found_and_no_other(seed: int) -> None:
    frames, cuts = edited(np.random.default_rng(seed), 10)
    assert cuts_in(frames) == cuts


@pytest.mark.parametrize(("gain", "sigma"), [(0.25, 4), (0.12, 5)])
def test_cuts_in_the_dark_are_found_under_the_sensors_noise(gain: float, sigma: float) -> None:
    rng = np.random.default_rng(5)
    frames, cuts = edited(rng, 8)
    assert cuts_in(noisy(rng, frames, gain, sigma)) == cuts


def test_a_scene_that_returns_after_four_frames_is_cut_to_and_from() -> None:
    rng = np.random.default_rng(1)
    here = filmed(photograph(0), shaken(rng, 14))
    there = filmed(photograph(1), shaken(rng, 4))
    assert cuts_in([*here[:7], *there, *here[7:]]) == [7, 11]


@pytest.mark.parametrize("number", PHOTOGRAPHS)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(number: int, length: int) -> None:
    rng = np.random.default_rng(number)
    frames = filmed(photograph(number), shaken(rng, 14))
    for lit in range(5, 5 + length):
        burn = frames[lit].astype(np.float32) * 3 + 60 if number % 2 else np.full((270, 480), 250)
        frames[lit] = np.clip(burn, 0, 255).astype(np.uint8)
    assert cuts_in(frames) == []


@pytest.mark.parametrize("number", PHOTOGRAPHS)
@pytest.mark.parametrize("speed", [0.06, 0.12])
def test_a_whip_pan_is_no_cut(number: int, speed: float) -> None:
    """Up to 12 % of the picture's width per frame, motion blurred, in and out of rest."""
    rng = np.random.default_rng(number)
    speeds = np.concatenate([np.zeros(3), np.full(8, speed), np.zeros(3)])
    path = np.cumsum(speeds) - speeds.sum() / 2
    direction = rng.choice([-1, 1])
    shake = rng.normal(0, 0.003, len(path))
    assert (
        cuts_in(
            filmed(
                photograph(number),
                [Pose(direction * x, y) for x, y in zip(path, shake, strict=True)],
            )
        )
        == []
    )


@pytest.mark.parametrize("number", PHOTOGRAPHS)
def test_a_fade_out_and_in_is_no_cut(number: int) -> None:
    rng = np.random.default_rng(number)
    light = np.concatenate([np.ones(2), np.linspace(1, 0, 12), np.zeros(4), np.linspace(0, 1, 12)])
    frames = filmed(photograph(number), shaken(rng, len(light)))
    assert (
        cuts_in([np.round(f * g).astype(np.uint8) for f, g in zip(frames, light, strict=True)])
        == []
    )


@pytest.mark.parametrize("number", PHOTOGRAPHS)
def test_light_switched_on_is_no_cut(number: int) -> None:
    rng = np.random.default_rng(number)
    frames = filmed(photograph(number), shaken(rng, 12))
    assert cuts_in(noisy(rng, frames[:6], 0.4, 2) + noisy(rng, frames[6:], 1.1, 2)) == []


def test_a_slow_zoom_is_no_cut() -> None:
    assert cuts_in(filmed(photograph(1), [Pose(zoom=z) for z in np.linspace(0.8, 2.2, 30)])) == []


@pytest.mark.parametrize("number", PHOTOGRAPHS)
@pytest.mark.parametrize("gain", [0.04, 0.1])
def test_noise_in_the_dark_is_no_cut(number: int, gain: float) -> None:
    rng = np.random.default_rng(number)
    frames = filmed(photograph(number), shaken(rng, 12))
    assert cuts_in(noisy(rng, frames, gain, 8)) == []


def test_somebody_walking_by_close_to_the_camera_is_no_cut() -> None:
    rng = np.random.default_rng(3)
    person = photograph(0)[:270, 400:1100]
    frames = filmed(photograph(5), shaken(rng, 34))
    for k, frame in enumerate(frames):
        place = np.arange(480) + 700 - k * 36  # the person's column at each of the frame's
        shown = (place >= 0) & (place < 700)
        frame[:, shown] = person[:, place[shown]]
    assert cuts_in(frames) == []


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_frames_are_no_cuts(level: int) -> None:
    assert cuts_in([np.full((270, 480), level, np.uint8)] * 8) == []


@pytest.mark.slow
def test_cuts_of_a_fast_edit_are_those_where_its_people_change(shared_clips: Path) -> None:
    truth = json.loads((shared_clips / "cuts0.json").read_text())["frames"]
    shots = [{face["id"] // 100 for face in frame} for frame in truth]
    cuts = [i for i in range(1, len(shots)) if shots[i] != shots[i - 1]]
    assert cuts_in(played(shared_clips / "cuts0.mp4")) == cuts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clip", "cuts"),
    [
        ("face_recognition/short_hamilton_clip.mp4", [20, 82, 211]),
        ("clm_framework/Video_14.wmv", []),  # a head thrown about before a still camera
    ],
)
def test_cuts_of_real_video(shared_facedata: Path, clip: str, cuts: list[int]) -> None:
    assert cuts_in(played(shared_facedata / "video" / clip)) == cuts


@pytest.mark.slow
def test_pictures_that_come_and_go_inside_a_news_picture_are_no_cuts(shared_facedata: Path) -> None:
    files = sorted((shared_facedata / "news_frames" / "1").glob("*.jpg"))
    frames = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]
    assert cuts_in([cv2.resize(f, (480, 270), interpolation=cv2.INTER_AREA) for f in frames]) == [
        134
    ]


def played(path: Path) -> list[Gray]:
    with av.open(str(path)) as clip:
        return [
            f.reformat(480, 270, "gray", interpolation="AREA").to_ndarray()
            for f in clip.decode(video=0)
        ]
