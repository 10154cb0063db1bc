"""Loudness: peaks of a sound in bins of a fiftieth of a second, for a timeline to draw."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 50
"""Bins a second: a word has ten or more; more take more memory."""

_FLOOR = -60.0
"""dB of full scale that are drawn as nothing; whispers in a quiet room lie above, and a lower
floor draws the room."""


def loudness(
    blocks: Iterable[tuple[int, npt.NDArray[Any]]], rate: int, seconds: float
) -> npt.NDArray[np.uint8]:
    """The peak of each bin of so many seconds, in equal steps of dB from 0 (the floor) to 255 (full
    scale).

    `blocks` are (channels, n) samples of full scale 1, each with the number of its first sample at
    `rate`; they may overlap or leave gaps, which are silent.
    """
    size = rate // BINS
    peaks = np.zeros(max(1, math.ceil(seconds * BINS)), np.float32)
    for first, samples in blocks:
        skipped = max(0, -first)
        loud = np.abs(samples[:, skipped:]).max(axis=0, initial=0)
        first += skipped
        if not loud.size:
            continue
        bins = range(first // size, (first + loud.size - 1) // size + 1)
        edges = [max(0, number * size - first) for number in bins]
        found = np.maximum.reduceat(loud, edges)
        inside = peaks[bins.start : bins.stop]
        np.maximum(inside, found[: inside.size], out=inside)
    with np.errstate(divide="ignore"):
        level = 20 * np.log10(peaks)
    share = np.clip(1 - level / _FLOOR, 0, 1)
    return np.ceil(255 * share).astype(np.uint8)
