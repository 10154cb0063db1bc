"""Timecodes as counts of frames (SMPTE ST 12-1, also with dropped numbers), and clock times."""

from __future__ import annotations

import re
from fractions import Fraction

_FORM = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{1,3})", re.ASCII)
_DROP = ";.,"


def frames_of(timecode: str, rate: Fraction) -> int:
    """Frames from midnight to a timecode at a rate in frames a second. Raises ValueError."""
    found = _FORM.fullmatch(timecode.strip())
    if found is None:
        raise ValueError(f"no timecode: {timecode!r}")
    hours, minutes, seconds, frames = (int(found[n]) for n in (1, 2, 3, 5))
    base = round(rate)
    minutes += 60 * hours
    count = (60 * minutes + seconds) * base + frames
    return count - _left_out(base) * (minutes - minutes // 10) if found[4] in _DROP else count


def timecode_of(frames: int, rate: Fraction, drop: bool = False) -> str:
    """The timecode of a frame counted from midnight; it begins again after a day."""
    base = round(rate)
    skip = _left_out(base) if drop else 0
    frames %= (24 * 3600 * base) - skip * 24 * 54
    if skip:
        tens, rest = divmod(frames, 600 * base - 9 * skip)
        frames += 9 * skip * tens + skip * max(0, (rest - skip) // (60 * base - skip))
    seconds, frames = divmod(frames, base)
    minutes, seconds = divmod(seconds, 60)
    mark = ";" if drop else ":"
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{mark}{frames:02}"


def shifted(timecode: str, rate: Fraction, frames: int) -> str:
    """A timecode moved by frames. Raises ValueError for what is no timecode."""
    drop = any(mark in timecode for mark in _DROP)
    return timecode_of(frames_of(timecode, rate) + frames, rate, drop)


def at_rate(timecode: str, rate: Fraction, new: Fraction) -> str:
    """The timecode of the same second at another rate; its frames are at the same time in it.

    Raises ValueError for what is no timecode.
    """
    found = _FORM.fullmatch(timecode.strip())
    if found is None:
        raise ValueError(f"no timecode: {timecode!r}")
    if round(rate) == round(new):
        return timecode
    mark = found[4] if new.denominator > 1 and round(new) % 30 == 0 else ":"
    frames = int(found[5]) * round(new) // round(rate)
    return f"{found[1]:0>2}:{found[2]}:{found[3]}{mark}{frames:02}"


def clock(seconds: float) -> str:
    """A time since a clip's start, for people: `0:01:02.5`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}"


def _left_out(base: int) -> int:
    """Numbers left out at the start of nine minutes of ten: two of 30."""
    return base // 15
