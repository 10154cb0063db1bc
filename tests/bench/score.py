"""Exposure of known faces by a plan, without rendering."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from truth import CLEAR, HARD, OTHER, Case, Face

from blur.cover.region import Covers, Region
from blur.data.plan import Mark, Plan, Reason, Track
from blur.settings import CoverSettings

EXPOSED = 0.25
"""Share of a face's ellipse outside all covers above which it is exposed on a frame."""

BEYOND = 2.2
"""Growth of faces outside which covers count as over-covering; the judge's number."""

EVERY = 5
"""Frames between two measurements of over-covered area; the judge's number."""

FACE_SHARE = 0.3
"""Share of a track's sightings in a face from which the track counts as a face."""

_RASTER = 640
"""Samples, longest side of the masks that areas are counted on; more is finer and slower."""

Mask = npt.NDArray[np.bool_]


@dataclass
class Tally:
    """Faces of one kind: frames they are on, people, and the exposed of both."""

    face_frames: int = 0
    exposed: int = 0
    ids: int = 0
    ids_exposed: int = 0

    def add(self, other: Tally) -> None:
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Miss:
    """A person's exposed frames in a clip; `why` is the scan's knowledge of the face."""

    clip: str
    id: int
    kind: str
    why: str
    size: int
    exposed: int
    of: int
    first: int
    last: int
    worst: int
    uncovered: float


@dataclass
class Result:
    """Score of a clip's plan, or the judge's of its output."""

    clip: str
    folder: str
    condition: str
    frames: int
    ms: float
    clear: Tally = field(default_factory=Tally)
    hard: Tally = field(default_factory=Tally)
    over: float = 0.0
    false: float = 0.0
    tracks: int = 0
    tracks_false: int = 0
    doubts: int = 0
    misses: list[Miss] = field(default_factory=list)


class Raster:
    """Masks of covers and faces, on a grid coarser than the picture."""

    def __init__(self, width: int, height: int) -> None:
        self.scale = max(1.0, max(width, height) / _RASTER)
        self.shape = math.ceil(height / self.scale), math.ceil(width / self.scale)

    def covered(self, regions: Iterable[Region]) -> Mask:
        mask = np.zeros(self.shape, np.uint8)
        for region in regions:
            # A vertex at x lies on the raster's sample x / scale - 0.5, in sixteenths.
            points = np.round((region.outline() / self.scale - 0.5) * 16).astype(np.int32)
            cv2.fillConvexPoly(mask, points, 1, shift=4)
        return mask.astype(bool)

    def uncovered(self, face: Face, covered: Mask) -> float | None:
        """Share of the face inside the picture without a cover; None for a face outside it."""
        window, inside = self._ellipse(face)
        return None if not inside.any() else float((inside & ~covered[window]).sum() / inside.sum())

    def faces(self, faces: Iterable[Face]) -> Mask:
        mask = np.zeros(self.shape, bool)
        for face in faces:
            window, inside = self._ellipse(face)
            mask[window] |= inside
        return mask

    def _ellipse(self, face: Face) -> tuple[tuple[slice, slice], Mask]:
        height, width = self.shape
        reach = max(face.a, face.b) / self.scale + 1
        x, y = face.cx / self.scale, face.cy / self.scale
        columns = slice(*np.clip([math.floor(x - reach), math.ceil(x + reach)], 0, width).tolist())
        rows = slice(*np.clip([math.floor(y - reach), math.ceil(y + reach)], 0, height).tolist())
        v, u = np.mgrid[rows, columns] + 0.5
        u, v = u * self.scale - face.cx, v * self.scale - face.cy
        cos, sin = math.cos(face.theta), math.sin(face.theta)
        inside = ((u * cos + v * sin) / face.a) ** 2 + ((v * cos - u * sin) / face.b) ** 2 <= 1
        return (rows, columns), inside


def result(case: Case, plan: Plan, covers: CoverSettings, ms: float) -> Result:
    """The score of a plan against its truth."""
    out = Result(case.name, case.folder, case.condition, plan.frames, ms, doubts=len(plan.doubts))
    hits = _Hits(plan.tracks, case.faces)
    real = {t.id for t in plan.tracks if hits.share(t) >= FACE_SHARE}
    out.tracks, out.tracks_false = len(plan.tracks), len(plan.tracks) - len(real)
    raster = Raster(plan.width, plan.height)
    shown = Covers(plan.tracks, plan.shots(), covers, plan.width, plan.height)
    bare: dict[tuple[str, int], dict[int, float]] = defaultdict(dict)
    over, false = [], []
    for frame, faces in enumerate(case.faces):
        regions = shown.at(frame) if frame < plan.frames else []
        mask = raster.covered(regions)
        for face in faces:
            if face.kind == OTHER:
                continue
            share = raster.uncovered(face.scaled(case.core), mask)
            if share is not None:
                bare[face.kind, face.id][frame] = share
        if frame % EVERY == 0:
            beyond = mask & ~raster.faces(f.scaled(BEYOND) for f in faces)
            over.append(beyond.mean())
            false.append((beyond & ~raster.covered(r for r in regions if r.seed in real)).mean())
    for (kind, number), shares in sorted(bare.items()):
        exposed = [frame for frame, share in shares.items() if share > EXPOSED]
        tally = Tally(len(shares), len(exposed), 1, bool(exposed))
        {CLEAR: out.clear, HARD: out.hard}[kind].add(tally)
        if exposed:
            out.misses.append(_miss(case, plan, hits, kind, number, shares, exposed))
    out.over, out.false = float(np.mean(over)), float(np.mean(false))
    return out


def _miss(
    case: Case,
    plan: Plan,
    hits: _Hits,
    kind: str,
    number: int,
    shares: dict[int, float],
    exposed: Sequence[int],
) -> Miss:
    worst = max(exposed, key=lambda frame: shares[frame])
    face = next(f for f in case.faces[worst] if f.id == number)
    return Miss(
        clip=case.name,
        id=number,
        kind=kind,
        why=_why(case, plan, hits, number, worst),
        size=round(2 * min(face.a, face.b)),
        exposed=len(exposed),
        of=len(shares),
        first=exposed[0],
        last=exposed[-1],
        worst=worst,
        uncovered=round(shares[worst], 2),
    )


def _why(case: Case, plan: Plan, hits: _Hits, number: int, frame: int) -> str:
    """The scan's knowledge of a face, at its worst frame."""
    seen = hits.frames[number]
    if not seen:
        weeded = (
            (d.box, case.faces[d.start])
            for d in plan.doubts
            if d.reason is Reason.WEEDED and d.box is not None and d.start < len(case.faces)
        )
        if any(f.id == number and f.holds(b.cx, b.cy) for b, faces in weeded for f in faces):
            return "weeded"
        return "never seen"
    if frame in seen:
        return "cover too small"
    if frame < min(seen):
        return f"{min(seen) - frame} frames before it was seen"
    if frame > max(seen):
        return f"{frame - max(seen)} frames after it was seen"
    return "between sightings"


class _Hits:
    """Sightings of tracks in known faces: frames by face, shares by track."""

    def __init__(self, tracks: Iterable[Track], faces: Sequence[Sequence[Face]]) -> None:
        self.frames: dict[int, set[int]] = defaultdict(set)
        self._shares: dict[int, float] = {}
        for track in tracks:
            seen = np.flatnonzero(track.marks == Mark.DETECTED)
            hits = 0
            for row in seen:
                frame = int(row) + track.start
                here = faces[frame] if frame < len(faces) else ()
                held = [f.id for f in here if f.holds(*track.boxes[row, :2].tolist())]
                hits += bool(held)
                for number in held:
                    self.frames[number].add(frame)
            self._shares[track.id] = hits / len(seen) if len(seen) else 0.0

    def share(self, track: Track) -> float:
        return self._shares[track.id]
