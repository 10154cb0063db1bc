"""The tests' virtual hand-held camera, and real photographs filmed by it in gray."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.data.boxes import Affine
from blur.scan.camera import StepMeter
from blur.scan.cuts import CutFinder

WIDTH, HEIGHT = 480, 270

_SOURCE_WIDTH = 1400
_PHOTOGRAPHS = (
    "astronaut.png",
    "coffee.png",
    "chelsea.png",
    "rocket.jpg",
    "retina.jpg",
    "motorcycle_left.png",
    "camera.png",
    "coins.png",
    "ihc.png",
    "hubble_deep_field.jpg",
    "gravel.png",
    "page.png",
)


class Pose(NamedTuple):
    """The camera over a photograph: its centre, in window widths from the photograph's centre; its
    zoom; its roll in degrees."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0


_STILL = Pose()


@functools.cache
def photograph(number: int) -> npt.NDArray[np.uint8]:
    """A photograph from scikit-image's wheel, gray, 1400 pixels wide."""
    import skimage.data

    folder = skimage.data.__path__[0]
    gray = cv2.imread(f"{folder}/{_PHOTOGRAPHS[number % len(_PHOTOGRAPHS)]}", cv2.IMREAD_GRAYSCALE)
    height = round(gray.shape[0] * _SOURCE_WIDTH / gray.shape[1])
    return cv2.resize(gray, (_SOURCE_WIDTH, height), interpolation=cv2.INTER_CUBIC)


def texture(seed: int) -> npt.NDArray[np.uint8]:
    """A picture of nothing: noise at many sizes."""
    rng = np.random.default_rng(seed)
    out = np.zeros((1000, _SOURCE_WIDTH), np.float32)
    for cell in (4, 12, 40, 150):
        noise = rng.random((1000 // cell + 2, _SOURCE_WIDTH // cell + 2)).astype(np.float32)
        out += cv2.resize(noise, (_SOURCE_WIDTH, 1000), interpolation=cv2.INTER_CUBIC)
    return cv2.normalize(out, None, 10, 245, cv2.NORM_MINMAX).astype(np.uint8)


def shaken(rng: np.random.Generator, frames: int, start: Pose = _STILL) -> list[Pose]:
    """Poses of a hand that tries to keep still."""
    steps = rng.normal(0, 1, (frames, 3)) * (0.003, 0.003, 0.15)
    x, y, roll = np.cumsum(steps, axis=0).T
    return [
        Pose(start.x + a, start.y + b, start.zoom, start.roll + c)
        for a, b, c in zip(x, y, roll, strict=True)
    ]


def filmed(
    source: npt.NDArray[np.uint8], poses: Sequence[Pose], shutter: float = 0.5
) -> list[Gray]:
    """Pictures along `poses`; the shutter is open for `shutter` of the time between frames."""
    out = []
    for k, pose in enumerate(poses):
        before = poses[max(0, k - 1)]
        far = abs(pose.x - before.x) + abs(pose.y - before.y) > 0.02
        looks = np.linspace(0, shutter, 12) if far else np.zeros(1)
        views = [_seen(source, _between(pose, before, t)) for t in looks]
        out.append(np.mean(views, axis=0).astype(np.uint8) if far else views[0])
    return out


def _between(a: Pose, b: Pose, share: float) -> Pose:
    return Pose(*(p + (q - p) * share for p, q in zip(a, b, strict=True)))


def view_of(
    centre: tuple[float, float], zoom: float, roll: float, window: tuple[float, float]
) -> Affine:
    """From photograph to view, in pixels: `centre` comes to the middle of a `window` (width,
    height)."""
    out = np.eye(3)
    out[:2] = cv2.getRotationMatrix2D(centre, roll, zoom)
    out[:2, 2] += window[0] / 2 - centre[0], window[1] / 2 - centre[1]
    return out


def view_from(pose: Pose, source: npt.NDArray[np.uint8]) -> Affine:
    """From the photograph `source` to the picture that `filmed` takes of it, in pixels."""
    height, width = source.shape[:2]
    centre = width / 2 + pose.x * WIDTH, height / 2 + pose.y * WIDTH
    return view_of(centre, pose.zoom, pose.roll, (WIDTH, HEIGHT))


def _seen(source: npt.NDArray[np.uint8], pose: Pose) -> npt.NDArray[np.uint8]:
    view = view_from(pose, source)[:2]
    return cv2.warpAffine(source, view, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)


def noisy(
    rng: np.random.Generator, frames: Sequence[Gray], gain: float, sigma: float
) -> list[Gray]:
    """The frames at another exposure, with a sensor's noise."""
    return [
        np.clip(f * gain + rng.normal(0, sigma, f.shape), 0, 255).astype(np.uint8) for f in frames
    ]


def cuts_in(frames: Sequence[Gray]) -> list[int]:
    """The cuts that the scan finds in these frames."""
    meter, finder = StepMeter(1.0), CutFinder()
    for frame in frames:
        finder.add(frame, meter.measure(frame))
    return list(finder.finish())
