"""A part of a clip by two times, `CLIP@00:10-02:30`, as a span of its frames."""

from __future__ import annotations

import bisect
import re
from fractions import Fraction
from pathlib import Path

from blur.data.plan import Plan
from blur.data.spans import FrameSpan
from blur.data.timecode import frames_of
from blur.settings.values import parse_spans

_TIMECODE = r"\d{1,2}:\d{2}:\d{2}[:;]\d{2,3}"
_TIMECODES = re.compile(f"({_TIMECODE})-({_TIMECODE})", re.ASCII)


def parted(given: Path) -> tuple[Path, str]:
    """A file's path and the part behind its last "@"; "" where there is none. Raises ValueError."""
    clip, at, part = given.name.rpartition("@")
    if not at or not clip or given.exists() or not given.with_name(clip).is_file():
        return given, ""
    if not _TIMECODES.fullmatch(part) and len(parse_spans(part)) != 1:
        raise ValueError(f"must be a part such as 00:10-02:30 or 00:00:10:05-00:02:30:00: {part!r}")
    return given.with_name(clip), part


def frames_in(part: str, plan: Plan) -> FrameSpan:
    """The frames of a part: those that begin in it; timecodes count frames from the clip's first.

    Raises ValueError for a part without a frame.
    """
    if found := _TIMECODES.fullmatch(part):
        rate = (plan.frames - 1) / ((plan.pts[-1] - plan.pts[0] or 1) * plan.time_base)
        start, stop = (frames_of(time, rate) for time in found.groups())
    else:
        ((first, last),) = parse_spans(part)
        start, stop = (_frame_at(seconds, plan) for seconds in (first, last))
    stop = min(stop, plan.frames)
    if start >= stop:
        raise ValueError(f"no frame of it lies in {part}")
    return start, stop


def _frame_at(seconds: Fraction, plan: Plan) -> int:
    """The first frame at or after a time since the first."""
    return bisect.bisect_left(plan.pts, plan.pts[0] + seconds / plan.time_base)
