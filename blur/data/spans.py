"""Spans of frames out of a mask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

FrameSpan: TypeAlias = tuple[int, int]
"""Frames [start, end)."""


def runs(mask: Mask, gap: int = 1) -> Iterator[tuple[int, int]]:
    """Spans [first, last) on which `mask` is true; spans less than `gap` apart are one."""
    on = np.flatnonzero(mask)
    if len(on):
        breaks = np.flatnonzero(np.diff(on) > gap)
        firsts, lasts = on[np.concatenate([[0], breaks + 1])], on[np.concatenate([breaks, [-1]])]
        yield from zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)
