"""The light of a picture: its white and its colourfulness, read outside all covers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from blur.cover.layout import Layout, PlaneLayout, Samples
from blur.cover.window import Light, Patch, PixelMask, Rect

_WHITE = 0.97
"""Share of the clear samples that are darker than a picture's white; larger follows small lamps and
burnt-in letters."""

_COLOURFUL = 0.9
"""Share of the clear samples that are closer to grey than its colourfulness; smaller calls clips
grey that show few colours."""

_ACROSS = 32
"""Samples that are read along a picture's shorter side, at least; larger is slower."""


def light(layout: Layout, planes: Sequence[Samples], covers: Sequence[Patch]) -> Light | None:
    """The light of a picture, from samples outside `covers` alone, which must be all of its covers;
    None where they leave nothing."""
    bright: list[Samples] = []
    apart: list[Samples] = []
    step = max(1, min(planes[0].shape[:2]) // _ACROSS // 4 * 4)
    for index, (plane, samples) in enumerate(zip(layout.planes, planes, strict=True)):
        masks = [(patch.rect, patch.masks[index]) for patch in covers]
        found = _clear(plane, samples, masks, step)
        bright += [found[:, at] for at, role in enumerate(plane.roles) if role in "yrgb"]
        apart += [found[:, at] for at, role in enumerate(plane.roles) if role in "uv"]
    if not all(len(values) for values in bright + apart):
        return None
    if apart:
        grey = np.float32(128 * layout.unit)
        colours = np.mean([np.abs(values - grey) for values in apart], axis=0)
    else:
        colours = np.ptp(bright, axis=0) / 2
    lights = bright[0] if len(bright) == 1 else np.mean(bright, axis=0)
    return Light(_quantile(lights, _WHITE), _quantile(colours, _COLOURFUL))


def _clear(
    plane: PlaneLayout, samples: Samples, masks: Sequence[tuple[Rect, PixelMask]], step: int
) -> Samples:
    """(n, channels) samples of a plane, `step` pixels apart, without those under `masks`."""
    across, down = max(1, step // plane.step_x), max(1, step // plane.step_y)
    top, left = min(down, samples.shape[0]) // 2, min(across, samples.shape[1]) // 2
    sparse = samples[top::down, left::across]
    clear = np.ones(sparse.shape[:2], bool)
    for rect, mask in masks:
        first = rect.y0 // plane.step_y, rect.x0 // plane.step_x
        row, column = max(0, -((top - first[0]) // down)), max(0, -((left - first[1]) // across))
        y, x = top + row * down - first[0], left + column * across - first[1]
        part = mask[y::down, x::across]
        clear[row : row + part.shape[0], column : column + part.shape[1]] &= part == 0
    return sparse[clear]


def _quantile(values: npt.NDArray[Any], share: float) -> float:
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place])
