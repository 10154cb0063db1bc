"""Spans of frames, and the masks they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FrameMask = npt.NDArray[np.bool_]
"""(n,), one value per frame of a clip, a track or a path."""

FrameSpan: TypeAlias = tuple[int, int]
"""Frames [start, end)."""


def runs(mask: FrameMask, gap: int = 1) -> Iterator[FrameSpan]:
    """Spans on which `mask` is true, those up to `gap` apart (last to first frame) joined."""
    on = np.flatnonzero(mask)
    if len(on):
        breaks = np.flatnonzero(np.diff(on) > gap)
        firsts, lasts = on[np.concatenate([[0], breaks + 1])], on[np.concatenate([breaks, [-1]])]
        yield from zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)


def masked(spans: Iterable[FrameSpan], frames: int) -> FrameMask:
    """(frames,) true on the frames of the spans, as far as there are such."""
    mask = np.zeros(frames, bool)
    for start, end in spans:
        mask[max(0, start) : max(0, end)] = True
    return mask
