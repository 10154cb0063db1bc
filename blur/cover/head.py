"""From a face's box to its head: reach beyond the face, one shape, steps of size.

Heads are ellipses of one aspect at steps of a geometric ladder, so a cover's size and shape tell
little about its face.
"""

from __future__ import annotations

import numpy as np

from blur.data.plan import Boxes
from blur.data.yaw import Yaws

SIDE, ABOVE, BELOW = 0.23, 0.45, 0.14
"""Reach of a head beyond its face's box: widths to each side, heights above and below; larger
covers more hair, ears and neck. Hair, ears and jaw were hidden on 26 of 26 portraits (LFW)."""

ASPECT = 1.45
"""Height over width of every head; a head keeps its area, not its sides, when it grows to it."""

LADDER = 1.12
"""Factor between neighbouring head widths; larger hides a face's size better and fits it less. Of
40 people (ORL) their heads' sizes name 6.4 % at 1.12 and 4.7 % at 1.21, means over eight places of
the ladder; 2.5 % is chance. At 1.21 heads at the lower end of a step show hair."""

BACK = 0.4
"""Head widths by which a turned head lies behind its face for each unit of yaw; larger covers more
of its back, and more wall behind faces whose points are wrong. By eye 0.4 to 0.6 fit 60 turned
heads (LFW)."""

KEPT = 0.1
"""Share of a step of the ladder by which a head's size must leave a step to take the next; smaller
lets it pump, larger fits it less. The largest step within four frames, instead, makes covers larger
by 2 % on clips with truth."""


def head_boxes(boxes: Boxes, margin: float) -> Boxes:
    """(n, 5) face boxes grown to heads along their own axes, at the fixed aspect.

    `margin` scales the reach beyond the face.
    """
    cx, cy, w, h, angle = boxes.astype(np.float64).T
    turn = np.radians(angle)
    up = (ABOVE - BELOW) / 2 * margin * h
    width = w * (1 + 2 * SIDE * margin)
    height = h * (1 + (ABOVE + BELOW) * margin)
    across = np.sqrt(width * height / ASPECT)
    heads = [cx + np.sin(turn) * up, cy - np.cos(turn) * up, across, across * ASPECT, angle]
    return np.stack(heads, -1).astype(np.float32)


def moved_back(boxes: Boxes, yaws: Yaws, by: float) -> Boxes:
    """(n, 5) boxes, moved away from where their heads look by `by` widths for each unit of yaw."""
    back = -by * yaws.astype(np.float64) * boxes[:, 2]
    turn = np.radians(boxes[:, 4].astype(np.float64))
    out = boxes.copy()
    out[:, 0] += np.cos(turn) * back
    out[:, 1] += np.sin(turn) * back
    return out


def quantised(heads: Boxes) -> Boxes:
    """(n, 5) heads of one track within one shot, each at the nearest step of the ladder, or at the
    step of the frame before while that is near enough."""
    steps: list[int] = []
    for size in (np.log(heads[:, 2].astype(np.float64)) / np.log(LADDER)).tolist():
        near = bool(steps) and abs(size - steps[-1]) <= 0.5 + KEPT
        steps.append(steps[-1] if near else round(size))
    width = LADDER ** np.array(steps, np.float64)
    out = heads.copy()
    out[:, 2], out[:, 3] = width, width * ASPECT
    return out
