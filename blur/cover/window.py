"""Covers as masks on each plane, with the ring around them: a fill's input."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange

from blur.cover.layout import Layout, PlaneLayout, Samples
from blur.cover.region import Region
from blur.data.plan import Box

GUARD = 2.0
"""Pixels that a cover reaches beyond its region, since encoders and scalers spread samples; larger
covers more."""

RING = 3
"""Coarse cells around covers that give them their colours; larger mixes in farther ones."""

_DRAWABLE = 2**24
"""Sixteenths of a cell; with larger coordinates OpenCV's polygons come out wrong."""

PixelMask = npt.NDArray[np.uint8]
"""(height, width) samples of a plane, 255 where covered, 0 elsewhere."""


class Rect(NamedTuple):
    """Pixels [x0, x1) by [y0, y1)."""

    x0: int
    y0: int
    x1: int
    y1: int

    def meets(self, other: Rect) -> bool:
        across = self.x0 < other.x1 and other.x0 < self.x1
        return across and self.y0 < other.y1 and other.y0 < self.y1

    def joined(self, other: Rect) -> Rect:
        low = min(self.x0, other.x0), min(self.y0, other.y0)
        return Rect(*low, max(self.x1, other.x1), max(self.y1, other.y1))

    def cut(self, other: Rect) -> Rect:
        """The part in `other`, which must meet it."""
        low = max(self.x0, other.x0), max(self.y0, other.y0)
        return Rect(*low, min(self.x1, other.x1), min(self.y1, other.y1))

    def grown(self, by: int, grid: int = 1) -> Rect:
        """Larger by `by` on every side, then outward to multiples of `grid`."""
        low = (self.x0 - by) // grid * grid, (self.y0 - by) // grid * grid
        return Rect(*low, -(-(self.x1 + by) // grid) * grid, -(-(self.y1 + by) // grid) * grid)

    def moved(self, corner: Rect) -> Rect:
        """Relative to the top left corner of `corner`."""
        x, y = corner.x0, corner.y0
        return Rect(self.x0 - x, self.y0 - y, self.x1 - x, self.y1 - y)

    def on(self, plane: PlaneLayout) -> tuple[slice, slice]:
        """Rows and columns of the plane's samples; the rect must start on the plane's grid."""
        rows = slice(self.y0 // plane.step_y, -(-self.y1 // plane.step_y))
        return rows, slice(self.x0 // plane.step_x, -(-self.x1 // plane.step_x))


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A cover: a mask over `rect` for each plane; `seed` and the region's own box, stored pixels,
    place its pattern; `rounded` ones are heads."""

    rect: Rect
    masks: tuple[PixelMask, ...]
    seed: int
    own: Box
    rounded: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the picture with some covers and the ring around them.

    `planes` are views of each plane over `rect`; `masks` mark the samples under *any* cover of the
    picture. `rect` starts on a multiple of `grid`, the side of a coarse cell in pixels. `matrix`
    is the picture's H.273 matrix coefficients.
    """

    layout: Layout
    rect: Rect
    grid: int
    planes: tuple[Samples, ...]
    masks: tuple[PixelMask, ...]
    patches: tuple[Patch, ...]
    matrix: int
    full_range: bool


def patches(picture: av.VideoFrame, layout: Layout, regions: Sequence[Region]) -> list[Patch]:
    """Covers of the regions (stored coordinates), snapped outward to the grid that all planes
    share; none for regions wholly outside the picture."""
    step_x, step_y = layout.step_x, layout.step_y
    if picture.interlaced_frame:
        step_y *= 2  # a row of chroma belongs to every other row of pixels
    # A cell is covered if its centre is inside: half a diagonal more covers all that are touched.
    pad = GUARD + math.hypot(step_x, step_y) / 2
    wide, tall = -(-picture.width // step_x), -(-picture.height // step_y)
    steps, found = np.array((step_x, step_y)), []
    for region in regions:
        cells = region.outline(pad) / steps
        (left, top), (right, bottom) = cells.min(0).tolist(), cells.max(0).tolist()
        x0, y0 = int(max(left, 0)), int(max(top, 0))
        x1 = min(math.ceil(min(right, wide)) + 1, wide)
        y1 = min(math.ceil(min(bottom, tall)) + 1, tall)
        if x0 >= x1 or y0 >= y1:
            continue
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        if 16 * (1 + max(x0 - left, right - x0, y0 - top, bottom - y0)) < _DRAWABLE:
            corners = np.rint((cells - (x0 + 0.5, y0 + 0.5)) * 16)
            cv2.fillConvexPoly(mask, corners.astype(np.int32), 255, shift=4)
        else:  # a box gone astray: cover all rather than nothing
            mask[:] = 255
        end = min(x1 * step_x, picture.width), min(y1 * step_y, picture.height)
        rect = Rect(x0 * step_x, y0 * step_y, *end)
        masks = _masks(mask, step_x, step_y, rect, layout)
        found.append(Patch(rect, masks, region.seed, region.boxes[0], not region.drawn))
    return found


def windows(
    picture: av.VideoFrame,
    layout: Layout,
    planes: Sequence[Samples],
    covers: Sequence[Patch],
) -> Iterator[Window]:
    """Windows around the covers; covers that touch share a window, so their colours agree."""
    grid = _grid(picture, layout)
    full = full_range(picture, layout)
    coarsest = layout.planes[layout.coarsest]
    frame = Rect(0, 0, picture.width, picture.height)
    for bounds, members in _touching(covers, grid):
        rect = bounds.grown(RING * grid, grid).cut(frame)
        mask = np.zeros(_shape(rect, coarsest), np.uint8)
        for patch in covers:
            if patch.rect.meets(rect):
                both = patch.rect.cut(rect)
                place = mask[both.moved(rect).on(coarsest)]
                own = patch.masks[layout.coarsest][both.moved(patch.rect).on(coarsest)]
                cv2.bitwise_or(place, own, place)
        masks = _masks(mask, layout.step_x, layout.step_y, rect, layout)
        views = tuple(
            samples[rect.on(plane)] for plane, samples in zip(layout.planes, planes, strict=True)
        )
        matrix = int(picture.colorspace)
        yield Window(layout, rect, grid, views, masks, tuple(members), matrix, full)


def _grid(picture: av.VideoFrame, layout: Layout) -> int:
    """Side of a coarse cell in pixels: by the picture's size, not a cover's, so colours never jump
    with a cover."""
    side = min(picture.width, picture.height)
    cell = 4 if side <= 400 else 8 if side <= 800 else 16 if side <= 1600 else 32
    return max(cell, 2 * layout.step_x, 2 * layout.step_y)


def full_range(picture: av.VideoFrame, layout: Layout) -> bool:
    """Whether samples use their full range; untagged grey and `yuvj` do, as in FFmpeg."""
    grey = not any("u" in plane.roles for plane in layout.planes)
    if picture.color_range == ColorRange.MPEG:
        return False
    return picture.color_range == ColorRange.JPEG or grey or picture.format.name.startswith("yuvj")


def _touching(covers: Sequence[Patch], gap: int) -> list[tuple[Rect, list[Patch]]]:
    """Groups of covers more than `gap` pixels apart, with the rect around each."""
    groups: list[tuple[Rect, list[Patch]]] = []
    for patch in covers:
        rect, members = patch.rect, [patch]
        while near := [group for group in groups if group[0].grown(gap).meets(rect)]:
            groups = [group for group in groups if group not in near]
            for other, others in near:
                rect, members = rect.joined(other), others + members
        groups.append((rect, members))
    return groups


def _shape(rect: Rect, plane: PlaneLayout) -> tuple[int, int]:
    rows, columns = rect.on(plane)
    return rows.stop - rows.start, columns.stop - columns.start


def _masks(
    cells: PixelMask, step_x: int, step_y: int, rect: Rect, layout: Layout
) -> tuple[PixelMask, ...]:
    """The mask `cells`, of `step_x` x `step_y` pixels from the rect's corner, for each plane."""
    made: dict[tuple[int, int], PixelMask] = {}
    for plane in layout.planes:
        steps = plane.step_x, plane.step_y
        if steps not in made:
            height, width = _shape(rect, plane)
            spread = _spread(cells, step_x // plane.step_x, step_y // plane.step_y)
            made[steps] = np.ascontiguousarray(spread[:height, :width])
    return tuple(made[plane.step_x, plane.step_y] for plane in layout.planes)


def _spread(cells: PixelMask, wide: int, tall: int) -> PixelMask:
    """A mask of cells as a mask of samples, `wide` x `tall` to a cell."""
    if wide > 1:
        cells = cv2.merge([cells] * wide).reshape(cells.shape[0], -1)
    return cells.repeat(tall, 0) if tall > 1 else cells
