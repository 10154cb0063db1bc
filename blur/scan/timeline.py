"""A clip's time as tracks need it: seconds of its frames, and its shots."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

NEAR_SECONDS = 0.2
"""Seconds within which sightings count as simultaneous, and gaps are bridged without pursuit;
larger saves following and trusts straight bridges longer. Over 31 filmed clips 0.25 exposed one
more person at fast and 29 more hard face-frames at balanced, and saved 2 to 4 ms a frame."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Seconds of a clip's frames, ascending, and the first frames of all shots but the first."""

    seconds: npt.NDArray[np.float64]
    cuts: Sequence[int]

    @classmethod
    def of(cls, pts: Sequence[int], time_base: Fraction, cuts: Sequence[int]) -> Self:
        """From timestamps as a plan holds them; the first frame is at 0 s."""
        return cls((np.array(pts, np.float64) - pts[0]) * float(time_base), cuts)

    def shots(self) -> list[tuple[int, int]]:
        """Shots as [start, end) frames, together the whole clip."""
        return list(itertools.pairwise([0, *self.cuts, len(self.seconds)]))

    def shot_of(self, frame: int) -> tuple[int, int]:
        """The shot of a frame, as [start, end) frames."""
        number = bisect.bisect_right(self.cuts, frame)
        start = self.cuts[number - 1] if number else 0
        return start, self.cuts[number] if number < len(self.cuts) else len(self.seconds)

    def frames(self, seconds: float) -> int:
        """Frames in `seconds` at the clip's median rate, at least 1."""
        if len(self.seconds) < 2:
            return 1
        step = float(np.median(np.diff(self.seconds)))
        return max(1, round(seconds / step))

    def around(self, frame: int, seconds: float) -> tuple[int, int]:
        """Frames before and after `frame` within `seconds` of it, but never fewer than at the
        median rate: a hold is not too short where the rate varies."""
        usual = self.frames(seconds) if seconds > 0 else 0
        now = self.seconds[frame]
        first = int(np.searchsorted(self.seconds, now - seconds, side="left"))
        end = int(np.searchsorted(self.seconds, now + seconds, side="right"))
        return max(usual, frame - first), max(usual, end - 1 - frame)
