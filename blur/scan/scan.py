"""The scan: from a clip to its plan, in two passes."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blur.data.plan import Box, Plan
from blur.data.sightings import Sightings
from blur.detect.closeup import Closeup
from blur.detect.registry import load_detector, unload_detectors
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import ClipInfo, probe
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.open.seek import wanted_frames
from blur.media.open.small_pictures import display_gray, display_rgb
from blur.process.prefetch import ahead
from blur.process.progress import Progress, silent
from blur.scan.camera import MOTION_WIDTH, Camera, Step, StepMeter
from blur.scan.cuts import CutFinder
from blur.scan.dark import dark_tracks, lit
from blur.scan.doubts import dark
from blur.scan.link import Tracklet
from blur.scan.looks import Glance, Search
from blur.scan.pursue import FOLLOW_WIDTH, Pursuit
from blur.scan.timeline import Timeline
from blur.scan.tracks import NEAR_SECONDS, tracklets_of, tracks_of
from blur.scan.weed import is_face, to_look_at
from blur.settings import ScanSettings, cpu_count
from blur.store.digests import scan_digest

EVERYWHERE = range(sys.maxsize)

_TOGETHER = 12
"""Frames that go to the detectors at once: enough looks of one size to keep all cores busy."""

_ALONE = 3
"""As many where there is one core, which a single look keeps busy: 1080p takes 40 MB less."""


def scan(
    clip: Path,
    settings: ScanSettings,
    progress: Progress | None = None,
    seen: Seen | None = None,
) -> Plan:
    """Look at every frame of `clip` and return its plan; touches no pixel and writes nothing.

    `seen` is what the first pass brings, where it was made before: see `segments`. Raises
    NotAClip, DecodeError or DetectorError.
    """
    info = probe(clip)
    seen = seen or _look(clip, info, settings, progress or silent)
    unload_detectors()  # large networks: the second pass takes close-ups alone
    timeline = Timeline.of(seen.pts, info.time_base, seen.cuts)
    tracklets = tracklets_of(seen.sightings, seen.camera, timeline)
    tracklets = _revisit(
        clip, info, seen.pts, tracklets, seen.camera, timeline, settings, progress or silent
    )
    tracks, doubts = tracks_of(tracklets, seen.camera, timeline, settings.hold)
    tracks += dark_tracks(seen.lit, timeline, info.width, info.height, len(tracks) + 1)
    return Plan(
        fingerprint=fingerprint(clip),
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        pts=tuple(seen.pts),
        cuts=tuple(seen.cuts),
        tracks=tuple(tracks),
        doubts=tuple(sorted(doubts + dark(seen.lit), key=lambda d: -d.weight)),
        scan_digest=scan_digest(settings),
        notes=tuple(seen.notes),
    )


@dataclass(slots=True)
class Seen:
    """What one pass over a clip brings: all that tracks are made from, and no pixel."""

    pts: list[int]
    lit: list[float]
    sightings: list[Sightings]
    camera: Camera
    cuts: Sequence[int]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Watched:
    """One frame on its way to the detectors; `glance` is None when no look is due."""

    pts: int
    lit: float
    step: Step
    glance: Glance | None


def _look(clip: Path, info: ClipInfo, settings: ScanSettings, tell: Progress) -> Seen:
    with open_reader(clip, info, max_damaged=settings.max_damaged) as reader:
        seen = first_pass(reader, info, settings, tell)
        seen.notes = reader.notes
    return seen


def first_pass(
    frames: Iterator[Frame],
    info: ClipInfo,
    settings: ScanSettings,
    tell: Progress,
    span: range = EVERYWHERE,
) -> Seen:
    """Motion and cuts of all `frames`, and what the looks see on those of `span`.

    Cuts count from the first of `frames`. Raises DecodeError or DetectorError.
    """
    search = Search(settings.level, info.width, info.height, load_detector)
    finder = CutFinder()
    seen = Seen([], [], [], Camera(), (), ())
    count = _ALONE if cpu_count() == 1 else _TOGETHER
    with closing(ahead(_watch(frames, info, search, finder, span), count)) as watched:
        while batch := list(itertools.islice(watched, count)):
            seen.pts += [w.pts for w in batch]
            seen.lit += [w.lit for w in batch]
            for w in batch:
                seen.camera.append(w.step)
            seen.sightings += search.look([w.glance for w in batch if w.glance is not None])
            tell("scan", len(seen.pts), info.frames)
    seen.cuts = finder.finish()
    return seen


def _watch(
    frames: Iterator[Frame], info: ClipInfo, search: Search, finder: CutFinder, span: range
) -> Iterator[_Watched]:
    """Motion and cuts on every frame, and the small picture of those that are looked at."""
    width, height = info.fitted(MOTION_WIDTH)
    meter = StepMeter(info.width / width)
    for number, frame in enumerate(frames):
        gray = display_gray(frame.picture, info.orientation, width, height)
        step = meter.measure(gray)
        finder.add(gray, step)
        # Where no motion leads to a frame, a new shot may begin: look at it in every way.
        fresh = not step.reliable and (frame.index % 3 == 0 or finder.suspects(number))
        glance = None
        if frame.index in span and (fresh or search.due(frame.index)):
            size = search.size if fresh else search.size_at(frame.index)
            picture = display_rgb(frame.picture, info.orientation, *size)
            glance = Glance(frame.index, picture, fresh)
        yield _Watched(frame.pts, lit(gray), step, glance)


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
    width, height = info.fitted(FOLLOW_WIDTH)
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
    for index, gray in ahead(pictures):
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
