"""Scan and render of one clip: the corridor, as a recipe."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct

from blur import edits as decisions
from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.digests import scan_digest
from blur.errors import PlanMismatch
from blur.faces.closeup import Closeup
from blur.faces.detections import Picture
from blur.faces.registry import load_detector
from blur.faces.search import Glance, Search
from blur.fingerprint import fingerprint
from blur.media import open_reader, open_writer
from blur.media.convert import display_gray, display_rgb
from blur.media.probe import ClipInfo, probe
from blur.media.read import Frame
from blur.overlap import ahead
from blur.plan import Box, Edits, Plan
from blur.settings import ScanSettings, Settings
from blur.sightings import Sightings
from blur.tracks.build import NEAR_SECONDS, Timeline, tracklets_of, tracks_of
from blur.tracks.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.tracks.cuts import CutFinder
from blur.tracks.link import Tracklet
from blur.tracks.pursue import FOLLOW_WIDTH, Pursuit
from blur.tracks.weed import is_face, to_look_at

_TOGETHER = 4
"""Frames that go to the detectors at once."""

_AHEAD = 6
"""Frames that decoding may run ahead: enough to keep it busy, few enough for 4K in memory."""


class Progress(Protocol):
    """Told how far a clip is. `stage` is one of "scan", "follow", "render", "audit"."""

    def __call__(self, stage: str, done: int, total: int | None) -> None: ...


class Rendered(Struct, frozen=True, kw_only=True):
    """What a render did; goes into the report."""

    frames: int
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
        clip, info, tracklets, seen.camera, timeline, settings, progress or _silent
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
        doubts=tuple(doubts),
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
    with open_reader(clip, info) as reader, open_writer(out, info, settings.output) as writer:
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
        notes = list(reader.notes)
        written = writer.finish()
    return Rendered(
        frames=written.frames,
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
    sightings: list[Sightings]
    camera: Camera
    cuts: Sequence[int]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Watched:
    """One frame on its way to the detectors; `picture` is None when no look is due."""

    index: int
    pts: int
    step: Step
    picture: Picture | None
    fresh: bool


def _look(clip: Path, info: ClipInfo, settings: ScanSettings, tell: Progress) -> _Seen:
    search = Search(settings.level, info.width, info.height, load_detector)
    finder = CutFinder()
    seen = _Seen([], [], Camera(), (), ())
    with open_reader(clip, info) as reader:
        watched = ahead(_watch(reader, info, search, finder), _AHEAD)
        while batch := list(itertools.islice(watched, _TOGETHER)):
            seen.pts += [w.pts for w in batch]
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
            picture = display_rgb(frame.picture, info.orientation, *search.size)
        yield _Watched(frame.index, frame.pts, step, picture, fresh)


def _revisit(
    clip: Path,
    info: ClipInfo,
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
    with open_reader(clip, info) as reader:
        wanted = (f for f in reader if pursuit.wants(f.index) or f.index in looks)
        pictures = (
            (f.index, display_gray(f.picture, info.orientation, width, height)) for f in wanted
        )
        for index, gray in ahead(pictures, _AHEAD):
            for place, box in looks.get(index, ()):
                answers[place].append(closeup.answer(gray, box))
            pursuit.see(index, gray)
            tell("follow", index + 1, len(timeline.seconds))
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
