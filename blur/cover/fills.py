"""What covers are filled with. No fill depends on a sample under any cover.

Each fill is a function of the samples outside all covers of the frame, the covers' geometry and
their seeds. A true blur or a true mosaic of the face is not offered: both give the face back to
whoever treats photographs of suspects the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from blur.cover import membrane
from blur.cover.layout import Layout, Samples
from blur.settings import CoverSettings, FillName

Mask = npt.NDArray[np.uint8]
"""(height, width), 255 where covered, 0 elsewhere."""


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels [x0, x1) by [y0, y1), on the grid that all planes share."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True)
class Patch:
    """The part of a window under one cover. `masks` holds one mask of the rect per plane."""

    rect: Rect
    masks: tuple[Mask, ...]
    seed: int
    centre: tuple[float, float]
    width: float


@dataclass(frozen=True, slots=True)
class Window:
    """What a fill works on: a part of the picture with all covers in it and the ring around them.

    `planes` are views of each plane over `rect`, `masks` the union of *all* covers over it.
    `grid` is the side in pixels of the coarse cells that `rect` starts on a multiple of.
    """

    layout: Layout
    rect: Rect
    grid: int
    planes: tuple[Samples, ...]
    masks: tuple[Mask, ...]
    patches: tuple[Patch, ...]
    colorspace: int
    full_range: bool


class Fill(Protocol):
    """Makes the samples of covers.

    Returns, for each patch of the window and each plane, samples for the patch's whole rect
    (height, width, channels); those under the patch's mask are used.
    """

    def __call__(self, window: Window) -> list[list[Samples]]: ...


def make_fill(settings: CoverSettings) -> Fill:
    match settings.fill:
        case FillName.SOFT:
            return Soft()
        case FillName.SOLID:
            return Solid(settings.colour)
        case FillName.MOSAIC:
            raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Soft:
    """Looks like a blur: colours diffused from the ring around the covers, with its grain."""

    def __call__(self, window: Window) -> list[list[Samples]]:
        surface = surroundings(window)
        sigmas = [
            noise(plane, mask, window.layout)
            for plane, mask in zip(window.planes, window.masks, strict=True)
        ]
        return [
            [
                self._plane(window, patch, surface, index, sigmas[index])
                for index in range(len(window.planes))
            ]
            for patch in window.patches
        ]

    def _plane(
        self, window: Window, patch: Patch, surface: membrane.Grid, index: int, sigma: float
    ) -> Samples:
        layout, plane = window.layout, window.layout.planes[index]
        first = sum(len(p.roles) for p in layout.planes[:index])
        part = surface[..., first : first + len(plane.roles)]
        smooth = _magnified(part, window, patch.rect, plane.step_x, plane.step_y)
        h, w = patch.masks[index].shape
        smooth = smooth[:h, :w]
        grain = _grain(
            patch.seed, patch.rect.x0 // plane.step_x, patch.rect.y0 // plane.step_y, h, w
        )
        if len(plane.roles) > 1:
            grain = cv2.merge([grain] * len(plane.roles))
        depth = cv2.CV_8U if layout.dtype is np.uint8 else cv2.CV_16U
        out = cv2.addWeighted(smooth, 1, grain, sigma, 0, dtype=depth)
        if layout.top < np.iinfo(layout.dtype).max:
            out = np.minimum(out, layout.dtype(layout.top))
        if layout.shift:
            out &= layout.dtype(layout.top)
        return np.asarray(out).reshape(h, w, len(plane.roles))


@dataclass(frozen=True, slots=True)
class Solid:
    """One colour, `#rrggbb`."""

    colour: str

    def __call__(self, window: Window) -> list[list[Samples]]:
        values = native(self.colour, window)
        return [
            [
                np.full((*mask.shape, len(value)), value, window.layout.dtype)
                for mask, value in zip(patch.masks, values, strict=True)
            ]
            for patch in window.patches
        ]


def surroundings(window: Window) -> membrane.Grid:
    """The colours outside the covers, spread smoothly over the covers.

    One value per coarse cell and channel (channels in the order of the layout's planes), in the
    scale of the samples.
    """
    rows = -(-(window.rect.y1 - window.rect.y0) // window.grid)
    columns = -(-(window.rect.x1 - window.rect.x0) // window.grid)
    means, weights = [], []
    for plane, samples, mask in zip(window.layout.planes, window.planes, window.masks, strict=True):
        tall, wide = window.grid // plane.step_y, window.grid // plane.step_x
        h, w = mask.shape
        outside = np.zeros((rows * tall, columns * wide), np.float32)
        outside[:h, :w] = mask == 0
        kept = np.zeros((*outside.shape, samples.shape[2]), np.float32)
        cv2.copyTo(samples.astype(np.float32), cv2.bitwise_not(mask), kept[:h, :w])
        weight = cv2.resize(outside, (columns, rows), interpolation=cv2.INTER_AREA)
        mean = cv2.resize(kept, (columns, rows), interpolation=cv2.INTER_AREA)
        mean = mean.reshape(rows, columns, -1) / np.maximum(weight, 1e-6)[..., None]
        means.append(mean)
        weights.append(weight)
    weight = np.minimum.reduce(weights)
    weight[weight < 0.1] = 0
    values = np.concatenate(means, -1) * (weight > 0)[..., None]
    if not weight.any():
        return np.broadcast_to(_mid_tone(window), values.shape).astype(np.float32)
    return membrane.stretch(values, weight)


def noise(samples: Samples, mask: Mask, layout: Layout) -> float:
    """Standard deviation of the grain outside the covers, in the scale of the samples.

    From second differences along every fourth row; only the lower half of them counts, so that
    texture is not taken for grain.
    """
    rows, covered = samples[::4, :, 0].astype(np.int32), mask[::4]
    second = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    clear = (covered[:, :-2] | covered[:, 1:-1] | covered[:, 2:]) == 0
    found = np.sort(second[clear])
    low = found[: len(found) // 2]
    floor, ceiling = 0.4 * layout.unit, 6 * layout.unit
    if not len(low):
        return floor
    # The mean of the lower half of |N(0, 1)| is 0.325; a second difference has 6 variances.
    return float(np.clip(low.mean() / (0.325 * np.sqrt(6)), floor, ceiling))


_TILE = 256


@lru_cache(maxsize=4)
def _tiles(tall: int, wide: int) -> npt.NDArray[np.float32]:
    tile = np.random.default_rng(20).standard_normal((_TILE, _TILE)).astype(np.float32)
    tile = cv2.GaussianBlur(np.tile(tile, (3, 3)), (0, 0), 0.6)[_TILE:-_TILE, _TILE:-_TILE]
    return np.tile(tile / tile.std(), (tall, wide))


def _grain(seed: int, x: int, y: int, h: int, w: int) -> npt.NDArray[np.float32]:
    """Unit grain that stays in its place on the screen, another for every seed."""
    shift_x, shift_y = np.random.default_rng(seed).integers(_TILE, size=2)
    x, y = (x + int(shift_x)) % _TILE, (y + int(shift_y)) % _TILE
    tiles = _tiles(2 + h // _TILE, 2 + w // _TILE)
    return tiles[y : y + h, x : x + w]


def _magnified(
    surface: membrane.Grid, window: Window, rect: Rect, step_x: int, step_y: int
) -> membrane.Grid:
    """The surface at a plane's own sampling, from the rect's top left corner on."""
    grid, reach = window.grid, 2
    left = (rect.x0 - window.rect.x0) // grid - reach
    top = (rect.y0 - window.rect.y0) // grid - reach
    right = -(-(rect.x1 - window.rect.x0) // grid) + reach
    bottom = -(-(rect.y1 - window.rect.y0) // grid) + reach
    x, y = max(left, 0), max(top, 0)
    part = np.ascontiguousarray(surface[y:bottom, x:right])
    wide, tall = grid // step_x, grid // step_y
    h, w = part.shape[:2]
    large = cv2.resize(part, (w * wide, h * tall), interpolation=cv2.INTER_CUBIC)
    from_x = (rect.x0 - window.rect.x0 - x * grid) // step_x
    from_y = (rect.y0 - window.rect.y0 - y * grid) // step_y
    return np.asarray(large[from_y:, from_x:])


# Luma weights of red and blue by ITU-T H.273 matrix coefficients.
_MATRICES = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114)}
_MATRICES |= {7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}


def native(colour: str, window: Window) -> list[list[int]]:
    """`#rrggbb` as samples, channel by channel for each plane."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    kr, kb = _MATRICES.get(window.colorspace, _MATRICES[1])
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    parts = {"r": red, "g": green, "b": blue, "a": 1.0, "0": 1.0}
    parts |= {"y": luma, "u": (blue - luma) / (2 - 2 * kb), "v": (red - luma) / (2 - 2 * kr)}
    return [[_sample(parts[role], role, window) for role in p.roles] for p in window.layout.planes]


def _sample(value: float, role: str, window: Window) -> int:
    layout = window.layout
    peak = (1 << layout.bits) - 1
    eighth = 1 << (layout.bits - 8)
    if role in "uv":
        span = peak if window.full_range else 224 * eighth
        scaled = 128 * eighth + value * span
    elif role == "y" and not window.full_range:
        scaled = (16 + 219 * value) * eighth
    else:
        scaled = value * peak
    return int(min(max(round(scaled), 0), peak)) << layout.shift


def _mid_tone(window: Window) -> npt.NDArray[np.float32]:
    """What covers take when there is nothing around them."""
    return np.array([v for plane in native("#707070", window) for v in plane], np.float32)
