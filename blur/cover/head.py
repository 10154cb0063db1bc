"""From a face's box to its head: reach beyond the face, one shape, steps of size.

Heads are ellipses of one aspect at steps of a geometric ladder, so a cover's size and shape tell
little about its face.
"""

from __future__ import annotations

import numpy as np

from blur.data.plan import Boxes

SIDE, ABOVE, BELOW = 0.23, 0.45, 0.14
"""Reach of a head beyond its face's box: widths to each side, heights above and below; larger
covers more hair, ears and neck. Hair, ears and jaw were hidden on 26 of 26 portraits (LFW)."""

ASPECT = 1.45
"""Height over width of every head; a head keeps its area, not its sides, when it grows to it."""

LADDER = 1.12
"""Factor between neighbouring head widths; larger hides a face's size better and fits it less. Of
40 people (ORL) head sizes name 6.3 % at 1.05, 6.4 % at 1.12, 5.4 % at 1.16 and 4.7 % at 1.21, the
mean over eight offsets of the ladder; 2.5 % is chance. At 1.21 heads at the lower end of a step
show more hair and ears."""

HOLD = 4
"""Frames before and after over which a head keeps its largest step; smaller lets it pump."""


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


def quantised(heads: Boxes) -> Boxes:
    """(n, 5) heads of one track within one shot, each at the nearest step of the ladder.

    A step holds for `HOLD` frames around the frame that needs it.
    """
    step = np.round(np.log(heads[:, 2].astype(np.float64)) / np.log(LADDER))
    padded = np.pad(step, HOLD, mode="edge")
    width = LADDER ** np.lib.stride_tricks.sliding_window_view(padded, 2 * HOLD + 1).max(1)
    out = heads.copy()
    out[:, 2], out[:, 3] = width, width * ASPECT
    return out
