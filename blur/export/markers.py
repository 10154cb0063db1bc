"""Doubts and covers as markers for editing programs: EDL, CSV and OpenTimelineIO.

A clip and its covered clip have equal times. Editing programs count frames at a constant rate, so
a clip of varying rate is marked at the nearest frame of that count.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from blur.data.plan import Doubt, Kind, Plan, Reason, Track
from blur.errors import SetupError, install

if TYPE_CHECKING:
    import opentimelineio

_COLOURS = {
    "residual": "Red",
    "doubt": "Red",
    "excess": "Yellow",
    "cover": "Blue",
    "region": "Purple",
}
_HEAD = (
    *("clip", "kind", "start_frame", "end_frame", "start_seconds", "end_seconds"),
    *("start_timecode", "frame_rate", "text"),
)
_EVENTS = 999
"""Events of one list: CMX 3600 numbers them with three digits."""


class Marker(Struct, frozen=True, kw_only=True):
    """Frames [start, end) to look at; `kind` is residual, doubt (may show a face), excess
    (covers too much), cover or region."""

    kind: str
    text: str
    start: int
    end: int


def markers(plan: Plan, doubts: bool = True, covers: bool = True) -> list[Marker]:
    """The markers of a clip, by frame; `plan` has the edits applied."""
    found = [*(_doubts(plan) if doubts else ()), *(_covers(plan.tracks) if covers else ())]
    return sorted(found, key=lambda m: (m.start, m.end, m.kind))


def _doubts(plan: Plan) -> Iterator[Marker]:
    for doubt in plan.doubts:
        face = "" if doubt.track is None else f" (face {doubt.track})"
        yield Marker(
            kind=_kind(doubt),
            text=f"{doubt.reason.kind.words}: {doubt.reason.explanation}{face}",
            start=doubt.start,
            end=doubt.end,
        )


def _kind(doubt: Doubt) -> str:
    if doubt.reason is Reason.RESIDUAL:
        return "residual"
    return "doubt" if doubt.reason.kind is Kind.EXPOSED else "excess"


def _covers(tracks: Iterable[Track]) -> Iterator[Marker]:
    for track in tracks:
        what = {"person": "drawn region", "dark": "dark picture"}.get(track.source, "face")
        yield Marker(
            kind="cover" if track.is_face else "region",
            text=f"{what} {track.id} covered",
            start=track.start,
            end=track.end,
        )


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

    def count(self, frame: int) -> int:
        """`frame` in the constant-rate count; it may be one past the last."""
        if self._seconds is None:
            return frame
        return round(self._seconds[frame] * self.rate)

    def timecode(self, count: int, start: int = 0) -> str:
        """Non-drop-frame timecode, `start` frames on."""
        base = round(self.rate)
        seconds, frames = divmod(count + start, base)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours % 24:02}:{minutes:02}:{seconds:02}:{frames:02}"


def _broadcast(rate: Fraction) -> Fraction:
    """The nearest whole or NTSC rate within 0.05 %, else the rate itself."""
    whole = round(rate) or 1
    choices = (Fraction(whole), Fraction(whole * 1000, 1001))
    nearest = min(choices, key=lambda choice: abs(rate - choice))
    return nearest if abs(rate / nearest - 1) < Fraction(1, 2000) else rate.limit_denominator(1001)


def edl(name: str, plan: Plan, found: Sequence[Marker], first_hour: int = 0) -> list[str]:
    """The markers as CMX 3600 edit decision lists of at most 999 events.

    Each marker is an event of one frame, with a comment for Resolve and a locator for Avid and
    Premiere. `first_hour` is the hour at which the timeline starts.
    """
    timing = Timing(plan)
    start = first_hour * 3600 * round(timing.rate)
    parts = [list(part) for part in _chunks(found, _EVENTS)] or [[]]
    lists = []
    for number, part in enumerate(parts, 1):
        title = f"{name} ({number})" if len(parts) > 1 else name
        lines = [f"TITLE: {_line(title)}", "FCM: NON-DROP FRAME", ""]
        for event, marker in enumerate(part, 1):
            first = timing.count(marker.start)
            length = max(1, timing.count(marker.end) - first)
            here, after = timing.timecode(first, start), timing.timecode(first + 1, start)
            text, colour = _line(marker.text), _COLOURS[marker.kind]
            lines += [
                f"{event:03}  001      V     C        {here} {after} {here} {after}",
                f"{text} |C:ResolveColor{colour} |M:{marker.kind} {event} |D:{length}",
                f"* LOC: {here} {colour.upper():<7} {text}",
                "",
            ]
        lists.append("\r\n".join(lines))
    return lists


def table(clips: Iterable[tuple[str, Plan, Sequence[Marker]]]) -> str:
    """The markers of several clips as CSV; frames count from 0, `end_frame` is included."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    for name, plan, found in clips:
        timing = Timing(plan)
        for m in found:
            seconds = f"{plan.seconds(m.start):.3f}", f"{plan.seconds(m.end):.3f}"
            timecode, rate = timing.timecode(timing.count(m.start)), f"{float(timing.rate):.3f}"
            row = (name, m.kind, m.start, m.end - 1, *seconds, timecode, rate, m.text)
            writer.writerow(row)
    return text.getvalue()


def timeline(name: str, plan: Plan, found: Sequence[Marker]) -> str:
    """An OpenTimelineIO timeline with the covered clip on it, and the markers on the clip.

    Raises SetupError when OpenTimelineIO is not installed.
    """
    try:
        import opentimelineio as otio
    except ImportError as error:
        raise SetupError("OpenTimelineIO is not installed", remedy=install("otio")) from error
    timing = Timing(plan)

    def span(start: int, end: int) -> opentimelineio.opentime.TimeRange:
        first = timing.count(start)
        length = max(1, timing.count(end) - first)
        rate = float(timing.rate)
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(first, rate), otio.opentime.RationalTime(length, rate)
        )

    whole = span(0, plan.frames)
    clip = otio.schema.Clip(name, otio.schema.ExternalReference(name, available_range=whole), whole)
    for m in found:
        colour = getattr(otio.schema.MarkerColor, _COLOURS[m.kind].upper())
        clip.markers.append(
            otio.schema.Marker(m.text, span(m.start, m.end), colour, {"blur": {"kind": m.kind}})
        )
    track = otio.schema.Track("covered", [clip])
    made = otio.schema.Timeline(name)
    made.tracks.append(track)
    return str(otio.adapters.write_to_string(made, "otio_json"))


def _chunks(found: Sequence[Marker], size: int) -> Iterator[tuple[Marker, ...]]:
    remaining = iter(found)
    while part := tuple(itertools.islice(remaining, size)):
        yield part


def _line(text: str) -> str:
    """Text without line breaks and without "|", which begins a tag."""
    return " ".join(text.split()).replace("|", "/")
