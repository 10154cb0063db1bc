"""What the review page is told of a clip: plain data, ready to be drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from msgspec import Struct

from blur.cover.region import Region
from blur.data.edits import Edits, Keyframe, TrackEdit
from blur.data.plan import Box, Boxes, Mark, Plan, Track
from blur.data.resolve import MATCH, Lane, Resolved, iou
from blur.data.spans import Mask, runs

_JOIN = 6
"""Frames between sightings that are drawn as one span."""

Span = tuple[int, int]
"""Frames [start, end)."""


class LaneView(Struct, frozen=True, kw_only=True):
    """A face, or a drawn region, on the timeline; `best` is where it is seen best."""

    id: int
    start: int
    end: int
    source: str
    region: int | None
    clear: list[Span]
    seen: list[Span]
    keys: list[int]
    score: float
    size: int
    best: Keyframe


class DoubtView(Struct, frozen=True, kw_only=True):
    start: int
    end: int
    reason: str
    explanation: str
    weight: float
    lane: int | None
    box: Box | None


class DecisionView(Struct, frozen=True, kw_only=True):
    """One decision: what a person said, of which frames, and why."""

    kind: str
    start: int
    end: int
    reason: str
    lane: int | None


class MarkView(Struct, frozen=True, kw_only=True):
    """A face on one frame: its box, the outline of its cover, and what is known of it."""

    lane: int
    region: int | None
    box: Box
    outline: list[Span]
    clear: bool
    how: str


class ClipView(Struct, frozen=True, kw_only=True):
    """Everything the page shows of a clip but its pictures.

    `plan` names the plan, in which lanes have their numbers, `revision` plan and edits, which
    decisions are about, and `version` what pictures and outlines show. `aspect` is the shape of
    the picture on the screen. `steps` are runs (time between frames, how many), in units of
    `time_base` seconds. `rendered`: what is shown is the rendered file, else pictures are drawn
    from plan and edits. `video`: a browser can play that file.
    """

    key: str
    name: str
    plan: str
    revision: str
    version: str
    width: int
    height: int
    aspect: float
    frames: int
    time_base: Span
    first: int
    steps: list[Span]
    cuts: list[int]
    lanes: list[LaneView]
    doubts: list[DoubtView]
    decisions: list[DecisionView]
    rendered: bool
    video: bool
    checked_by: str | None
    undo: int
    redo: int
    notes: list[str]


def steps(plan: Plan) -> list[Span]:
    """The times between frames, as runs."""
    gaps = np.diff(np.array(plan.pts, np.int64)).tolist()
    return [(gap, len(list(run))) for gap, run in itertools.groupby(gaps)]


def lanes(resolved: Resolved, edits: Edits) -> list[LaneView]:
    keys = {r.id: [key.frame for key in r.keyframes] for r in edits.regions}
    return [_lane(lane, keys.get(lane.region or -1, [])) for lane in resolved.lanes]


def _lane(lane: Lane, keys: list[int]) -> LaneView:
    track = lane.track
    return LaneView(
        id=track.id,
        start=track.start,
        end=track.end,
        source=track.source,
        region=lane.region,
        clear=_spans(lane.clear, track.start),
        seen=_spans(track.marks == Mark.DETECTED, track.start, _JOIN),
        keys=keys,
        score=round(float(track.scores.max()), 2),
        size=round(float(track.boxes[:, 3].max())),
        best=_best(track),
    )


def _best(track: Track) -> Keyframe:
    """Where a detector saw the face largest and surest; else in the track's middle."""
    worth = track.scores * np.sqrt(track.boxes[:, 2]) * (track.marks == Mark.DETECTED)
    row = int(worth.argmax()) if worth.any() else len(worth) // 2
    return Keyframe(track.start + row, _rounded(track.boxes[row]))


def _spans(mask: Mask, start: int, join: int = 1) -> list[Span]:
    return [(start + first, start + last) for first, last in runs(mask, join)]


def doubts(resolved: Resolved) -> list[DoubtView]:
    """The open doubts, worst first."""
    by_part = {part: lane.track.id for lane in resolved.lanes for part in lane.parts}
    found = [
        DoubtView(
            start=doubt.start,
            end=doubt.end,
            reason=doubt.reason,
            explanation=doubt.reason.explanation,
            weight=round(doubt.weight, 3),
            lane=None if doubt.track is None else by_part.get(doubt.track),
            box=doubt.box,
        )
        for doubt in resolved.plan.doubts
    ]
    return sorted(found, key=lambda d: (-d.weight, d.start))


def decisions(resolved: Resolved, edits: Edits) -> list[DecisionView]:
    """What a person decided, in the order of the clip."""
    found = [
        DecisionView(
            kind=edit.decision,
            start=edit.path[0].frame,
            end=edit.path[-1].frame + 1,
            reason=edit.reason,
            lane=_lane_of(edit, resolved.lanes),
        )
        for edit in edits.tracks
    ]
    by_region = {lane.region: lane.track for lane in resolved.lanes}
    for region in edits.regions:
        track = by_region[region.id]
        found.append(
            DecisionView(
                kind="draw",
                start=track.start,
                end=track.end,
                reason=region.reason,
                lane=track.id,
            )
        )
    for split in edits.splits:
        after = (
            n.track.id
            for n in resolved.lanes
            if n.origin is not None and n.track.start == split.frame
        )
        found.append(
            DecisionView(
                kind="split",
                start=split.frame,
                end=split.frame + 1,
                reason="",
                lane=next(after, None),
            )
        )
    return sorted(found, key=lambda d: (d.start, d.end))


def _lane_of(edit: TrackEdit, lanes: Sequence[Lane]) -> int | None:
    frame, box = edit.path[0].frame, np.array([edit.path[0].box], np.float32)
    for lane in lanes:
        if lane.track.start <= frame < lane.track.end:
            row = frame - lane.track.start
            if iou(box, lane.track.boxes[row : row + 1])[0] >= MATCH:
                return lane.track.id
    return None


def marks(regions: Sequence[Region], lanes: dict[int, Lane], frame: int) -> Iterator[MarkView]:
    """The faces on one frame; each region's seed is its lane's id."""
    for region in regions:
        lane = lanes[region.seed]
        row = frame - lane.track.start
        outline = cv2.approxPolyDP(region.outline(), 1.5, closed=True).reshape(-1, 2)
        yield MarkView(
            lane=lane.track.id,
            region=lane.region,
            box=_rounded(lane.track.boxes[row]),
            outline=[tuple(point) for point in outline.round().astype(int).tolist()],
            clear=bool(lane.clear[row]),
            how=Mark(lane.track.marks[row]).name.lower(),
        )


def _rounded(row: Boxes) -> Box:
    return Box(*(round(value, 1) for value in row.tolist()))
