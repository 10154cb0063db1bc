"""Mending: what the audit saw becomes tracks and doubts of the plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from blur.audit import judge
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
from blur.scan.complete import complete, smooth
from blur.scan.link import Tracklet
from blur.scan.pursue import Pursuit, follow_pictures, follow_scale
from blur.scan.timeline import Timeline
from blur.scan.tracks import doubt_of, tracklets_of
from blur.settings import Settings


def tracks_of_residual(
    clip: Path, plan: Plan, faces: Sequence[Residual], settings: Settings, tell: Progress
) -> tuple[list[Track], list[Doubt]]:
    """A track, followed both ways, and a doubt for each residual face.

    Raises DecodeError, DetectorError.
    """
    info = probe(clip)
    timeline = _timeline(plan)
    # Nobody saw the face between two looks of the audit: a hold is never shorter than that.
    hold = max(timeline.frames(settings.scan.hold), settings.audit.audit_every)
    camera = _camera_around(clip, info, plan, [r.frame for r in faces], hold)
    # The clip is rendered again anyway, so what is likelier a face than not is covered as well.
    seen = tracklets_of(sightings_of(faces), camera, timeline)
    tracks, doubts = [], []
    first = 1 + max((track.id for track in plan.tracks), default=0)
    for number, tracklet in enumerate(
        _pursued(info, plan, seen, camera, timeline, hold, tell), first
    ):
        shot = next(s for s in timeline.shots() if s[0] <= tracklet.start < s[1])
        track = complete(smooth(tracklet, camera), camera, shot, (hold, hold), number)
        tracks.append(dataclasses.replace(track, source="audit"))
        doubts.append(doubt(tracklet, number))
    return tracks, doubts


def with_doubts(plan: Plan, faces: Sequence[Residual]) -> Plan:
    """The plan with a doubt for each residual face that stays uncovered."""
    blind = _camera({}, plan.frames)
    tracklets = tracklets_of(sightings_of(faces), blind, _timeline(plan))
    doubts = [doubt(t, None) for t in confirmed(tracklets)]
    return plan.with_tracks(plan.tracks, [*plan.doubts, *doubts])


def _timeline(plan: Plan) -> Timeline:
    return Timeline.of(plan.pts, plan.time_base, plan.cuts)


def _pursued(
    info: ClipInfo,
    plan: Plan,
    tracklets: Sequence[Tracklet],
    camera: Camera,
    timeline: Timeline,
    reach: int,
    tell: Progress,
) -> list[Tracklet]:
    """The tracklets, followed through the clip up to `reach` frames beyond each sighting."""
    scale = follow_scale(info)
    find = Closeup(load_detector, scale).find
    pursuit = Pursuit(tracklets, camera, timeline, find, scale, reach)
    for index, gray in follow_pictures(info, plan.pts, pursuit.wants):
        pursuit.see(index, gray)
        tell("audit", index + 1, plan.frames)
    return pursuit.tracklets()


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
            meter = StepMeter(info.width / width)
        gray = display_gray(frame.picture, info.orientation, width, height)
        steps[frame.index] = meter.measure(gray)
    return _camera(steps, plan.frames)


def _camera(steps: Mapping[int, Step], frames: int) -> Camera:
    return Camera.of(steps.get(index, Step.unknown()) for index in range(frames))


def sightings_of(residuals: Iterable[Residual]) -> list[Sightings]:
    """Residual faces as sightings, frame by frame, for the room that makes tracks of them.

    How sure the audit was stands where the scan's families have their scores.
    """
    return [
        Sightings(
            frame,
            np.array([r.box for r in here], np.float32),
            np.array([[r.sure] * len(FAMILIES) for r in here], np.float32),
        )
        for frame, here in sorted(judge.by_frame(residuals).items())
    ]


def confirmed(tracklets: Iterable[Tracklet]) -> list[Tracklet]:
    """Those that pass the bar at one sighting at least."""
    return [t for t in tracklets if float(t.evidence.max()) >= judge.BAR]


def doubt(tracklet: Tracklet, track: int | None) -> Doubt:
    """A residual face as a person should look at it."""
    return doubt_of(tracklet, Reason.RESIDUAL, float(tracklet.evidence.max()), track)


def is_open(doubt: Doubt) -> bool:
    """Whether a doubt is of a residual face that nothing covers."""
    return doubt.reason is Reason.RESIDUAL and doubt.track is None
