"""Which frame of its clip each frame of an output shows, as a table."""

from __future__ import annotations

import csv
import io

from blur.data.frame_map import FrameMap
from blur.data.plan import Plan

_HEAD = ("output_frame", "output_seconds", "clip_frame", "clip_seconds")


def table(plan: Plan, held: FrameMap) -> str:
    """CSV; frames count from 0, seconds from the first frame of output and clip."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    for place, frame in enumerate(held.shown):
        seconds = float((held.pts[place] - held.pts[0]) * held.tick)
        writer.writerow((place, f"{seconds:.6f}", frame, f"{plan.seconds(frame):.6f}"))
    return text.getvalue()
