"""Exposures planted in plans of footage with known faces, and in clips that have no plan."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from score import EXPOSED, Raster
from truth import CLEAR, Case

from blur.cover.region import Covers
from blur.data.findings import Residual
from blur.data.plan import Plan, Track
from blur.disk.fingerprint import fingerprint
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.settings import CoverSettings

BRIEF = 11
"""Frames of the longest run that is planted: as many as lie between two of the audit's looks."""

HITS = 0.3
"""Share of a track's frames on a face from which the track is the face's."""


@dataclass(frozen=True)
class Exposure:
    """A face, the frames on which it lost its cover, its largest width there in pixels, and its
    turn in degrees, 0 to 180."""

    face: int
    frames: tuple[int, ...]
    width: int
    turn: int

    def met_by(self, case: Case, found: Residual) -> bool:
        """Whether a residual face is the exposed face, on one of the exposure's frames."""
        if found.frame not in self.frames:
            return False
        x, y = found.box.cx, found.box.cy
        return any(f.id == self.face and f.holds(x, y) for f in case.faces[found.frame])


def bare_plan(case: Case) -> Plan:
    """A plan without any cover or cut."""
    info = probe(case.file())
    with open_reader(info.path, info) as reader:
        pts = tuple(frame.pts for frame in reader)
    return Plan(fingerprint(info.path), info.width, info.height, info.time_base, pts)


def clear_faces(case: Case, wide: int) -> list[int]:
    """Clear faces at least `wide` pixels on some frame."""
    return sorted(
        {f.id for faces in case.faces for f in faces if f.kind == CLEAR and 2 * f.a >= wide}
    )


def without_faces(case: Case, plan: Plan, count: int, chance: random.Random, wide: int) -> Plan:
    """The plan without all tracks of `count` faces."""
    faces = clear_faces(case, wide)
    gone = {
        t.id
        for f in chance.sample(faces, min(count, len(faces)))
        for t in _tracks_on(case, plan, f)
    }
    return plan.with_tracks([t for t in plan.tracks if t.id not in gone], plan.doubts)


def without_runs(case: Case, plan: Plan, count: int, chance: random.Random, wide: int) -> Plan:
    """The plan with `count` runs of 1 to `BRIEF` frames cut out of faces' tracks, a run of covered
    frames at least as long as the longest between two."""
    holes: dict[int, set[int]] = {}
    spots = [
        (face, frame)
        for face in clear_faces(case, wide)
        for frame, here in enumerate(case.faces)
        if any(f.id == face for f in here)
    ]
    taken: dict[int, set[int]] = {}
    lengths = [1 + number % BRIEF for number in range(count)]
    for face, frame in chance.sample(spots, len(spots)):
        if not lengths:
            break
        near = range(frame - BRIEF, frame + lengths[-1] + BRIEF)
        if taken.setdefault(face, set()).intersection(near):
            continue
        run = range(frame, frame + lengths.pop())
        taken[face].update(run)
        for track in _tracks_on(case, plan, face):
            holes.setdefault(track.id, set()).update(run)
    ids = iter(range(10**6, 2 * 10**6))
    tracks = [part for t in plan.tracks for part in _cut(t, holes.get(t.id, set()), ids)]
    return plan.with_tracks(tracks, plan.doubts)


def _tracks_on(case: Case, plan: Plan, face: int) -> list[Track]:
    """The tracks that follow this face."""
    found = []
    for track in plan.tracks:
        here = range(track.start, min(track.end, len(case.faces)))
        hits = sum(
            any(f.id == face and f.holds(*track.boxes[i - track.start, :2]) for f in case.faces[i])
            for i in here
        )
        if hits >= HITS * len(here):
            found.append(track)
    return found


def _cut(track: Track, holes: set[int], ids: Iterator[int]) -> Iterator[Track]:
    """The parts of a track between holes, with new `ids` if there are any."""
    start = track.start
    for end in [*sorted(h for h in holes if track.start <= h < track.end), track.end]:
        if start < end:
            rows = slice(start - track.start, end - track.start)
            yield dataclasses.replace(
                track,
                id=next(ids) if holes else track.id,
                start=start,
                boxes=track.boxes[rows],
                marks=track.marks[rows],
                scores=track.scores[rows],
            )
        start = end + 1


def exposures(
    case: Case, whole: Plan | None, holed: Plan, cover: CoverSettings, *, runs: bool, wide: int
) -> list[Exposure]:
    """Clear faces that `whole` (None: any plan) covers and `holed` does not; with `runs`, one for
    each run of frames."""
    raster = Raster(holed.width, holed.height)
    plans = [plan for plan in (holed, whole) if plan is not None]
    covers = [Covers(p.tracks, p.shots(), cover, p.width, p.height) for p in plans]
    bare: dict[int, dict[int, tuple[float, float]]] = {}
    for frame, faces in enumerate(case.faces[: holed.frames]):
        masks = [raster.covered(c.at(frame)) for c in covers]
        for face in faces:
            after, *before = (raster.uncovered(face, mask) for mask in masks)
            if face.kind != CLEAR or after is None or after <= EXPOSED:
                continue
            if all(share is not None and share <= EXPOSED for share in before):
                turn = abs((math.degrees(face.theta) + 180) % 360 - 180)
                bare.setdefault(face.id, {})[frame] = (2 * face.a, turn)
    found = [
        Exposure(face, tuple(part), *(round(max(seen[f][i] for f in part)) for i in range(2)))
        for face, seen in bare.items()
        for part in (_runs_of(list(seen)) if runs else [list(seen)])
    ]
    return [e for e in found if e.width >= wide]


def _runs_of(frames: Sequence[int]) -> Iterator[list[int]]:
    """Ascending frames, parted at gaps."""
    breaks = [k for k in range(1, len(frames)) if frames[k] != frames[k - 1] + 1]
    for start, end in itertools.pairwise([0, *breaks, len(frames)]):
        yield list(frames[start:end])
