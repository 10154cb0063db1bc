"""Frames of a clip as editing programs count them: at a constant rate, from a start hour.

A clip of varying rate is counted at its usual rate; each of its frames has the nearest count.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from blur.data.plan import Plan
from blur.data.timecode import timecode_of

START_HOUR = 1
"""Hour at which a timeline begins: Avid, Premiere's and Resolve's exchange files begin at it."""


class Timing:
    """Frames of a clip as frames of a constant rate, as editing programs count."""

    def __init__(self, plan: Plan) -> None:
        gaps = np.diff(np.array(plan.pts, np.int64))
        usual = Fraction(int(np.median(gaps)) if len(gaps) else 1) * plan.time_base
        average = Fraction(plan.pts[-1] - plan.pts[0], max(1, len(gaps))) * plan.time_base
        # Rounding to a coarse time base jitters by one tick; the average still gives the rate.
        jitter = int(np.ptp(gaps)) if len(gaps) else 0
        steady = jitter == 0 or (jitter == 1 and int(np.median(gaps)) >= 10)
        self.rate = _broadcast(1 / (average if steady and average else usual))
        self._seconds = None if steady else [plan.seconds(i) for i in range(plan.frames + 1)]

    @property
    def base(self) -> int:
        """Frames that a second of timecode counts: 30 at 30000/1001 frames a second."""
        return round(self.rate) or 1

    def count(self, frame: int) -> int:
        """`frame` in the constant-rate count; it may be one past the last."""
        if self._seconds is None:
            return frame
        return round(self._seconds[frame] * self.rate)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """First count and number of counts, 1 at least, of frames [start, end)."""
        first = self.count(start)
        return first, max(1, self.count(end) - first)

    def hour(self, hour: int) -> int:
        """Counts from 0:00:00:00 to the beginning of an hour."""
        return hour * 3600 * self.base

    def timecode(self, count: int, start: int = 0) -> str:
        """Non-drop-frame timecode, `start` frames on."""
        return timecode_of(count + start, Fraction(self.base))


def _broadcast(rate: Fraction) -> Fraction:
    """The nearest whole or NTSC rate within 0.05 %, else the rate itself."""
    whole = round(rate) or 1
    choices = (Fraction(whole), Fraction(whole * 1000, 1001))
    nearest = min(choices, key=lambda choice: abs(rate - choice))
    return nearest if abs(rate / nearest - 1) < Fraction(1, 2000) else rate.limit_denominator(1001)
