"""Residual faces become tracks and doubts of the plan."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from blur.audit.exposure import SLIVER, Exposure
from blur.audit.judge import RESIDUAL_BAR, by_frame
from blur.cover.region import Covers
from blur.data.boxes import stretched_box
from blur.data.edits import Edits
from blur.data.findings import Residual
from blur.data.overlap import same_sighting
from blur.data.plan import Box, Doubt, Mark, Plan, Reason, Track
from blur.data.resolve import resolve
from blur.data.sightings import FAMILIES, Sightings
from blur.data.spans import runs
from blur.detect.closeup import Closeup
from blur.detect.registry import load_detector
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.seek import wanted_frames
from blur.media.open.small_pictures import display_gray
from blur.process.progress import Progress
from blur.scan.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.scan.complete import ways
from blur.scan.doubts import doubt_of
from blur.scan.link import Tracklet
from blur.scan.pursue import Pursuit
from blur.scan.small import follow_pictures, follow_scale
from blur.scan.timeline import Timeline
from blur.scan.tracks import as_stored, tracklets_of
from blur.settings import Settings

_BEYOND = 3
"""Frames before and after those on which a face shows that its new cover lasts; larger covers more
where the old covers suffice."""


def mended(
    clip: Path,
    plan: Plan,
    edits: Edits | None,
    residuals: Sequence[Residual],
    settings: Settings,
    tell: Progress,
) -> Plan:
    """The plan with a track, followed both ways, and a doubt for each residual face, faint ones
    included: the clip is rendered again anyway. A track lasts where its face shows beside the
    covers of plan and edits, and around the sightings of the audit.

    New tracks and doubts come last. Raises DecodeError, DetectorError.
    """
    info, timeline = probe(clip), Timeline.of(plan.pts, plan.time_base, plan.cuts)
    # Hold as long as the audit's step at least: it did not look at the frames between.
    hold = max(timeline.frames(settings.scan.hold), settings.audit.audit_every)
    camera = _camera_around(clip, info, plan, [r.frame for r in residuals], hold)
    seen = [structs.replace(r, box=stretched_box(r.box, *info.pixel)) for r in residuals]
    pursuit = Pursuit(
        _tracklets(seen, camera, timeline),
        camera,
        timeline,
        Closeup(load_detector, follow_scale(info)).find,
        follow_scale(info),
        hold,
    )
    for index, gray in follow_pictures(info, plan.pts, pursuit.wants):
        pursuit.see(index, gray)
        tell("audit", index + 1, plan.frames)
    decided = resolve(plan, edits or Edits(fingerprint=plan.fingerprint))
    exposure = Exposure.of(decided, Covers.of_plan(decided.plan, settings.cover))
    tracks, doubts = list(plan.tracks), list(plan.doubts)
    ids = itertools.count(1 + max((track.id for track in plan.tracks), default=0))
    for tracklet in pursuit.tracklets():
        shot = timeline.shot_of(tracklet.start)
        found, _ = as_stored(info, ways(tracklet, camera, shot, (hold, hold), 0), [])
        for part in itertools.chain(*(_shown(track, exposure, residuals) for track in found)):
            track = dataclasses.replace(part, id=next(ids), source="audit")
            tracks.append(track)
            doubt, box = _doubt(tracklet, track.id), track.box(track.start)
            doubts.append(structs.replace(doubt, start=track.start, end=track.end, box=box))
    return plan.with_tracks(tracks, doubts)


def _shown(track: Track, exposure: Exposure, residuals: Sequence[Residual]) -> Iterator[Track]:
    """The parts of a track, in display pixels, where its face shows or the audit saw it."""
    seen = [
        r.frame - track.start
        for r in residuals
        if (box := track.box(r.frame)) is not None
        and same_sighting(np.array([box, r.box], np.float32))[0, 1]
    ]
    shows = np.zeros(len(track.marks), bool)
    shows[seen] = True
    for row, box in enumerate(track.boxes.tolist()):
        shows[row] |= (exposure.bare(track.start + row, Box(*box)) or 0.0) > SLIVER
    for start, end in runs(shows, 2 * _BEYOND + 1):
        rows = slice(max(0, start - _BEYOND), end + _BEYOND)
        marks = track.marks[rows].copy()
        marks[[0, -1]] = Mark.HELD  # the face may go on there, under a cover
        yield dataclasses.replace(
            track,
            start=track.start + rows.start,
            boxes=track.boxes[rows],
            marks=marks,
            scores=track.scores[rows],
        )


def with_doubts(plan: Plan, residuals: Sequence[Residual]) -> Plan:
    """The plan with a doubt for each residual face, which stays uncovered; none for a face that
    passes `RESIDUAL_BAR` on no frame."""
    timeline = Timeline.of(plan.pts, plan.time_base, plan.cuts)
    found = _tracklets(residuals, _camera({}, plan.frames), timeline)
    doubts = [_doubt(t, None) for t in found if float(t.evidence.max()) >= RESIDUAL_BAR]
    return plan.with_tracks(plan.tracks, [*plan.doubts, *doubts])


def without_doubts(plan: Plan) -> Plan:
    """The plan without the doubts of `with_doubts`, before an audit decides anew."""
    left = [d for d in plan.doubts if d.reason is not Reason.RESIDUAL or d.track is not None]
    return plan.with_tracks(plan.tracks, left)


def _tracklets(residuals: Iterable[Residual], camera: Camera, timeline: Timeline) -> list[Tracklet]:
    """Residuals linked through time; their likelihood takes the place of each family's score."""
    sightings = [
        Sightings(
            frame,
            np.array([r.box for r in here], np.float32),
            np.array([[r.sure] * len(FAMILIES) for r in here], np.float32),
        )
        for frame, here in by_frame(residuals).items()
    ]
    return tracklets_of(sightings, camera, timeline)


def _doubt(tracklet: Tracklet, track: int | None) -> Doubt:
    return doubt_of(tracklet, Reason.RESIDUAL, float(tracklet.evidence.max()), track)


def _camera_around(
    clip: Path, info: ClipInfo, plan: Plan, places: Sequence[int], reach: int
) -> Camera:
    """The camera's path, measured only within `reach` frames of `places`."""
    near = np.zeros(plan.frames, bool)
    for place in places:
        near[max(0, place - reach - 1) : place + reach + 1] = True
    width, height = info.fitted(MOTION_WIDTH)
    steps: dict[int, Step] = {}
    for frame in wanted_frames(clip, info, plan.pts, lambda index: bool(near[index])):
        if frame.index - 1 not in steps:
            meter = StepMeter(info.square[0] / width)
        gray = display_gray(frame.picture, info.orientation, width, height)
        steps[frame.index] = meter.measure(gray)
    return _camera(steps, plan.frames)


def _camera(steps: Mapping[int, Step], frames: int) -> Camera:
    return Camera.of(steps.get(index, Step.unknown()) for index in range(frames))
