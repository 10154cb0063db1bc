"""Fills of covers: functions of the samples outside all covers, the covers' geometry and seeds.

No fill depends on a sample under any cover. True blurs and mosaics of the face are not offered: an
attacker recognises them by treating photographs of suspects likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from blur.cover.colour import native
from blur.cover.grain import grain, noise
from blur.cover.layout import Layout, PlaneLayout, Samples
from blur.cover.membrane import Grid
from blur.cover.shade import shaded
from blur.cover.surroundings import surroundings
from blur.cover.window import Patch, Rect, Window
from blur.settings import CoverSettings, FillName


class Fill(Protocol):
    """Makes the samples of a window's covers.

    Returns (height, width, channels) samples over the patch's rect, by patch and plane; only those
    under the patch's mask are used.
    """

    def __call__(self, window: Window) -> list[list[Samples]]: ...


def make_fill(settings: CoverSettings) -> Fill:
    """The fill named in the settings."""
    match settings.fill:
        case FillName.SOFT:
            return Soft(settings.tone)
        case FillName.MOSAIC:
            return mosaic
        case FillName.SOLID:
            return Solid(settings.colour, settings.soft_edge)


@dataclass(frozen=True, slots=True)
class Soft:
    """The colours around the covers, diffused, with a head's shading and the grain around them;
    looks like a blur. `tone` is `auto` or `#rrggbb`."""

    tone: str

    def __call__(self, window: Window) -> list[list[Samples]]:
        layout = window.layout
        surface, _ = surroundings(window)
        fine = cv2.resize(surface, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        fine = shaded(fine.reshape(*fine.shape[:2], -1), window, self.tone)
        smooth = layout.split(fine.clip(0, layout.top))  # a cubic swings over
        # Colour differences get none: cameras and codecs smooth it away.
        sigmas = [
            noise(samples, mask, layout) if set(plane.roles) & set("yrgb") else 0.0
            for plane, samples, mask in zip(layout.planes, window.planes, window.masks, strict=True)
        ]
        return [
            [
                _grained(part, window, patch, plane, sigma)
                for part, plane, sigma in zip(smooth, layout.planes, sigmas, strict=True)
            ]
            for patch in window.patches
        ]


def _grained(
    surface: Grid, window: Window, patch: Patch, plane: PlaneLayout, sigma: float
) -> Samples:
    """The surface, with two cells to a coarse cell each way, at a plane's samples, with grain of
    deviation `sigma`, fixed to the screen so that it never shimmers."""
    cell, layout, channels = window.grid // 2, window.layout, len(plane.roles)
    wide, tall = cell // plane.step_x, cell // plane.step_y
    rows, columns = patch.rect.moved(window.rect).on(plane)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    # The cells under the patch, and another on each side to interpolate towards.
    top, left = max(0, rows.start // tall - 1), max(0, columns.start // wide - 1)
    part = surface[top : -(-rows.stop // tall) + 1, left : -(-columns.stop // wide) + 1]
    size = (part.shape[1] * wide, part.shape[0] * tall)
    large = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR)
    y, x = rows.start - top * tall, columns.start - left * wide
    smooth = large[y : y + height, x : x + width]
    if sigma:
        x, y = patch.rect.x0 // plane.step_x, patch.rect.y0 // plane.step_y
        texture = grain(x, y, width, height, place=64 * patch.seed + 8 * plane.index)
        if channels > 1:
            texture = cv2.merge([texture] * channels)
        depth = cv2.CV_8U if layout.dtype is np.uint8 else cv2.CV_16U
        out = np.asarray(cv2.addWeighted(smooth, 1, texture, sigma, 0, dtype=depth))
    else:
        out = (smooth + np.float32((1 << layout.shift) / 2)).astype(layout.dtype)
    return layout.trimmed(out).reshape(height, width, channels)


_ACROSS = 8
"""Blocks of a mosaic across a cover; larger draws finer blocks."""


def mosaic(window: Window) -> list[list[Samples]]:
    """Random blocks in the colours around the covers; each track keeps its own pattern."""
    layout = window.layout
    surface, weights = surroundings(window)
    contrast = _contrast(surface, weights, layout)
    step = max(layout.step_x, layout.step_y)
    filled = []
    for patch in window.patches:
        side = max(1, round(patch.own.w / _ACROSS / step)) * step
        left, top = (round(place / step) * step for place in patch.own[:2])
        x0, y0, x1, y1 = patch.rect.moved(Rect(left, top, left, top))
        columns, rows = np.arange(x0 // side, -(-x1 // side)), np.arange(y0 // side, -(-y1 // side))
        x = (left + (columns + 0.5) * side - window.rect.x0) / window.grid - 0.5
        y = (top + (rows + 0.5) * side - window.rect.y0) / window.grid - 0.5
        places = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        blocks = cv2.remap(surface, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        blocks = blocks.reshape(len(rows), len(columns), -1)
        blocks += _pattern(patch.seed, layout)[rows[:, None] % 32, columns % 32] * contrast
        blocks = np.clip(blocks, 0, layout.top).astype(layout.dtype)
        planes = []
        for plane, part in zip(layout.planes, layout.split(blocks), strict=True):
            wide, tall = side // plane.step_x, side // plane.step_y
            large = layout.trimmed(part).repeat(tall, 0).repeat(wide, 1)
            corner = Rect(columns[0] * side, rows[0] * side, x1, y1)
            planes.append(large[Rect(x0, y0, x1, y1).moved(corner).on(plane)].copy())
        filled.append(planes)
    return filled


@lru_cache(maxsize=64)
def _pattern(seed: int, layout: Layout) -> Grid:
    """(32, 32, channels) of unit noise, equal in all channels of lightness."""
    roles = "".join(plane.roles for plane in layout.planes)
    noise_of = {"y": 0, "r": 0, "g": 0, "b": 0, "u": 1, "v": 2}
    drawn = np.random.default_rng(seed).standard_normal((32, 32, 4)).astype(np.float32)
    drawn[..., 1:3] *= 0.4
    drawn[..., 3] = 0  # alpha and padding stay as they are around the cover
    return np.ascontiguousarray(drawn[..., [noise_of.get(role, 3) for role in roles]])


def _contrast(surface: Grid, weights: Grid, layout: Layout) -> npt.NDArray[np.float32]:
    """(channels,) scale of the blocks' noise: half the deviation of the surroundings, in bounds."""
    total = max(float(weights.sum()), 1e-6)
    mean = (surface * weights).sum((0, 1)) / total
    spread = np.sqrt(((surface - mean) ** 2 * weights).sum((0, 1)) / total) / 2
    return np.asarray(np.clip(spread, layout.unit, 20 * layout.unit), np.float32)


@dataclass(frozen=True, slots=True)
class Solid:
    """A single colour, `#rrggbb`; `edge` is the width of a soft edge, in parts of the picture's
    shorter side, 0 for none."""

    colour: str
    edge: float = 0.0

    def __call__(self, window: Window) -> list[list[Samples]]:
        values = native(self.colour, window.layout, window.matrix, window.full_range)
        return [
            [
                np.full((*mask.shape, len(value)), value, window.layout.dtype)
                for mask, value in zip(patch.masks, values, strict=True)
            ]
            for patch in window.patches
        ]

    def soften(self, window: Window, shorter: int) -> None:
        """Blend the clear samples near a window's covers towards the colour, less further away.

        `shorter` is the picture's shorter side, pixels. Reads and writes clear samples alone.
        """
        values = native(self.colour, window.layout, window.matrix, window.full_range)
        reach = self.edge * shorter
        for plane, samples, mask, value in zip(
            window.layout.planes, window.planes, window.masks, values, strict=True
        ):
            # Seen in samples: an edge in a plane of half the width is half as many samples wide.
            away = cv2.distanceTransform(cv2.bitwise_not(mask), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            share = np.clip(1 - away / max(reach / max(plane.step_x, plane.step_y), 1e-6), 0, 1)
            share = (share * share * (3 - 2 * share))[..., None]
            near = (share[..., 0] > 0) & (mask == 0)
            part = samples[near].astype(np.float32)
            part += share[near] * (np.array(value, np.float32) - part)
            rounded = np.round(part).astype(window.layout.dtype)
            samples[near] = window.layout.trimmed(rounded)
