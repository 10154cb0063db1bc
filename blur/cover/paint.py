"""Writes covers into the native planes of a decoded picture.

Only samples under a cover change; the others keep every bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange

from blur.cover.fills import Fill, Mask, Patch, Rect, Window
from blur.cover.layout import Layout, layout_of, paintable
from blur.cover.region import Region

GUARD = 2.0
"""Pixels that a cover reaches beyond its region, for what encoders and scalers spread."""

RING = 4
"""Coarse cells around the covers from which their colours are taken."""


def paint(picture: av.VideoFrame, regions: Sequence[Region], fill: Fill) -> av.VideoFrame:
    """Cover `regions` (in stored coordinates) and return the covered picture.

    The picture is painted in place where nothing else holds its planes, else in a copy. A
    picture in a format that cannot be painted comes back in `paintable(format)`, with or
    without regions.
    """
    name = paintable(picture.format.name)
    if name != picture.format.name:
        picture = picture.reformat(format=name)
    layout = layout_of(name)
    if layout is None:
        raise ValueError(f"no layout for {name}")
    step_x, step_y = layout.step_x, layout.step_y
    if picture.interlaced_frame:
        step_y *= 2  # a chroma row belongs to every other row of pixels
    grid = _grid(picture)
    patches = []
    for region in regions:
        patch = _patch(region, layout, step_x, step_y, picture.width, picture.height)
        if patch is not None:
            patches.append(patch)
    if not patches:
        return picture
    picture.make_writable()
    planes = layout.views(picture)
    for rect, members in _groups(patches, grid, picture.width, picture.height):
        window = _window(picture, layout, grid, planes, rect, members)
        for patch, samples in zip(members, fill(window), strict=True):
            for plane, view, mask, new in zip(
                layout.planes, planes, patch.masks, samples, strict=True
            ):
                y, x = patch.rect.y0 // plane.step_y, patch.rect.x0 // plane.step_x
                h, w = mask.shape
                cv2.copyTo(new, mask, view[y : y + h, x : x + w])
    return picture


def _grid(picture: av.VideoFrame) -> int:
    """Side in pixels of the coarse cells in which colours spread under covers."""
    side = min(picture.width, picture.height)
    return 4 if side <= 400 else 8 if side <= 1200 else 16


def _patch(
    region: Region, layout: Layout, step_x: int, step_y: int, width: int, height: int
) -> Patch | None:
    """The region as masks on the picture's sampling grid, or None when it lies outside."""
    # A cell counts as covered when its centre is: the pad lets no touched cell be missed.
    pad = GUARD + float(np.hypot(step_x, step_y)) / 2
    cells = region.outline(pad) / (step_x, step_y)
    low = np.maximum(np.floor(cells.min(0)), 0).astype(int)
    last = (-(-width // step_x), -(-height // step_y))
    high = np.minimum(np.ceil(cells.max(0)) + 1, last).astype(int)
    if (low >= high).any():
        return None
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    corners = np.round((cells - low - 0.5) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, 255, lineType=cv2.LINE_8, shift=4)
    rect = Rect(
        low[0] * step_x,
        low[1] * step_y,
        min(high[0] * step_x, width),
        min(high[1] * step_y, height),
    )
    masks = tuple(
        _spread(mask, step_x // p.step_x, step_y // p.step_y, rect, p.step_x, p.step_y)
        for p in layout.planes
    )
    own = region.boxes[0]
    return Patch(rect, masks, region.seed, (own.cx, own.cy), own.w)


def _spread(mask: Mask, wide: int, tall: int, rect: Rect, step_x: int, step_y: int) -> Mask:
    """A mask of cells as a mask of a plane's samples, cut at the picture's edge."""
    h, w = mask.shape
    if (wide, tall) != (1, 1):
        mask = cv2.resize(mask, (w * wide, h * tall), interpolation=cv2.INTER_NEAREST)
    rows, columns = -(-(rect.y1 - rect.y0) // step_y), -(-(rect.x1 - rect.x0) // step_x)
    return np.ascontiguousarray(mask[:rows, :columns])


def _groups(
    patches: Sequence[Patch], grid: int, width: int, height: int
) -> list[tuple[Rect, list[Patch]]]:
    """Patches whose rings meet, together: no ring takes a colour from under another cover."""
    groups: list[tuple[Rect, list[Patch]]] = []
    for patch in patches:
        rect, members = _with_ring(patch.rect, grid, width, height), [patch]
        met = True
        while met:
            met = False
            for other in groups:
                if _meet(rect, other[0]):
                    groups.remove(other)
                    rect, members, met = _joined(rect, other[0]), other[1] + members, True
                    break
        groups.append((rect, members))
    return groups


def _with_ring(rect: Rect, grid: int, width: int, height: int) -> Rect:
    return Rect(
        max(0, (rect.x0 // grid - RING) * grid),
        max(0, (rect.y0 // grid - RING) * grid),
        min(width, (-(-rect.x1 // grid) + RING) * grid),
        min(height, (-(-rect.y1 // grid) + RING) * grid),
    )


def _meet(a: Rect, b: Rect) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def _joined(a: Rect, b: Rect) -> Rect:
    return Rect(min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1))


def _window(
    picture: av.VideoFrame,
    layout: Layout,
    grid: int,
    planes: Sequence[np.ndarray],
    rect: Rect,
    patches: Sequence[Patch],
) -> Window:
    views, masks = [], []
    for index, (plane, samples) in enumerate(zip(layout.planes, planes, strict=True)):
        y0, x0 = rect.y0 // plane.step_y, rect.x0 // plane.step_x
        view = samples[y0 : -(-rect.y1 // plane.step_y), x0 : -(-rect.x1 // plane.step_x)]
        mask = np.zeros(view.shape[:2], np.uint8)
        for patch in patches:
            own = patch.masks[index]
            y, x = patch.rect.y0 // plane.step_y - y0, patch.rect.x0 // plane.step_x - x0
            part = mask[y : y + own.shape[0], x : x + own.shape[1]]
            cv2.bitwise_or(part, own, part)
        views.append(view)
        masks.append(mask)
    return Window(
        layout,
        rect,
        grid,
        tuple(views),
        tuple(masks),
        tuple(patches),
        int(picture.colorspace),
        picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj"),
    )
