"""Photographs of people, staged and covered for the attack benchmark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import paths  # noqa: F401  makes blur importable

from blur.cover.fills import Fill
from blur.cover.head import head_boxes, quantised
from blur.cover.layout import Samples
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.cover.window import Window
from blur.data.plan import Box

Picture = npt.NDArray[np.uint8]
"""(height, width) grey or (height, width, 3) RGB."""


@dataclass(frozen=True)
class Album:
    """Photographs of several people, equally many of each, with the face in the place of `face`.

    The first half of a person's pictures is the attacker's, the second half is published.
    `inside` cuts out the part under the cover.
    """

    name: str
    pictures: list[Picture]
    people: npt.NDArray[np.intp]
    first_half: npt.NDArray[np.bool_]
    face: Box
    inside: tuple[slice, slice]


def orl(folder: Path) -> Album:
    """40 people, 10 photographs each, before a common background.

    The cover hides the whole photograph: only its inside can name the person.
    """
    height, width, face = 300, 260, Box(130, 180, 100, 131)
    small = np.random.default_rng(0).integers(60, 200, (5, 4)).astype(np.float32)
    stage = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    inside = np.s_[104:216, 84:176]
    pictures = []
    for path in _paths(folder, 10):
        picture = stage.copy()
        picture[inside] = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        pictures.append(picture)
    return _album("ORL", pictures, 10, face, inside)


def lfw(folder: Path, each: int = 6) -> Album:
    """50 people by press photographers, 250 by 250 pixels, with the face in the middle."""
    pictures = [cv2.imread(str(path))[..., ::-1].copy() for path in _paths(folder, each)]
    return _album("LFW", pictures, each, Box(125, 130, 90, 120), np.s_[40:210, 45:205])


def _paths(folder: Path, each: int) -> list[Path]:
    people = json.loads((folder / "gt.json").read_text())["people"]
    return [folder / name for names in people.values() for name in names[:each]]


def _album(
    name: str, pictures: list[Picture], each: int, face: Box, inside: tuple[slice, slice]
) -> Album:
    order = np.arange(len(pictures))
    return Album(name, pictures, order // each, order % each < each / 2, face, inside)


def head(face: Box, seed: int = 1) -> Region:
    """The tool's region of a face."""
    return Region(
        (Box(*head_boxes(quantised(np.array([face], np.float32)), 1.0)[0].tolist()),), seed
    )


def covered(picture: Picture, region: Region, fill: Fill | None) -> Picture:
    """The picture with `region` covered; unchanged without a fill."""
    if fill is None:
        return picture
    name = "gray" if picture.ndim == 2 else "rgb24"
    frame = av.VideoFrame.from_ndarray(picture, format=name)
    return paint(frame, [region], fill).to_ndarray()


def averaged(picture: Picture, face: Box, fill: Fill, frames: int) -> Picture:
    """Mean of `frames` covered pictures, the cover trembling over a face at rest."""
    rng = np.random.default_rng(7)
    total = np.zeros(picture.shape)
    for _ in range(frames):
        x, y = rng.uniform(-8, 8, 2)
        total += covered(picture, head(face._replace(cx=face.cx + x, cy=face.cy + y)), fill)
    return np.round(total / frames).astype(np.uint8)


BLUR = 35
"""Pixels, width of the true blur's kernel: half a face."""


def true_blur(window: Window) -> list[list[Samples]]:
    """A Gaussian blur of the face, as most tools make it."""
    return _of_the_face(window, lambda crop: cv2.GaussianBlur(crop, (BLUR, BLUR), 0))


def true_mosaic(window: Window) -> list[list[Samples]]:
    """Eight blocks across the cover, each in the mean colour under it, as other tools make it."""

    def blocks(crop: Samples) -> Samples:
        size = (8, round(8 * crop.shape[0] / crop.shape[1]))
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    return _of_the_face(window, blocks)


def mean_colour(window: Window) -> list[list[Samples]]:
    """The face's own mean colour."""
    return _of_the_face(window, lambda crop: np.full_like(crop, crop.mean((0, 1)).round()))


def _of_the_face(window: Window, treatment) -> list[list[Samples]]:  # type: ignore[no-untyped-def]
    filled = []
    for patch in window.patches:
        own = []
        for plane, samples in zip(window.layout.planes, window.planes, strict=True):
            crop = np.ascontiguousarray(samples[patch.rect.moved(window.rect).on(plane)])
            own.append(treatment(crop).reshape(crop.shape))
        filled.append(own)
    return filled


def deblurred(picture: Picture, inside: tuple[slice, slice]) -> Picture:
    """Wiener deconvolution with the kernel of the true blur."""
    crop = picture[inside].astype(np.float64)
    kernel = np.zeros(crop.shape)
    line = cv2.getGaussianKernel(BLUR, 0)
    kernel[:BLUR, :BLUR] = line @ line.T
    kernel = np.roll(kernel, (-(BLUR // 2), -(BLUR // 2)), (0, 1))
    response = np.fft.fft2(kernel)
    inverse = response.conj() / (np.abs(response) ** 2 + 1e-3)
    sharp = np.fft.ifft2(np.fft.fft2(crop) * inverse).real
    result = picture.copy()
    result[inside] = np.clip(sharp, 0, 255).astype(np.uint8)
    return result
