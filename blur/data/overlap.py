"""All measures of overlapping boxes, and all rules by which two boxes show one face.

All compare the upright bounds of the boxes' ellipses (`boxes.bounds`), so turned boxes compare
with upright ones. Boxes must be of one frame, or carried to one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats
from blur.data.boxes import bounds, sizes
from blur.data.plan import Box, Boxes

MATCH = 0.5
"""IoU from which a person's decision and a track's box are one face; larger loses decisions after
a new scan, smaller lets them reach neighbours."""

SURE_MATCH = 0.85
"""IoU from which only an equally good second face makes a decision ambiguous; smaller lets a
decision choose between overlapping faces."""

BINDING = 0.75
"""Least share of the frames of a decision to keep a face clear and of a track, those of both, on
which they match; larger loses decisions after a new scan, smaller binds them to people who cross
their path."""

_SIGHTING_IOU = 0.4
_SIGHTING_INSIDE = 0.75
"""IoU, or share of the smaller box inside the larger, above which two detections of one frame are
one face; larger keeps doubles, smaller merges neighbours."""
_SIGHTING_AREAS = 0.25
"""Least ratio of areas for `_SIGHTING_INSIDE`; smaller swallows a small face before a large one."""

_DOUBLE_INSIDE = 0.7
"""Share of the smaller box inside the other above which one tracklet doubles another; larger keeps
more doubles."""
_COMPARABLE = 2.5
"""Factor between sizes below which it holds; larger swallows small faces before large ones."""

_KEPT_IOU = 0.35
"""IoU above which a suspect is a face kept clear; smaller excuses exposed neighbours, and smaller
faces in front of it."""


def iou(first: Boxes, second: Boxes) -> Floats:
    """(n,) intersection over union of n pairs of boxes, row by row."""
    shared, a, b = _areas(bounds(first), bounds(second))
    return shared / (a + b - shared)


def inside_smaller(first: Boxes, second: Boxes) -> Floats:
    """(n,) intersection over the smaller area of n pairs of boxes, row by row."""
    shared, a, b = _areas(bounds(first), bounds(second))
    return shared / np.minimum(a, b)


def overlaps(first: Boxes, second: Boxes) -> tuple[Floats, Floats]:
    """`iou` and `inside_smaller` of each of n boxes with each of m, both (n, m)."""
    shared, a, b = _areas(bounds(first)[:, None], bounds(second)[None])
    return shared / (a + b - shared), shared / np.minimum(a, b)


def same_sighting(boxes: Boxes) -> npt.NDArray[np.bool_]:
    """(n, n) whether detections of one frame are one face: well overlapping, or the smaller inside
    the larger at a comparable size."""
    union, inside = overlaps(boxes, boxes)
    area = boxes[:, 2] * boxes[:, 3]
    ratio = area[:, None] / area[None]
    comparable = np.minimum(ratio, 1 / ratio) > _SIGHTING_AREAS
    return np.asarray((union > _SIGHTING_IOU) | ((inside > _SIGHTING_INSIDE) & comparable))


def faces(boxes: Boxes) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """Groups boxes by `same_sighting`, greedily: each group's first row and a mask of its rows.

    Boxes must come best first.
    """
    same = same_sighting(boxes)
    free = np.ones(len(boxes), bool)
    for best in range(len(boxes)):
        if free[best]:
            group = same[best] & free
            free &= ~group
            yield best, group


def doubles(first: Boxes, second: Boxes) -> npt.NDArray[np.bool_]:
    """(n,) whether the smaller box of each pair lies inside the other at a comparable size."""
    a, b = sizes(first), sizes(second)
    comparable = np.minimum(a, b) > np.maximum(a, b) / _COMPARABLE
    return np.asarray((inside_smaller(first, second) > _DOUBLE_INSIDE) & comparable)


def is_kept(suspect: Box, kept: Box) -> bool:
    """Whether a suspect is the face that a person keeps clear in `kept`."""
    pair = np.array([suspect], np.float32), np.array([kept], np.float32)
    return bool(iou(*pair)[0] > _KEPT_IOU)


def _areas(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Shared area and own areas of rectangles (..., 4) x1, y1, x2, y2 that broadcast."""
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    own = [(x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1]) for x in (a, b)]
    return shared, own[0], own[1]
