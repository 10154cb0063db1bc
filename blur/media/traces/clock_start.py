"""The start of a container's clock: the time of day in some, the camera's hours in others."""

from __future__ import annotations

import datetime
import math
from fractions import Fraction

import av.container

_TELLING = 10
"""Seconds. A clock that starts later tells of the recording: broadcasts and editing programs start
theirs within some seconds."""

_DATES = range(946_684_800, 4_102_444_800)
"""Unix seconds from the year 2000 to 2100."""


def telling(container: av.container.InputContainer) -> str:
    """The start of a container's clock in words, "" unless it tells of the recording."""
    seconds = Fraction(container.start_time or 0, 1_000_000)
    if abs(seconds) < _TELLING:
        return ""
    if int(seconds) in _DATES:
        date = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)
        return f"{date:%Y-%m-%dT%H:%M:%SZ}"
    return str(datetime.timedelta(seconds=math.floor(seconds)))
