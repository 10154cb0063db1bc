"""Which frame of its clip each frame of an output shows: all of them, a part, or at an even rate.

Pictures at a steady rate are what editing programs cut; phones record them at uneven times.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from blur.data.placement import Placement
from blur.data.plan import Plan
from blur.settings.values import RATES, parse_rate


@dataclass(frozen=True, slots=True)
class FrameMap:
    """`shown` has the clip's frame of each frame of the output, ascending, `pts` its time in ticks
    of `tick` seconds; `rate` is the even rate in frames a second, None where the clip's own times
    are kept. `start` is the clip's time of a part's zero, in seconds."""

    shown: Sequence[int]
    pts: Sequence[int]
    tick: Fraction
    rate: Fraction | None = None
    start: Fraction | None = None

    def places(self, frame: int) -> range:
        """The output's frames that show a frame of the clip."""
        return range(bisect.bisect_left(self.shown, frame), bisect.bisect_right(self.shown, frame))

    def present(self) -> list[int]:
        """The clip's frames that are shown, each once."""
        return [frame for frame, _ in itertools.groupby(self.shown)]

    def nearest(self, frame: int) -> int:
        """The shown frame nearest to a frame of the clip, itself where it is shown."""
        after = bisect.bisect_left(self.shown, frame)
        near = self.shown[max(0, after - 1) : after + 1]
        return min(near, key=lambda shown: abs(shown - frame))

    @property
    def told(self) -> str:
        """In words, what an even rate did; "" without one."""
        if self.rate is None:
            return ""
        once = len(self.present())
        left = self.shown[-1] + 1 - self.shown[0] - once
        return (
            f"at an even {float(self.rate):.6g} frames a second: {len(self.shown)} frames show"
            f" {once} of the clip, {len(self.shown) - once} of them again, {left} are left out"
            " (blur export frames lists each)"
        )


def frame_map(plan: Plan, placed: Placement) -> FrameMap:
    """The frames of an output of the clip, by its placement."""
    span = placed.span(plan.frames)
    rate = rate_for(plan, placed.rate)
    if rate is None:
        start = None if placed.frames is None else plan.pts[span.start] * plan.time_base
        origin = 0 if placed.frames is None else plan.pts[span.start]
        pts = [time - origin for time in plan.pts[span.start : span.stop]]
        return FrameMap(span, pts, plan.time_base, start=start)
    shown, tick = _even(plan, rate)
    first, after = bisect.bisect_left(shown, span.start), bisect.bisect_left(shown, span.stop)
    step, origin = round(1 / (rate * tick)), round(plan.pts[0] * plan.time_base / tick)
    if placed.frames is None:
        return FrameMap(shown, [origin + step * n for n in range(len(shown))], tick, rate)
    if first == after:  # a part so short that the even rate leaves it out
        first, after = max(0, first - 1), max(0, first - 1) + 1
    pts = [step * n for n in range(after - first)]
    return FrameMap(shown[first:after], pts, tick, rate, (origin + step * first) * tick)


def rate_for(plan: Plan, wanted: str) -> Fraction | None:
    """The even rate of the clip's output by the option `wanted`; None where its own times are kept:
    they are even, or the option is off."""
    if not wanted or is_even(plan.pts):
        return None
    return parse_rate(wanted) or usual_rate(plan)


def is_even(pts: Sequence[int]) -> bool:
    """Whether frames have equal steps, but for the rounding to a coarse time base."""
    steps = [after - before for before, after in itertools.pairwise(pts)]
    if not steps:
        return True
    jitter = max(steps) - min(steps)
    return jitter == 0 or (jitter == 1 and sorted(steps)[len(steps) // 2] >= 10)


def usual_rate(plan: Plan) -> Fraction:
    """The camera's rate nearest to the clip's median step."""
    steps = sorted(after - before for before, after in itertools.pairwise(plan.pts))
    found = 1 / (steps[len(steps) // 2] * plan.time_base)
    return min(RATES, key=lambda rate: abs(math.log(rate / found)))


def _even(plan: Plan, rate: Fraction) -> tuple[list[int], Fraction]:
    """The frame nearest in time at each step of the rate, over the clip's whole length; and a tick
    in which its own times and the even ones are whole numbers."""
    tick = Fraction(1, math.lcm(rate.numerator, plan.time_base.denominator))
    step = 1 / (rate * plan.time_base)  # in the clip's ticks
    ends = plan.pts[-1] + (plan.pts[-1] - plan.pts[-2])
    count = max(1, round((ends - plan.pts[0]) / step))
    shown, frame = [], 0
    for n in range(count):
        due = plan.pts[0] + n * step + step / 2
        while frame + 1 < plan.frames and plan.pts[frame + 1] <= due:
            frame += 1
        shown.append(frame)
    return shown, tick
