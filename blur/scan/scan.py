"""The scan: from a clip to its plan, in two passes."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.data.plan import Box, Plan
from blur.data.sightings import Sightings
from blur.detect.closeup import Closeup, SizedCloseup
from blur.detect.heads import HeadLooks
from blur.detect.pyramid import Pyramid
from blur.detect.registry import (
    load_detector,
    load_landmarks,
    load_recogniser,
    load_shoulders,
    unload_detectors,
)
from blur.disk.fingerprint import fingerprint
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.open.small_pictures import display_gray, display_rgb
from blur.process.prefetch import ahead, viewed
from blur.process.progress import Progress, silent
from blur.scan.brief import BriefLooks, elsewhere, faces_near, unexplained
from blur.scan.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.scan.cuts import CutFinder
from blur.scan.dark import Light, dark_doubts, dark_tracks, light
from blur.scan.examination import Examination
from blur.scan.link import Tracklet
from blur.scan.looks import LookClock, LookRequest, ScanLooks
from blur.scan.mixed import mixed_tracks
from blur.scan.overlooked import judged_by_looks
from blur.scan.portraits import Portraits
from blur.scan.pursue import Pursuit
from blur.scan.small import Kept, follow_pictures, follow_scale
from blur.scan.surprise import Surprise, SurpriseFinder
from blur.scan.timeline import Timeline
from blur.scan.tracks import as_stored, tracklets_of, tracks_of
from blur.scan.weed import is_face, to_look_at
from blur.settings import ScanSettings
from blur.settings.cores import cpu_count
from blur.store.digests import scan_digest

WHOLE_CLIP = range(sys.maxsize)

_TOGETHER = 12
"""Frames whose looks go to the detectors at once: enough of one size to keep all cores busy. Larger
takes more memory."""
_ALONE = 3  # likewise on one core, which a single look keeps busy: 40 MB less for 1080p

_COARSEST = 640
"""Pixels, longest side, at most, of a photograph's coarsest level for close-ups; larger shows faces
that fill it less cleanly."""


@dataclass(frozen=True, slots=True)
class ScanJob:
    """The clip of a scan, its settings, the listener for progress, and its small pictures."""

    info: ClipInfo
    settings: ScanSettings
    tell: Progress
    kept: Kept | None = None


@dataclass(slots=True)
class FirstPass:
    """All that tracks are made from, in square pixels; holds no picture.

    `pts` and `lights` have an item, and `camera` a step, for each frame; `cuts` are the first
    frames of all shots but the first, `mixed` frames beside them that show both shots; `surprises`
    ascend in time.
    """

    pts: list[int] = field(default_factory=list)
    lights: list[Light] = field(default_factory=list)
    sightings: list[Sightings] = field(default_factory=list)
    camera: Camera = field(default_factory=Camera)
    cuts: Sequence[int] = ()
    surprises: Sequence[Surprise] = ()
    notes: Sequence[str] = ()
    mixed: Sequence[int] = ()


def scan(
    clip: Path,
    settings: ScanSettings,
    progress: Progress | None = None,
    first: FirstPass | None = None,
) -> Plan:
    """Look at every frame of `clip` and return its plan; writes nothing.

    `first` is the result of the first pass if it was made before, in segments. Raises NotAClip,
    DecodeError or DetectorError.
    """
    info = probe(clip)
    job = ScanJob(info, settings, progress or silent, Kept(info))
    first = first or _first_pass_of_clip(job)
    unload_detectors()  # the second pass takes close-ups only, on far smaller networks
    camera, timeline = first.camera, Timeline.of(first.pts, job.info.time_base, first.cuts)
    tracklets = tracklets_of(first.sightings, camera, timeline)
    tracklets = _second_pass(job, first, timeline, tracklets)
    tracks, doubts = tracks_of(tracklets, camera, timeline, settings.hold, job.info.square)
    tracks, doubts = as_stored(job.info, tracks, doubts)
    tracks += list(mixed_tracks(tracks, first.cuts, first.mixed))
    size, small = (job.info.width, job.info.height), job.info.fitted(MOTION_WIDTH)
    tracks += dark_tracks(first.lights, timeline, size, small, len(tracks) + 1)
    return Plan(
        fingerprint=fingerprint(clip),
        width=job.info.width,
        height=job.info.height,
        time_base=job.info.time_base,
        pts=tuple(first.pts),
        cuts=tuple(first.cuts),
        tracks=tuple(tracks),
        doubts=tuple(sorted(doubts + dark_doubts(first.lights), key=lambda d: -d.weight)),
        scan_digest=scan_digest(settings),
        notes=tuple(first.notes),
    )


def _first_pass_of_clip(job: ScanJob) -> FirstPass:
    settings = job.settings
    with open_reader(
        job.info.path, job.info, max_damaged=settings.max_damaged, on_resize=settings.on_resize
    ) as reader:
        first = first_pass(job, _noted(reader, job.kept))
        first.notes = reader.notes
    return first


def _noted(frames: Iterator[Frame], kept: Kept | None) -> Iterator[Frame]:
    """The frames, their small pictures kept for the second pass."""
    for frame in frames:
        if kept is not None:
            kept.add(frame)
        yield frame


def first_pass(
    job: ScanJob,
    frames: Iterator[Frame],
    span: range = WHOLE_CLIP,
    clock: LookClock | None = None,
) -> FirstPass:
    """Motion, cuts, light and surprises of all `frames`, and sightings on those of `span`.

    `clock` stands at the first of `frames`, from which cuts count. Raises DecodeError or
    DetectorError.
    """
    level, info = job.settings.level, job.info
    looks = ScanLooks(level, *info.square, load_detector, info.still)
    clock = clock or LookClock(level, info.time_base)
    width, _ = info.fitted(MOTION_WIDTH)
    finder, surprises = CutFinder(), SurpriseFinder(info.square[0] / width)
    first = FirstPass()
    count = 1 if looks.tiled else _ALONE if cpu_count() == 1 else _TOGETHER
    watched = _measured(info, frames, looks, clock, finder, surprises, span)
    with closing(ahead(watched, count)) as measured:
        while batch := list(itertools.islice(measured, count)):
            for frame in batch:
                first.pts.append(frame.pts)
                first.lights.append(frame.light)
                first.camera.append(frame.step)
            first.sightings += looks.take([f.request for f in batch if f.request is not None])
            job.tell("scan", len(first.pts), info.frames)
    first.cuts, first.surprises = finder.finish(), surprises.finish()
    first.mixed = finder.mixed
    return first


@dataclass(frozen=True, slots=True)
class _Measured:
    """A frame without its full picture; `request` is None if no look is due."""

    pts: int
    light: Light
    step: Step
    request: LookRequest | None


def _measured(
    info: ClipInfo,
    frames: Iterator[Frame],
    looks: ScanLooks,
    clock: LookClock,
    finder: CutFinder,
    surprises: SurpriseFinder,
    span: range,
) -> Iterator[_Measured]:
    """Motion, cuts and light of every frame, and the small picture of each frame to look at."""
    width, height = info.fitted(MOTION_WIDTH)
    meter = StepMeter(info.square[0] / width)
    for number, (frame, following) in enumerate(_with_following(frames)):
        gray = display_gray(frame.picture, info.orientation, width, height)
        step = meter.measure(gray)
        finder.add(gray, step)
        surprises.add(frame.index, gray, step)
        tick = clock.tick(frame.pts, following)
        due = tick is not None or finder.suspects(number)
        request = None
        if frame.index in span and due:
            # Without known motion a new shot may begin: take every look, due or not.
            tick = tick if step.reliable else None
            picture = display_rgb(frame.picture, info.orientation, *looks.size_at(tick))
            request = LookRequest(frame.index, picture, tick)
        yield _Measured(frame.pts, light(gray), step, request)


def _with_following(frames: Iterator[Frame]) -> Iterator[tuple[Frame, int | None]]:
    """Each frame with the pts of the next; the last has None."""
    earlier: Frame | None = None
    for frame in frames:
        if earlier is not None:
            yield earlier, frame.pts
        earlier = frame
    if earlier is not None:
        yield earlier, None


def _second_pass(
    job: ScanJob, first: FirstPass, timeline: Timeline, tracklets: list[Tracklet]
) -> list[Tracklet]:
    """The tracklets, faces followed between and beyond their sightings and with a verdict, unsure
    ones with the answer of close-ups."""
    known = [is_face(t) for t in tracklets]
    questions: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for place, tracklet in enumerate(tracklets):
        for row in to_look_at(tracklet):
            box = Box(*tracklet.boxes[row].tolist())
            questions[int(tracklet.frames[row])].append((place, box))
    faces = [t for t, sure in zip(tracklets, known, strict=True) if sure]
    if not faces and not questions and not first.surprises:
        return tracklets
    if job.info.still:
        return _second_look(job, tracklets)
    scale, reach = follow_scale(job.info), timeline.frames(job.settings.hold)
    closeup = partial(Closeup, load_detector, scale)  # each viewer's own: it keeps answers
    examination = Examination(faces, closeup(), load_landmarks().look, scale)
    surprised = {surprise.frame for surprise in first.surprises}
    # Who may be dropped explains nothing yet: a patch would hide a face that turns up on it.
    firm = [t for i, t in enumerate(faces) if not (examination.may_drop(i) or to_look_at(t))]
    near = faces_near(firm, first.camera, surprised)
    places = unexplained(first.surprises, near)
    brief = BriefLooks(load_detector, closeup(), scale)
    heads = HeadLooks(load_shoulders, scale).find
    pursuit = Pursuit(faces, first.camera, timeline, closeup().find, scale, reach, heads)
    portraits = Portraits(
        faces, first.camera, lambda: load_recogniser().look, scale, len(first.pts)
    )
    answers: dict[int, list[float]] = defaultdict(list)
    answer, glimpsed = closeup().answer, list[Sightings]()

    def ask(index: int, gray: Gray) -> None:
        for place, box in questions.get(index, ()):
            answers[place].append(answer(gray, box))

    def glimpse(index: int, gray: Gray) -> None:
        if index in places:
            glimpsed.append(brief.take(index, gray, places[index], near[index]))

    pictures = follow_pictures(
        job.info,
        first.pts,
        lambda index: (
            pursuit.wants(index)
            or examination.wants(index)
            or portraits.wants(index)
            or index in questions
            or index in places
        ),
        job.kept,
    )
    viewers = [ask, pursuit.see, examination.see, portraits.see, glimpse]
    for index, _ in viewed(pictures, viewers):
        job.tell("follow", index + 1, len(first.pts))
    pursued = portraits.given(pursuit.tracklets())
    verdicts = examination.verdicts(pursued, _looked(first))
    grown = (dataclasses.replace(t, verdict=v) for t, v in zip(pursued, verdicts, strict=True))
    denser = [next(grown) if sure else t for t, sure in zip(tracklets, known, strict=True)]
    answered = [_answered(t, answers.get(i, [])) for i, t in enumerate(denser)]
    stayed = [t for t, after in zip(tracklets, answered, strict=True) if is_face(after)]
    near = faces_near(stayed, first.camera, places)
    glimpsed = [elsewhere(seen, near[seen.frame]) for seen in glimpsed]
    return [*answered, *_brief_faces(job, first, timeline, closeup(), glimpsed)]


def _second_look(job: ScanJob, tracklets: Sequence[Tracklet]) -> list[Tracklet]:
    """The tracklets of a photograph, unsure ones with the answer of close-ups at native size."""
    info = job.info
    with open_reader(info.path, info) as reader:
        gray = display_gray(next(reader).picture, info.orientation, info.width, info.height)
    closeup = SizedCloseup(load_detector, Pyramid(gray, _COARSEST), 1.0)
    return [
        _answered(t, [closeup.answer(Box(*t.boxes[row].tolist())) for row in to_look_at(t)])
        for t in tracklets
    ]


def _answered(tracklet: Tracklet, answers: Sequence[float]) -> Tracklet:
    return dataclasses.replace(tracklet, answer=float(np.mean(answers))) if answers else tracklet


def _brief_faces(
    job: ScanJob,
    first: FirstPass,
    timeline: Timeline,
    closeup: Closeup,
    sightings: Sequence[Sightings],
) -> list[Tracklet]:
    """Tracklets of faces that only looks at surprises saw, followed both ways."""
    faces = [t for t in tracklets_of(sightings, first.camera, timeline) if is_face(t)]
    if not faces:
        return []
    scale, reach = follow_scale(job.info), timeline.frames(job.settings.hold)
    heads = HeadLooks(load_shoulders, scale).find
    pursuit = Pursuit(faces, first.camera, timeline, closeup.find, scale, reach, heads)
    for index, gray in follow_pictures(job.info, first.pts, pursuit.wants, job.kept):
        pursuit.see(index, gray)
        job.tell("follow", index + 1, len(first.pts))
    return [judged_by_looks(t, _looked(first)) for t in pursuit.tracklets()]


def _looked(first: FirstPass) -> npt.NDArray[np.intp]:
    """The frames of the whole looks."""
    return np.array([s.frame for s in first.sightings], np.intp)
