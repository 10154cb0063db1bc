"""The non-interference gate: what every fill must pass, and true blurs must not."""

from __future__ import annotations

from collections.abc import Sequence

import av
import cv2
import numpy as np
from av.video.format import names

from blur.cover.fills import Fill
from blur.cover.layout import Samples, layout_of, paintable
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.cover.window import Window, patches

PAINTED = sorted(
    name for name in names if av.VideoFormat(name).components and paintable(name) == name
)
"""Every format that is painted in place."""

USUAL = ["yuv420p", "yuvj420p", "yuv420p10le", "nv12", "p010le", "yuv422p10le", "rgb24", "gray"]


def noisy(
    name: str, width: int, height: int, rng: np.random.Generator, smooth: bool = False
) -> av.VideoFrame:
    """A picture of random samples over the whole range of its format."""
    picture = av.VideoFrame(width, height, name)
    layout = layout_of(name)
    for view in layout.views(picture):
        if smooth:
            small = rng.integers(0, 256, (5, 5, view.shape[2])).astype(np.float32)
            values = cv2.resize(small, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            values = values.reshape(view.shape) * layout.unit
        else:
            values = rng.integers(0, 1 << layout.bits, view.shape) << layout.shift
        view[...] = values.astype(layout.dtype)
    return picture


def copied(picture: av.VideoFrame) -> av.VideoFrame:
    twin = av.VideoFrame(picture.width, picture.height, picture.format.name)
    layout = layout_of(picture.format.name)
    for to, view in zip(layout.views(twin), layout.views(picture), strict=True):
        to[...] = view
    return twin


def covered(picture: av.VideoFrame, regions: Sequence[Region]) -> list[np.ndarray]:
    """For each plane, which samples lie under a cover."""
    layout = layout_of(picture.format.name)
    masks = [np.zeros(view.shape[:2], bool) for view in layout.views(picture)]
    for patch in patches(picture, layout, regions):
        for plane, mask, own in zip(layout.planes, masks, patch.masks, strict=True):
            mask[patch.rect.on(plane)] |= own > 0
    return masks


def planes(picture: av.VideoFrame) -> list[Samples]:
    return [view.copy() for view in layout_of(picture.format.name).views(picture)]


def interference(
    fill: Fill, picture: av.VideoFrame, regions: Sequence[Region], rng: np.random.Generator
) -> int:
    """How many samples change when only the source under the covers does."""
    other = copied(picture)
    layout = layout_of(picture.format.name)
    stranger = noisy(picture.format.name, picture.width, picture.height, rng)
    for view, strange, mask in zip(
        layout.views(other), layout.views(stranger), covered(picture, regions), strict=True
    ):
        view[mask] = strange[mask]
    first, second = planes(paint(picture, regions, fill)), planes(paint(other, regions, fill))
    return sum(int((a != b).sum()) for a, b in zip(first, second, strict=True))


def true_blur(window: Window) -> list[list[Samples]]:
    """What is not offered: a Gaussian blur of the face."""
    return _treated(window, lambda crop: cv2.GaussianBlur(crop, (0, 0), 5))


def true_mosaic(window: Window) -> list[list[Samples]]:
    """What is not offered: a mosaic of the face."""

    def blocks(crop: np.ndarray) -> np.ndarray:
        small = cv2.resize(crop, (4, 4), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    return _treated(window, blocks)


def _treated(window: Window, treatment) -> list[list[Samples]]:
    filled = []
    for patch in window.patches:
        own = []
        for plane, samples in zip(window.layout.planes, window.planes, strict=True):
            crop = np.ascontiguousarray(samples[patch.rect.moved(window.rect).on(plane)])
            own.append(treatment(crop).reshape(crop.shape))
        filled.append(own)
    return filled
