"""Scan, render and audit of one clip: the corridor, as a recipe."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct

from blur import edits as decisions
from blur.cover.fills import make_fill
from blur.cover.layout import paintable
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.digests import scan_digest
from blur.errors import OutputError, PlanMismatch, ResidualFace
from blur.faces.closeup import Closeup
from blur.faces.detections import Picture
from blur.faces.registry import DETECTORS, load_detector, unload_detectors
from blur.faces.residual import SECOND_LOOKS, Inspection
from blur.faces.search import Glance, Search
from blur.findings import Audit, Residual, Suspect
from blur.fingerprint import fingerprint
from blur.media import open_reader, open_writer
from blur.media.convert import display_gray, display_rgb
from blur.media.probe import ClipInfo, probe
from blur.media.read import Frame
from blur.media.sample import wanted_frames
from blur.overlap import ahead
from blur.plan import Box, Doubt, Edits, Plan, Track
from blur.settings import AuditMode, ScanSettings, Settings
from blur.sightings import Sightings
from blur.tracks import residual
from blur.tracks.build import NEAR_SECONDS, tracklets_of, tracks_of
from blur.tracks.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.tracks.complete import complete
from blur.tracks.cuts import CutFinder
from blur.tracks.doubts import dark
from blur.tracks.link import Tracklet
from blur.tracks.pursue import FOLLOW_WIDTH, Pursuit
from blur.tracks.smooth import smooth
from blur.tracks.timeline import Timeline
from blur.tracks.weed import is_face, to_look_at

_TOGETHER = 12
"""Frames that go to the detectors at once: enough looks of one size to keep all cores busy."""

_AHEAD = 3
"""Pictures that decoding may run ahead: enough to keep it busy, few enough for 4K in memory."""


class Progress(Protocol):
    """Told how far a clip is. `stage` is one of "scan", "follow", "render", "audit"."""

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


class Rendered(Struct, frozen=True, kw_only=True):
    """What a render did; goes into the report."""

    frames: int
    damaged: int
    bytes_in: int
    bytes_out: int
    sha256: str
    seconds: float
    dropped: list[str]
    notes: list[str]


def scan(clip: Path, settings: ScanSettings, progress: Progress | None = None) -> Plan:
    """Look at every frame of `clip` and return its plan; touches no pixel and writes nothing.

    Raises NotAClip, DecodeError or DetectorError.
    """
    info = probe(clip)
    seen = _look(clip, info, settings, progress or _silent)
    seconds = (np.array(seen.pts, np.float64) - seen.pts[0]) * float(info.time_base)
    timeline = Timeline(seconds, seen.cuts)
    tracklets = tracklets_of(seen.sightings, seen.camera, timeline)
    tracklets = _revisit(
        clip, info, seen.pts, tracklets, seen.camera, timeline, settings, progress or _silent
    )
    tracks, doubts = tracks_of(tracklets, seen.camera, timeline, settings.hold)
    return Plan(
        fingerprint=fingerprint(clip),
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        pts=tuple(seen.pts),
        cuts=tuple(seen.cuts),
        tracks=tuple(tracks),
        doubts=tuple(sorted(doubts + dark(seen.luma), key=lambda d: -d.weight)),
        scan_digest=scan_digest(settings),
        notes=tuple(seen.notes),
    )


def render(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Write `clip`, covered per `plan` and `edits`, to `out`: whole, or not at all.

    Raises PlanMismatch when the plan is of another clip, DecodeError, OutputError.
    """
    tell = progress or _silent
    started = time.monotonic()
    if fingerprint(clip) != plan.fingerprint:
        raise PlanMismatch("is not the clip that this plan was made from", subject=clip.name)
    if edits is not None:
        plan = decisions.apply(plan, edits)
    info = probe(clip)
    covers = Covers(plan.tracks, plan.shots(), settings.cover, plan.width, plan.height)
    fill = make_fill(settings.cover)
    damage = settings.scan.max_damaged
    with (
        open_reader(
            clip, info, max_damaged=damage, deinterlace=settings.output.deinterlace
        ) as reader,
        open_writer(out, info, settings.output) as writer,
    ):
        done = 0
        for frame in ahead(reader, _AHEAD):
            if done >= plan.frames or frame.pts != plan.pts[done]:
                raise PlanMismatch(f"frame {done} is not as it was scanned", subject=clip.name)
            regions = [r.mapped(info.orientation.box_to_stored) for r in covers.at(done)]
            writer.write(dataclasses.replace(frame, picture=paint(frame.picture, regions, fill)))
            done += 1
            tell("render", done, plan.frames)
        if done != plan.frames:
            raise PlanMismatch(f"has {done} frames, its plan {plan.frames}", subject=clip.name)
        notes, damaged = list(reader.notes), reader.damaged
        if (painted := paintable(info.pix_fmt)) != info.pix_fmt:
            notes.append(f"samples converted from {info.pix_fmt} to {painted} to be covered")
        written = writer.finish()
    return Rendered(
        frames=written.frames,
        damaged=damaged,
        bytes_in=clip.stat().st_size,
        bytes_out=written.bytes,
        sha256=written.sha256,
        seconds=round(time.monotonic() - started, 3),
        dropped=list(written.dropped),
        notes=notes + list(written.notes),
    )


@dataclass(slots=True)
class _Seen:
    """What one pass over a clip brings: all that tracks are made from, and no pixel."""

    pts: list[int]
    luma: list[float]
    sightings: list[Sightings]
    camera: Camera
    cuts: Sequence[int]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Watched:
    """One frame on its way to the detectors; `picture` is None when no look is due."""

    index: int
    pts: int
    luma: float
    step: Step
    picture: Picture | None
    fresh: bool


def _look(clip: Path, info: ClipInfo, settings: ScanSettings, tell: Progress) -> _Seen:
    search = Search(settings.level, info.width, info.height, load_detector)
    finder = CutFinder()
    seen = _Seen([], [], [], Camera(), (), ())
    with (
        open_reader(clip, info, max_damaged=settings.max_damaged) as reader,
        closing(ahead(_watch(reader, info, search, finder), _TOGETHER)) as watched,
    ):
        while batch := list(itertools.islice(watched, _TOGETHER)):
            seen.pts += [w.pts for w in batch]
            seen.luma += [w.luma for w in batch]
            for w in batch:
                seen.camera.append(w.step)
            glances = [Glance(w.index, w.picture, w.fresh) for w in batch if w.picture is not None]
            seen.sightings += search.look(glances)
            tell("scan", len(seen.pts), info.frames)
        seen.notes = reader.notes
    seen.cuts = finder.finish()
    return seen


def _watch(
    reader: Iterator[Frame], info: ClipInfo, search: Search, finder: CutFinder
) -> Iterator[_Watched]:
    """Motion and cuts on every frame, and the small picture of those that are looked at."""
    width, height = _fitted(info, MOTION_WIDTH)
    meter = StepMeter(info.width / width)
    for frame in reader:
        gray = display_gray(frame.picture, info.orientation, width, height)
        step = meter.measure(gray)
        finder.add(gray, step)
        # Where no motion leads to a frame, a new shot may begin: look at it in every way.
        fresh = not step.reliable and (frame.index % 3 == 0 or finder.suspects(frame.index))
        picture = None
        if fresh or search.due(frame.index):
            size = search.size if fresh else search.size_at(frame.index)
            picture = display_rgb(frame.picture, info.orientation, *size)
        yield _Watched(frame.index, frame.pts, float(gray.mean()), step, picture, fresh)


def _revisit(
    clip: Path,
    info: ClipInfo,
    pts: Sequence[int],
    tracklets: list[Tracklet],
    camera: Camera,
    timeline: Timeline,
    settings: ScanSettings,
    tell: Progress,
) -> list[Tracklet]:
    """A second pass: a second look at what is unsure, and a pursuit of what the looks lost."""
    known = [is_face(t) for t in tracklets]
    rows = [to_look_at(t) for t in tracklets]
    if not any(known) and not any(rows):
        return tracklets
    width, height = _fitted(info, FOLLOW_WIDTH)
    scale = info.width / width
    closeup = Closeup(load_detector, scale)
    reach = timeline.frames(settings.hold)
    near = timeline.frames(NEAR_SECONDS)
    faces = [t for t, sure in zip(tracklets, known, strict=True) if sure]
    pursuit = Pursuit(faces, camera, timeline, closeup.find, scale, reach, near)
    looks: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for place, tracklet in enumerate(tracklets):
        for row in rows[place]:
            looks[int(tracklet.frames[row])].append((place, Box(*tracklet.boxes[row].tolist())))
    answers: dict[int, list[float]] = defaultdict(list)
    frames = wanted_frames(clip, info, pts, lambda index: pursuit.wants(index) or index in looks)
    pictures = ((f.index, display_gray(f.picture, info.orientation, width, height)) for f in frames)
    for index, gray in ahead(pictures, _AHEAD):
        for place, box in looks.get(index, ()):
            answers[place].append(closeup.answer(gray, box))
        pursuit.see(index, gray)
        tell("follow", index + 1, len(pts))
    grown = iter(pursuit.tracklets())
    denser = [next(grown) if sure else t for t, sure in zip(tracklets, known, strict=True)]
    return [
        dataclasses.replace(t, answer=float(np.mean(answers[i]))) if i in answers else t
        for i, t in enumerate(denser)
    ]


def _fitted(info: ClipInfo, longest: int) -> tuple[int, int]:
    """The clip's display size, scaled down to a longest side."""
    scale = max(1.0, max(info.width, info.height) / longest)
    return max(1, round(info.width / scale)), max(1, round(info.height / scale))


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Covered:
    """A covered clip: the plan it was rendered from, and one audit for each render."""

    plan: Plan
    rendered: Rendered
    audits: tuple[Audit, ...]


def cover_clip(
    clip: Path,
    plan: Plan,
    out: Path,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
    keep: Callable[[Plan], None] = lambda plan: None,
) -> Covered:
    """Render `clip`, look for faces in the output, and render again with what was found covered.

    The output comes under its final name when the audit sees no face any more, or when it only
    reports. `keep` is given the plan each time the audit adds to it. Raises what `render` and
    `audit` raise, and ResidualFace when a face is left after the last round.
    """
    if settings.audit.audit is AuditMode.OFF:
        return Covered(plan, render(clip, plan, out, settings, edits, progress), ())
    fix = settings.audit.audit is AuditMode.FIX
    open_doubts = [d for d in plan.doubts if residual.is_open(d)]
    if open_doubts:  # of an earlier audit: this one decides anew
        plan = plan.with_tracks(plan.tracks, [d for d in plan.doubts if d not in open_doubts])
        keep(plan)
    unaudited = out.with_name(f".{out.name}.part")
    audits: list[Audit] = []
    again: residual.Again | None = None
    try:
        while True:
            done = render(clip, plan, unaudited, settings, edits, progress)
            seen, faces = _inspect(unaudited, plan, settings, edits, again, progress or _silent)
            audits.append(seen)
            if not seen.residuals:
                break
            if not fix or len(audits) > settings.audit.audit_rounds:
                plan = _with_doubts(plan, faces)
                keep(plan)
                break
            tracks, doubts = _tracks_of_residual(clip, plan, faces, settings, progress or _silent)
            plan = plan.with_tracks([*plan.tracks, *tracks], [*plan.doubts, *doubts])
            keep(plan)
            unload_detectors()  # their networks weigh as much as the encoder that comes next
            again = residual.Again(
                [r.frame for r in seen.residuals], [(t.start - 1, t.end + 1) for t in tracks]
            )
        if fix and seen.residuals:
            where = ", ".join(f"{r.seconds:.1f} s" for r in seen.residuals[:3])
            raise ResidualFace(f"the audit still sees a face, at {where}", subject=clip.name)
        unaudited.replace(out)
    finally:
        unaudited.unlink(missing_ok=True)
    return Covered(plan, done, tuple(audits))


def audit(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Look for faces in the covered clip `out` that are not covered per `plan` and `edits`.

    Faces that a person keeps clear are none. Raises DecodeError, DetectorError, and OutputError
    when `out` is not what `plan` describes.
    """
    return _inspect(out, plan, settings, edits, None, progress or _silent)[0]


def _inspect(
    out: Path,
    plan: Plan,
    settings: Settings,
    edits: Edits | None,
    again: residual.Again | None,
    tell: Progress,
) -> tuple[Audit, list[Residual]]:
    """An audit, narrowed by `again`, and all that it saw: fainter suspects as well."""
    started = time.monotonic()
    info = probe(out)
    if (info.width, info.height) != (plan.width, plan.height):
        raise OutputError("is of another size than its clip", subject=out.name)
    resolved = decisions.resolve(plan, edits) if edits else decisions.Resolved(plan, (), ())
    tracks, shots, every = resolved.plan.tracks, list(plan.shots()), settings.audit.audit_every
    covers = Covers(tracks, shots, settings.cover, plan.width, plan.height)
    cover = residual.Cover(
        lambda frame: [region.outline() for region in covers.at(frame)],
        resolved.kept,
        plan.width,
        plan.height,
    )
    route = residual.itinerary(shots, tracks, every, again)
    inspection = Inspection(plan.width, plan.height, load_detector)
    found = [
        Residual(frame=frame, seconds=round(plan.seconds(frame), 3), box=box, sure=1.0, seen_by=[])
        for frame, box in residual.gaps(shots, tracks)
        if cover.exposes(frame, box, residual.SLIVER)
    ]
    frames = closeups = 0

    def pictures() -> Iterator[tuple[int, Picture]]:
        nonlocal frames
        for frame in reader:
            frames += 1
            if route.wants(frame.index):
                yield frame.index, display_rgb(frame.picture, info.orientation, *inspection.size)

    with open_reader(out, info) as reader, closing(ahead(pictures(), _AHEAD)) as looked:
        for index, picture in looked:
            places = [box for box in route.places.get(index, ()) if cover.exposes(index, box)]
            suspects = [suspect for box in places for suspect in inspection.around(picture, box)]
            closeups += len(places)
            if index in route.whole:
                suspects += inspection.everywhere(picture, route.whole[index])
            for suspect in suspects:
                bare = cover.bare(index, suspect.box)
                if bare is not None:
                    suspect, sure = _second_looks(inspection, picture, suspect, bare)
                    if sure >= residual.FAINT:
                        found.append(_residual(index, plan.seconds(index), suspect, bare, sure))
            tell("audit", index + 1, plan.frames)
    if frames != plan.frames:
        raise OutputError(f"has {frames} frames, its plan {plan.frames}", subject=out.name)
    found = residual.distinct(found)
    seen = Audit(
        frames=frames,
        looked=len(route.whole),
        closeups=closeups,
        sampling=residual.sampling(settings.audit.audit_every),
        detectors=list(DETECTORS),
        residuals=[r for r in found if r.sure >= residual.BAR],
        seconds=round(time.monotonic() - started, 3),
    )
    return seen, found


def _tracks_of_residual(
    clip: Path, plan: Plan, faces: Sequence[Residual], settings: Settings, tell: Progress
) -> tuple[list[Track], list[Doubt]]:
    """A track, followed both ways, and a doubt for each residual face."""
    info = probe(clip)
    timeline = _timeline(plan)
    # Nobody saw the face between two looks of the audit: a hold is never shorter than that.
    hold = max(timeline.frames(settings.scan.hold), settings.audit.audit_every)
    camera = _camera_around(clip, info, plan, [r.frame for r in faces], hold)
    tracklets = tracklets_of(residual.sightings_of(faces), camera, timeline)
    width, height = _fitted(info, FOLLOW_WIDTH)
    scale = info.width / width
    near = timeline.frames(NEAR_SECONDS)
    find = Closeup(load_detector, scale).find
    pursuit = Pursuit(residual.confirmed(tracklets), camera, timeline, find, scale, hold, near)
    pictures = (
        (f.index, display_gray(f.picture, info.orientation, width, height))
        for f in wanted_frames(clip, info, plan.pts, pursuit.wants)
    )
    for index, gray in ahead(pictures, _AHEAD):
        pursuit.see(index, gray)
        tell("audit", index + 1, plan.frames)
    first = 1 + max((track.id for track in plan.tracks), default=0)
    tracks, doubts = [], []
    for number, tracklet in enumerate(pursuit.tracklets(), first):
        shot = next(s for s in timeline.shots() if s[0] <= tracklet.start < s[1])
        track = complete(smooth(tracklet, camera), camera, shot, (hold, hold), number)
        tracks.append(dataclasses.replace(track, source="audit"))
        doubts.append(residual.doubt(tracklet, number))
    return tracks, doubts


def _with_doubts(plan: Plan, faces: Sequence[Residual]) -> Plan:
    """The plan with a doubt for each residual face that stays uncovered."""
    blind = _camera({}, plan.frames)
    tracklets = tracklets_of(residual.sightings_of(faces), blind, _timeline(plan))
    doubts = [residual.doubt(t, None) for t in residual.confirmed(tracklets)]
    return plan.with_tracks(plan.tracks, [*plan.doubts, *doubts])


def _camera_around(
    clip: Path, info: ClipInfo, plan: Plan, places: Sequence[int], reach: int
) -> Camera:
    """The camera's path, measured only within `reach` frames of `places`."""
    near = np.zeros(plan.frames, bool)
    for place in places:
        near[max(0, place - reach - 1) : place + reach + 1] = True
    width, height = _fitted(info, MOTION_WIDTH)
    steps: dict[int, Step] = {}
    for frame in wanted_frames(clip, info, plan.pts, lambda index: bool(near[index])):
        if frame.index - 1 not in steps:
            meter = StepMeter(info.width / width)
        gray = display_gray(frame.picture, info.orientation, width, height)
        steps[frame.index] = meter.measure(gray)
    return _camera(steps, plan.frames)


def _camera(steps: Mapping[int, Step], frames: int) -> Camera:
    camera = Camera()
    for index in range(frames):
        camera.append(steps.get(index, Step.unknown()))
    return camera


def _second_looks(
    inspection: Inspection, picture: Picture, suspect: Suspect, bare: float
) -> tuple[Suspect, float]:
    """The suspect after close-ups, as many as it is worth, and how likely it is a face."""
    sure = residual.likelihood(suspect, bare)
    for number, family in enumerate(SECOND_LOOKS):
        if sure == 0 or (number and sure < residual.WORTH):
            break
        suspect = inspection.second_look(picture, suspect, family)
        sure = residual.likelihood(suspect, bare)
    return suspect, sure


def _residual(frame: int, seconds: float, suspect: Suspect, bare: float, sure: float) -> Residual:
    return Residual(
        frame=frame,
        seconds=round(seconds, 3),
        box=suspect.box,
        sure=round(sure, 3),
        seen_by=sorted(suspect.evidence),
        covered=bare <= residual.EXPOSED,
    )


def _timeline(plan: Plan) -> Timeline:
    seconds = (np.array(plan.pts, np.float64) - plan.pts[0]) * float(plan.time_base)
    return Timeline(seconds, plan.cuts)
