"""A clip's time as the tracks need it: seconds per frame, and where the shots lie."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times of a clip's frames in seconds, ascending, and its cuts."""

    seconds: npt.NDArray[np.float64]
    cuts: Sequence[int]

    @classmethod
    def of(cls, pts: Sequence[int], time_base: Fraction, cuts: Sequence[int]) -> Self:
        """From timestamps as a plan holds them; the first frame is at 0 s."""
        return cls((np.array(pts, np.float64) - pts[0]) * float(time_base), cuts)

    def shots(self) -> list[tuple[int, int]]:
        return list(itertools.pairwise([0, *self.cuts, len(self.seconds)]))

    def frames(self, seconds: float) -> int:
        """How many frames `seconds` last at the clip's typical rate, at least 1."""
        if len(self.seconds) < 2:
            return 1
        step = float(np.median(np.diff(self.seconds)))
        return max(1, round(seconds / step))

    def around(self, frame: int, seconds: float) -> tuple[int, int]:
        """How many frames before and after `frame` lie within `seconds` of it, and at least as
        many as do at the typical rate: where the rate varies, a hold is never too short."""
        usual = self.frames(seconds) if seconds > 0 else 0
        now = self.seconds[frame]
        first = int(np.searchsorted(self.seconds, now - seconds, side="left"))
        end = int(np.searchsorted(self.seconds, now + seconds, side="right"))
        return max(usual, frame - first), max(usual, end - 1 - frame)
