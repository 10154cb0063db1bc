"""Views of a clip for the review page, built from its plan and edits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from blur.cover.region import Region
from blur.data.answers import Group, in_force, sign
from blur.data.doubts import gravity, ranked
from blur.data.edits import Edits, Keyframe, RegionEdit
from blur.data.plan import Box, Boxes, Mark, Plan, Track
from blur.data.resolve import Lane, Resolved, lane_at
from blur.data.spans import FrameMask, FrameSpan, runs
from blur.media.open.clip_info import ClipInfo
from blur.review.protocol import ClipView, DecisionView, DoubtView, LaneView, MarkView
from blur.review.snapshot import Snapshot
from blur.store.report import Signature

_JOIN = 6
"""Frames; the timeline draws shorter gaps between sightings as seen."""
_CORNER = 1.5
"""Error of an outline in pixels, at most; a larger value sends fewer points."""
_PLAYABLE = ("h264", "yuv420p")


def clip_view(
    key: str,
    now: Snapshot,
    info: ClipInfo,
    rendered: ClipInfo | None,
    version: str,
    checks: Sequence[Signature],
    watched: tuple[list[FrameSpan], list[FrameSpan]],
    steps: tuple[int, int],
    *,
    original: bool,
    spoken: bool,
    audible: FrameMask,
) -> ClipView:
    """The page's view; `info` is of the clip, `rendered`, `checks` and `watched` (seen and heard)
    of its current output.

    `original`: whether the clip itself is here. `steps`: numbers of decisions to undo and to do
    again. `audible`: frames during which the covered clip keeps sound.
    """
    plan, sar = now.plan, float(info.sample_aspect_ratio)
    return ClipView(
        key=key,
        name=now.entry.name,
        plan=str(now.plan_sha256)[:16],
        revision=now.revision,
        version=version,
        width=plan.width,
        height=plan.height,
        aspect=plan.width / plan.height * (1 / sar if info.orientation.transposed else sar),
        frames=plan.frames,
        time_base=(plan.time_base.numerator, plan.time_base.denominator),
        first=plan.pts[0],
        steps=_steps(plan),
        cuts=list(plan.cuts),
        lanes=_lanes(now.resolved, now.edits),
        doubts=_doubts(now),
        decisions=_decisions(now.resolved, now.edits),
        rendered=rendered is not None,
        video=rendered is not None and now.entry.shows_all and _playable(rendered),
        checked_by=", ".join(s.by for s in checks) or None,
        checks=list(checks),
        watched=watched[0],
        heard=watched[1],
        undo=steps[0],
        redo=steps[1],
        original=original,
        notes=list(plan.notes),
        remarks=list(now.remarks),
        mutes=list(now.edits.sound.mutes),
        bleeps=list(now.edits.sound.bleeps),
        spoken=spoken,
        whole=now.entry.shows_all,
        audible=list(runs(audible)),
    )


def _playable(info: ClipInfo) -> bool:
    return (info.codec, info.pix_fmt) == _PLAYABLE and "mp4" in info.container


def _steps(plan: Plan) -> list[tuple[int, int]]:
    """Runs (ticks between frames, count)."""
    gaps = np.diff(np.array(plan.pts, np.int64)).tolist()
    return [(gap, len(list(run))) for gap, run in itertools.groupby(gaps)]


def _lanes(resolved: Resolved, edits: Edits) -> list[LaneView]:
    drawn = {r.id: r for r in edits.regions}
    return [_lane(lane, drawn.get(lane.region or -1)) for lane in resolved.lanes]


def _lane(lane: Lane, region: RegionEdit | None) -> LaneView:
    track = lane.track
    return LaneView(
        id=track.id,
        start=track.start,
        end=track.end,
        source="person" if lane.kind == "region" else track.source,
        region=lane.region,
        clear=_spans(lane.clear, track.start),
        seen=_spans(track.marks == Mark.DETECTED, track.start, _JOIN),
        keys=[key.frame for key in region.keyframes] if region else [],
        ellipse=bool(region and region.ellipse),
        score=round(float(track.scores.max()), 2),
        size=round(float(track.boxes[:, 3].max())),
        best=_best(track),
        person=lane.person,
    )


def _best(track: Track) -> Keyframe:
    """The track's largest and surest detection; without any, its middle."""
    worth = track.scores * np.sqrt(track.boxes[:, 2]) * (track.marks == Mark.DETECTED)
    row = int(worth.argmax()) if worth.any() else len(worth) // 2
    return Keyframe(track.start + row, _rounded(track.boxes[row]))


def _spans(mask: FrameMask, start: int, join: int = 1) -> list[FrameSpan]:
    return [(start + first, start + last) for first, last in runs(mask, join)]


def _doubts(now: Snapshot) -> list[DoubtView]:
    """The doubts in the order of `ranked`; weights grow with it, 1 at most."""
    by_part = {part: lane.track.id for lane in now.resolved.lanes for part in lane.covers}
    plan = now.resolved.plan
    settled = in_force(plan, now.answers, str(now.cover))
    worst = max((gravity(plan, doubt) for doubt in plan.doubts), default=0.0) or 1.0
    return [
        DoubtView(
            id=sign(doubt),
            group=Group.of(doubt.reason),
            said=settled.get(sign(doubt)),
            path=list(doubt.path),
            start=doubt.start,
            end=doubt.end,
            kind=doubt.reason.kind,
            reason=doubt.reason,
            explanation=doubt.reason.words,
            weight=round(gravity(plan, doubt) / worst, 3),
            lane=None if doubt.track is None else by_part.get(doubt.track),
            box=doubt.box,
        )
        for doubt in ranked(plan)
    ]


def _decisions(resolved: Resolved, edits: Edits) -> list[DecisionView]:
    """All decisions, in the order of the clip."""
    found = [
        DecisionView(
            edit.decision,
            edit.path[0].frame,
            edit.path[-1].frame + 1,
            edit.reason,
            lane_at(edit, resolved.lanes),
            edit.consent,
        )
        for edit in edits.tracks
    ]
    by_region = {lane.region: lane.track for lane in resolved.lanes}
    for region in edits.regions:
        track = by_region[region.id]
        found.append(DecisionView("draw", track.start, track.end, region.reason, track.id))
    tracked = [lane.track for lane in reversed(resolved.lanes) if lane.origin is not None]
    begins = {track.start: track.id for track in tracked}
    for frame, _ in edits.splits:
        found.append(DecisionView("split", frame, frame + 1, "", begins.get(frame)))
    return sorted(found, key=lambda d: (d.start, d.end))


def marks(regions: Sequence[Region], lanes: dict[int, Lane], frame: int) -> Iterator[MarkView]:
    """The faces on one frame; a region's `seed` is the id of its lane's track."""
    for region in regions:
        lane = lanes[region.seed]
        row = frame - lane.track.start
        outline = cv2.approxPolyDP(region.outline(), _CORNER, closed=True).reshape(-1, 2)
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
