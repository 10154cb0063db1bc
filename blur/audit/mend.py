"""Residual faces become tracks and doubts of the plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from blur.audit.judge import RESIDUAL_BAR, by_frame
from blur.data.boxes import stretched_box
from blur.data.findings import Residual
from blur.data.plan import Doubt, Plan, Reason, Track
from blur.data.sightings import FAMILIES, Sightings
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


def mended(
    clip: Path, plan: Plan, residuals: Sequence[Residual], settings: Settings, tell: Progress
) -> Plan:
    """The plan with a track, followed both ways, and a doubt for each residual face, faint ones
    included: the clip is rendered again anyway.

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
    tracks: list[Track] = []
    doubts: list[Doubt] = []
    new_id = 1 + max((track.id for track in plan.tracks), default=0)
    for tracklet in pursuit.tracklets():
        number, shot = new_id + len(tracks), timeline.shot_of(tracklet.start)
        found = ways(tracklet, camera, shot, (hold, hold), number)
        tracks += [dataclasses.replace(track, source="audit") for track in found]
        doubts.append(_doubt(tracklet, number))
    tracks, doubts = as_stored(info, tracks, doubts)
    return plan.with_tracks([*plan.tracks, *tracks], [*plan.doubts, *doubts])


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
