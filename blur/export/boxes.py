"""The tracks of a clip as tables for other programs: JSON and CSV.

Boxes are in display coordinates, pixels, as in `data.plan`. Faces have the numbers of the review
page.
"""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

import msgspec
from msgspec import Struct

from blur.data.plan import Mark, Plan
from blur.data.resolve import Lane, LaneKind, Resolved


class BoxRow(NamedTuple):
    """A track on a frame. `seconds` since the clip's start; `cx`, `cy` the centre, `w`, `h` the
    size, `angle` in degrees, clockwise; `how` the frame got its box; whether it is `covered`."""

    frame: int
    seconds: float
    cx: float
    cy: float
    w: float
    h: float
    angle: float
    how: str
    covered: bool


class TrackTable(Struct, frozen=True, kw_only=True):
    """`kind` is face, region (drawn) or dark; a cover reaches beyond a face's boxes and no further
    than the others'. `person` is the number in the clip of whom a face seems to show, None where
    nobody can be told."""

    kind: LaneKind
    number: int
    person: int | None
    start: int
    end: int
    rows: list[BoxRow]


class ClipTable(Struct, frozen=True, kw_only=True):
    """All tracks of a clip; `end` of a track is one past its last frame. `version` counts changes
    of this form."""

    name: str
    width: int
    height: int
    frames: int
    columns: tuple[str, ...]
    tracks: list[TrackTable]
    version: int = 2


def table(name: str, resolved: Resolved) -> ClipTable:
    """The tracks of a clip with the edits applied."""
    plan = resolved.plan
    return ClipTable(
        name=name,
        width=plan.width,
        height=plan.height,
        frames=plan.frames,
        columns=BoxRow._fields,
        tracks=[_track(plan, lane) for lane in resolved.lanes],
    )


def _track(plan: Plan, lane: Lane) -> TrackTable:
    track = lane.track
    boxes = track.boxes.astype(float).round(1).tolist()
    columns = zip(boxes, track.marks.tolist(), lane.clear.tolist(), strict=True)
    rows = [
        BoxRow(
            frame=frame,
            seconds=round(plan.seconds(frame), 4),
            cx=box[0],
            cy=box[1],
            w=box[2],
            h=box[3],
            angle=box[4],
            how=Mark(mark).name.lower(),
            covered=not clear,
        )
        for frame, (box, mark, clear) in enumerate(columns, track.start)
    ]
    return TrackTable(
        kind=lane.kind,
        number=lane.number,
        person=lane.person,
        start=track.start,
        end=track.end,
        rows=rows,
    )


def as_json(made: ClipTable) -> str:
    return msgspec.json.encode(made).decode() + "\n"


def as_csv(made: ClipTable) -> str:
    """A line for each track and frame."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("clip", "kind", "number", "person", *BoxRow._fields))
    for track in made.tracks:
        for row in track.rows:
            covered = "yes" if row.covered else "no"
            writer.writerow((made.name, track.kind, track.number, track.person, *row[:-1], covered))
    return text.getvalue()
