"""Markers as lists of text: EDL, Avid's marker text and CSV."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

from blur.data.plan import Plan
from blur.export.markers import COLOURS, Marker
from blur.export.timing import START_HOUR, Timing

_HEAD = (
    *("clip", "kind", "start_frame", "end_frame", "start_seconds", "end_seconds"),
    *("start_timecode", "frame_rate", "text"),
)
_EVENTS = 999
"""Events of one list: CMX 3600 numbers them with three digits."""


def edl(name: str, plan: Plan, found: Sequence[Marker], first_hour: int = START_HOUR) -> list[str]:
    """The markers as CMX 3600 edit decision lists of at most 999 events, the gravest in the first.

    Each marker is an event of one frame, with a comment for Resolve and a locator for Avid and
    Premiere; a list's events are in order of time. Resolve holds one marker a frame: of several on
    a frame the gravest stays there, the others follow on the next free frames. `first_hour` is the
    hour at which the timeline starts.
    """
    timing = Timing(plan)
    start = timing.hour(first_hour)
    parts = [sorted(part, key=lambda m: m.start) for part in _chunks(found, _EVENTS)] or [[]]
    lists = []
    for number, part in enumerate(parts, 1):
        title = f"{name} ({number})" if len(parts) > 1 else name
        lines = [f"TITLE: {_line(title)}", "FCM: NON-DROP FRAME", ""]
        free = 0
        for event, marker in enumerate(part, 1):
            first, length = timing.span(marker.start, marker.end)
            late = max(0, free - first)
            first, length, free = first + late, max(1, length - late), first + late + 1
            here, after = timing.timecode(first, start), timing.timecode(first + 1, start)
            text, colour = _line(marker.text), COLOURS[marker.kind]
            lines += [
                f"{event:03}  001      V     C        {here} {after} {here} {after}",
                f"{text} |C:ResolveColor{colour} |M:{marker.kind} {event} |D:{length}",
                f"* LOC: {here} {_avid_colour(marker).upper():<7} {text}",
                "",
            ]
        lists.append("\r\n".join(lines))
    return lists


def avid(plan: Plan, found: Iterable[Marker], first_hour: int = START_HOUR) -> str:
    """The markers as text that Avid's *Import Markers* reads, a line each.

    Columns, between tabs: user, timecode, track, colour, comment, length in frames.
    """
    timing = Timing(plan)
    start = timing.hour(first_hour)
    lines = []
    for marker in found:
        first, length = timing.span(marker.start, marker.end)
        here = timing.timecode(first, start)
        row = "blur", here, "V1", _avid_colour(marker), _line(marker.text), str(length)
        lines.append("\t".join(row) + "\n")
    return "".join(lines)


def table(clips: Iterable[tuple[str, Plan, Sequence[Marker]]], first_hour: int = START_HOUR) -> str:
    """The markers of several clips as CSV; frames count from 0, `end_frame` is included."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    for name, plan, found in clips:
        timing = Timing(plan)
        for m in found:
            seconds = f"{plan.seconds(m.start):.3f}", f"{plan.seconds(m.end):.3f}"
            timecode = timing.timecode(timing.count(m.start), timing.hour(first_hour))
            rate = f"{float(timing.rate):.3f}"
            row = (name, m.kind, m.start, m.end - 1, *seconds, timecode, rate, m.text)
            writer.writerow(row)
    return text.getvalue()


def _avid_colour(marker: Marker) -> str:
    """Avid has no purple."""
    return {"Purple": "magenta"}.get(COLOURS[marker.kind], COLOURS[marker.kind].lower())


def _chunks(found: Sequence[Marker], size: int) -> Iterator[tuple[Marker, ...]]:
    remaining = iter(found)
    while part := tuple(itertools.islice(remaining, size)):
        yield part


def _line(text: str) -> str:
    """Text without line breaks and tabs, and without "|", which begins a tag."""
    return " ".join(text.split()).replace("|", "/")
