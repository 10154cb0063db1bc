"""What covers are filled with. No fill depends on a sample under any cover.

Each fill is a pure function of the samples outside all covers of the picture, the covers'
geometry and their seeds. A true blur or a true mosaic of the face is not offered: both give the
face back to whoever treats photographs of suspects the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from blur.cover import membrane
from blur.cover.layout import Layout, PlaneLayout, Samples
from blur.cover.membrane import Grid
from blur.cover.window import Mask, Patch, Window
from blur.settings import CoverSettings, FillName


class Fill(Protocol):
    """Makes the samples of covers.

    Returns, for each patch of the window and each plane, samples for the patch's whole rect
    (height, width, channels), of which those under the patch's mask are used.
    """

    def __call__(self, window: Window) -> list[list[Samples]]: ...


def make_fill(settings: CoverSettings) -> Fill:
    """The fill that the settings name."""
    match settings.fill:
        case FillName.SOFT:
            return soft
        case FillName.MOSAIC:
            return mosaic
        case FillName.SOLID:
            return Solid(settings.colour)


def soft(window: Window) -> list[list[Samples]]:
    """Looks like a blur: the colours around the covers, diffused, with the grain around them."""
    surface, _ = surroundings(window)
    fine = cv2.resize(surface, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    fine = fine.reshape(*fine.shape[:2], -1)
    grains = [
        noise(samples, mask, window.layout)
        for samples, mask in zip(window.planes, window.masks, strict=True)
    ]
    filled = []
    for patch in window.patches:
        planes, first = [], 0
        for plane, sigma in zip(window.layout.planes, grains, strict=True):
            part = fine[..., first : first + len(plane.roles)]
            planes.append(_grained(part, window, patch, plane, sigma))
            first += len(plane.roles)
        filled.append(planes)
    return filled


_ACROSS = 8
"""Blocks of a mosaic across one cover."""


def mosaic(window: Window) -> list[list[Samples]]:
    """False blocks in the colours around the covers; each track keeps its own pattern."""
    surface, weights = surroundings(window)
    roles = "".join(plane.roles for plane in window.layout.planes)
    contrast = _contrast(surface, weights, window.layout)
    step = max(window.layout.step_x, window.layout.step_y)
    filled = []
    for patch in window.patches:
        side = max(1, round(patch.width / _ACROSS / step)) * step
        left, top = (round(place / step) * step for place in patch.centre)
        columns = np.arange((patch.rect.x0 - left) // side, -((left - patch.rect.x1) // side))
        rows = np.arange((patch.rect.y0 - top) // side, -((top - patch.rect.y1) // side))
        x = (left + (columns + 0.5) * side - window.rect.x0) / window.grid - 0.5
        y = (top + (rows + 0.5) * side - window.rect.y0) / window.grid - 0.5
        places = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        blocks = cv2.remap(surface, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        blocks = blocks.reshape(len(rows), len(columns), -1)
        blocks += _pattern(patch.seed, roles)[rows[:, None] % 32, columns % 32] * contrast
        blocks = np.clip(blocks, 0, window.layout.top).astype(window.layout.dtype)
        if window.layout.shift:
            blocks &= window.layout.dtype(window.layout.top)
        planes, first = [], 0
        for plane, mask in zip(window.layout.planes, patch.masks, strict=True):
            part = blocks[..., first : first + len(plane.roles)]
            large = part.repeat(side // plane.step_y, 0).repeat(side // plane.step_x, 1)
            y0 = (patch.rect.y0 - top - rows[0] * side) // plane.step_y
            x0 = (patch.rect.x0 - left - columns[0] * side) // plane.step_x
            large = large[y0 : y0 + mask.shape[0], x0 : x0 + mask.shape[1]]
            planes.append(np.ascontiguousarray(large))
            first += len(plane.roles)
        filled.append(planes)
    return filled


@lru_cache(maxsize=64)
def _pattern(seed: int, roles: str) -> Grid:
    """(32, 32, channels) of unit noise: one for lightness, one for each colour difference."""
    noise_of = {"y": 0, "r": 0, "g": 0, "b": 0, "u": 1, "v": 2}
    drawn = np.random.default_rng(seed).standard_normal((32, 32, 4)).astype(np.float32)
    drawn[..., 1:3] *= 0.4
    drawn[..., 3] = 0  # alpha and padding stay as they are around the cover
    return np.ascontiguousarray(drawn[..., [noise_of.get(role, 3) for role in roles]])


def _contrast(surface: Grid, weights: Grid, layout: Layout) -> npt.NDArray[np.float32]:
    """For each channel how far a block may differ from its surroundings, as they do."""
    total = max(float(weights.sum()), 1e-6)
    mean = (surface * weights).sum((0, 1)) / total
    spread = np.sqrt(((surface - mean) ** 2 * weights).sum((0, 1)) / total) / 2
    return np.asarray(np.clip(spread, layout.unit, 20 * layout.unit), np.float32)


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


def surroundings(window: Window) -> tuple[Grid, Grid]:
    """The colours outside the covers, spread smoothly over what the covers hide.

    (rows, columns, channels) of coarse cells, channels in the order of the layout's planes,
    in the scale of the samples, and (rows, columns, 1) with the share of each cell that lies
    outside the covers. A mid grey where nothing is left around them.
    """
    planes = window.layout.planes
    coarsest = min(range(len(planes)), key=lambda index: window.masks[index].size)
    clear = cv2.bitwise_not(window.masks[coarsest]) & 64  # a power of two halves exactly
    weights = _cells(clear, planes[coarsest], window) / np.float32(64)
    weights[weights < 0.05] = 0
    if not weights.any():
        grey = np.concatenate(native("#707070", window)).astype(np.float32)
        return np.tile(grey, (*weights.shape[:2], 1)), weights
    totals = []
    for plane, samples, mask in zip(planes, window.planes, window.masks, strict=True):
        kept = cv2.copyTo(samples, cv2.bitwise_not(mask))  # zero under the covers
        totals.append(_cells(kept, plane, window))
    return membrane.stretch(np.concatenate(totals, -1) * (weights > 0), weights), weights


def _cells(samples: Samples, plane: PlaneLayout, window: Window) -> Grid:
    """Means of a plane's samples over the window's coarse cells, (rows, columns, channels)."""
    x0, y0, x1, y1 = window.rect
    columns, rows = -(-(x1 - x0) // window.grid), -(-(y1 - y0) // window.grid)
    wide, tall = window.grid // plane.step_x, window.grid // plane.step_y
    below, right = rows * tall - samples.shape[0], columns * wide - samples.shape[1]
    if below or right:  # cells that reach over the picture's edge
        samples = cv2.copyMakeBorder(samples, 0, below, 0, right, cv2.BORDER_REPLICATE)
    while min(wide, tall) > 2:  # whole-number halving is many times faster than one large step
        wide, tall = wide // 2, tall // 2
        size = (columns * wide, rows * tall)
        samples = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    means = samples.astype(np.float32)
    means = cv2.resize(means, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means).reshape(rows, columns, -1)


def noise(samples: Samples, mask: Mask, layout: Layout) -> float:
    """Standard deviation of the grain outside the covers, in the scale of the samples.

    From second differences along some rows; only the lower half of them counts, so that texture
    is not taken for grain.
    """
    stride = 1 + mask.size // 4096
    rows, covered = samples[::stride, :, 0].astype(np.int32), mask[::stride]
    second = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    clear = (covered[:, :-2] | covered[:, 1:-1] | covered[:, 2:]) == 0
    found = np.minimum(second, 0x7FFF)[clear].astype(np.int16)  # short integers sort fastest
    least, most = 0.4 * layout.unit, 6 * layout.unit
    if len(found) < 2:
        return least
    lower = np.sort(found, kind="stable")[: len(found) // 2]
    # A second difference has 6 variances; the lower half of |N(0, 1)| has a mean of 0.325.
    return float(np.clip(lower.mean() / (0.325 * 6**0.5), least, most))


_TILE = 256
_BAND = 16


@lru_cache(maxsize=2)
def _grain(repeats: int) -> Grid:
    """Unit grain, periodic with `_TILE` rows and columns; a band of rows may start anywhere."""
    white = np.random.default_rng(0).standard_normal((_TILE, _TILE)).astype(np.float32)
    soft_grain = cv2.GaussianBlur(white, (0, 0), 0.6)
    tile = soft_grain / soft_grain.std()
    return np.tile(tile, (2, repeats))


def _grained(
    surface: Grid, window: Window, patch: Patch, plane: PlaneLayout, sigma: float
) -> Samples:
    """The surface, of two cells to a coarse one each way, at a plane's samples, with grain.

    The grain is fixed to the screen, so that it never shimmers. Works in bands of rows that
    stay in the processor's cache.
    """
    cell, layout, channels = window.grid // 2, window.layout, len(plane.roles)
    depth = cv2.CV_8U if layout.dtype is np.uint8 else cv2.CV_16U
    wide, tall = cell // plane.step_x, cell // plane.step_y
    rows, columns = patch.rect.moved(window.rect).on(plane)
    left, right = max(0, columns.start // wide - 1), -(-columns.stop // wide) + 1
    # Weyl sequences: tracks and planes take their grain from far apart.
    place = 64 * patch.seed + 8 * plane.index + ord(plane.roles[0])
    grain_x = (patch.rect.x0 // plane.step_x + 97 * place) % _TILE
    grain_y = patch.rect.y0 // plane.step_y + 157 * place - rows.start
    width = columns.stop - columns.start
    grain = _grain(2 + width // _TILE)[:, grain_x : grain_x + width]
    out = np.empty((rows.stop - rows.start, width, channels), layout.dtype)
    for start in range(rows.start, rows.stop, _BAND * tall):
        stop = min(start + _BAND * tall, rows.stop)
        top, bottom = max(0, start // tall - 1), -(-stop // tall) + 1
        part = np.ascontiguousarray(surface[top:bottom, left:right])
        size = (part.shape[1] * wide, part.shape[0] * tall)
        smooth = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
        x, y = columns.start - left * wide, start - top * tall
        at = (grain_y + start) % _TILE
        texture = grain[at : at + stop - start]
        if channels > 1:
            texture = cv2.merge([texture] * channels)
        band = cv2.addWeighted(
            smooth[y : y + stop - start, x : x + width], 1, texture, sigma, 0, dtype=depth
        )
        out[start - rows.start : stop - rows.start] = band.reshape(-1, width, channels)
    if layout.top < np.iinfo(layout.dtype).max:
        np.minimum(out, layout.dtype(layout.top), out=out)
        out &= layout.dtype(layout.top)
    return out


# Luma weights of red and blue by H.273 matrix coefficients; BT.709 where not said.
_MATRICES = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114)}
_MATRICES |= {7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}


def native(colour: str, window: Window) -> list[list[int]]:
    """`#rrggbb` as samples: for each plane one for each channel. Alpha is opaque."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    kr, kb = _MATRICES.get(window.matrix, _MATRICES[1])
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    shares = {"r": red, "g": green, "b": blue, "a": 1.0, "0": 1.0, "y": luma}
    shares |= {"u": (blue - luma) / (2 - 2 * kb), "v": (red - luma) / (2 - 2 * kr)}
    layout = window.layout
    peak, step = (1 << layout.bits) - 1, 1 << (layout.bits - 8)

    def sample(role: str) -> int:
        share = shares[role]
        if role in "uv":
            value = 128 * step + share * (peak if window.full_range else 224 * step)
        elif role == "y" and not window.full_range:
            value = (16 + 219 * share) * step
        else:
            value = share * peak
        return min(max(round(value), 0), peak) << layout.shift

    return [[sample(role) for role in plane.roles] for plane in layout.planes]
