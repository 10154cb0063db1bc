"""The plan of a clip and a person's edits to it: the data that everything else speaks.

Geometry is in *display* coordinates: pixels of the decoded picture after the clip's display
matrix (rotation, mirroring) is applied, origin at the top left corner, x to the right, y down,
a pixel's centre at +0.5. Sample aspect ratio is not applied. Time is a frame index in
presentation order; `Plan.pts` maps it to the clip's own clock.

A plan holds geometry and never pixels, names of people or absolute paths.
"""

from __future__ import annotations

import enum
import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from blur.errors import PlanMismatch, cannot_write

PLAN_VERSION = 1
EDITS_VERSION = 1

T = TypeVar("T")

Boxes = npt.NDArray[np.float32]
"""(n, 5) columns cx, cy, w, h, angle; see `Box`."""


class Box(NamedTuple):
    """A turned rectangle: centre, size along its own axes, and its turn.

    `w` runs from ear to ear and `h` from forehead to chin, whatever the turn. `angle` is in
    degrees, clockwise as seen on screen, 0 for an upright face, in [-180, 180).
    """

    cx: float
    cy: float
    w: float
    h: float
    angle: float = 0.0


class Mark(enum.IntEnum):
    """How a track knows its box on a frame."""

    DETECTED = 0
    FOLLOWED = 1
    BRIDGED = 2
    HELD = 3


class Reason(enum.StrEnum):
    """Why a span is doubtful."""

    WEAK = "weak"
    LOST = "lost"
    WEEDED = "weeded"
    DARK = "dark"
    RESIDUAL = "residual"
    STALE = "stale"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Reason.WEAK: "covered, but the scan was never sure that this is a face",
    Reason.LOST: "the face went out of sight here and the cover is a guess",
    Reason.WEEDED: "not covered: it looked like a face once, and not on a second look",
    Reason.DARK: "too dark to be sure that every face was found",
    Reason.RESIDUAL: "the audit saw a face in the covered clip here",
    Reason.STALE: "a decision made here fits no face of this scan; it keeps nothing clear",
}


@dataclass(frozen=True, slots=True)
class Track:
    """One face through time: a box for every frame of [start, end), without holes.

    `boxes` is (n, 5) float32, `marks` (n,) uint8 of `Mark`, `scores` (n,) float32, zero on
    frames where no detector saw the face. `source` tells who made it: "scan", "audit", "edit" (a
    face that a person wants covered), "person" (drawn by a person) or "dark" (all of a picture
    that is black to the eye). The last two are covered exactly as their boxes are.
    """

    id: int
    start: int
    boxes: Boxes
    marks: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32]
    source: str = "scan"

    def __post_init__(self) -> None:
        n = len(self.marks)
        if n == 0 or self.boxes.shape != (n, 5) or self.scores.shape != (n,) or self.start < 0:
            raise ValueError(
                f"track {self.id}: columns disagree: boxes {self.boxes.shape}, marks {n}, "
                f"scores {self.scores.shape}, start {self.start}"
            )
        if not np.isfinite(self.boxes).all() or (self.boxes[:, 2:4] <= 0).any():
            raise ValueError(f"track {self.id}: a box is not finite or has no size")

    @classmethod
    def unseen(cls, new_id: int, start: int, boxes: Boxes, source: str) -> Self:
        """A track that no detector saw."""
        n = len(boxes)
        marks, scores = np.full(n, Mark.HELD, np.uint8), np.zeros(n, np.float32)
        return cls(new_id, start, boxes, marks, scores, source)

    @property
    def end(self) -> int:
        """One past the last frame."""
        return self.start + len(self.marks)

    @property
    def is_face(self) -> bool:
        """Whether the boxes are those of a face, and not what is to be covered itself."""
        return self.source not in ("person", "dark")

    def box(self, frame: int) -> Box | None:
        """The box on `frame`, or None outside the track."""
        if not self.start <= frame < self.end:
            return None
        return Box(*self.boxes[frame - self.start].tolist())

    def sightings(self) -> npt.NDArray[np.intp]:
        """Frame indices on which a detector saw the face, ascending."""
        return np.flatnonzero(self.marks == Mark.DETECTED) + self.start


class Doubt(Struct, frozen=True, kw_only=True):
    """Frames [start, end) that a person should look at; a larger `weight` is worse.

    `box` shows where, on frame `start`; `track` is None when nothing is covered there.
    """

    start: int
    end: int
    reason: Reason
    weight: float
    track: int | None = None
    box: Box | None = None


class Fingerprint(Struct, frozen=True):
    """What tells one clip's content from another's: size and SHA-256 of sampled blocks."""

    size: int
    sampled: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The saved record of a clip's scan.

    `cuts` holds the first frame of every shot but the first, ascending. `pts` holds one
    strictly increasing timestamp per frame in units of `time_base` seconds.
    `scan_digest` is the hash of the scan settings and weights that made the plan.
    """

    fingerprint: Fingerprint
    width: int
    height: int
    time_base: Fraction
    pts: tuple[int, ...]
    cuts: tuple[int, ...] = ()
    tracks: tuple[Track, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    scan_digest: str = ""
    notes: tuple[str, ...] = ()
    version: int = PLAN_VERSION

    @property
    def frames(self) -> int:
        return len(self.pts)

    def seconds(self, frame: int) -> float:
        """Time of a frame since the first one; `frame` may be one past the last."""
        if frame < len(self.pts):
            return float((self.pts[frame] - self.pts[0]) * self.time_base)
        step = self.pts[-1] - self.pts[-2] if len(self.pts) > 1 else 0
        return float((self.pts[-1] + step - self.pts[0]) * self.time_base)

    def shots(self) -> Iterator[tuple[int, int]]:
        """Shots as [start, end) frame ranges that together are the whole clip."""
        yield from itertools.pairwise([0, *self.cuts, self.frames])

    def doubt_seconds(self) -> float:
        """Seconds of the clip that lie in at least one doubt."""
        doubtful = np.zeros(self.frames + 1, bool)
        for doubt in self.doubts:
            doubtful[doubt.start : doubt.end] = True
        frames = np.flatnonzero(doubtful[:-1]).tolist()
        return sum((self.seconds(i + 1) - self.seconds(i) for i in frames), 0.0)

    def with_tracks(self, tracks: Sequence[Track], doubts: Sequence[Doubt]) -> Plan:
        return replace(self, tracks=tuple(tracks), doubts=tuple(doubts))


class Decision(enum.StrEnum):
    COVER = "cover"
    KEEP = "keep"


class Keyframe(NamedTuple):
    frame: int
    box: Box


def _check_path(path: tuple[Keyframe, ...]) -> None:
    frames = [key.frame for key in path]
    if frames[0] < 0 or any(b <= a for a, b in itertools.pairwise(frames)):
        raise ValueError(f"keyframes must ascend from 0, found {frames}")
    boxes = np.array([key.box for key in path])
    if not np.isfinite(boxes).all() or (boxes[:, 2:4] <= 0).any():
        raise ValueError("a keyframe's box is not finite or has no size")


class TrackEdit(Struct, frozen=True, kw_only=True):
    """What a person decided about one face over a span of frames, and why.

    A decision binds to the face and not to a track's id, since a new scan numbers tracks anew:
    `path` is where the face was when the person decided, interpolated between its keyframes.
    The decision holds from the first keyframe to the last and on no other frame.
    """

    decision: Decision
    path: Annotated[tuple[Keyframe, ...], Meta(min_length=1)]
    reason: str = ""

    def __post_init__(self) -> None:
        _check_path(self.path)


class RegionEdit(Struct, frozen=True, kw_only=True):
    """A region that a person drew: covered from the first keyframe to the last, interpolated."""

    id: int
    keyframes: Annotated[tuple[Keyframe, ...], Meta(min_length=1)]
    reason: str = ""

    def __post_init__(self) -> None:
        _check_path(self.keyframes)


class Edits(Struct, frozen=True, kw_only=True):
    """What a person decided on top of a plan. A file of its own: a scan never destroys it.

    `splits` are frames at which a track, found by its box there, goes on as another face.
    """

    fingerprint: Fingerprint
    splits: tuple[Keyframe, ...] = ()
    tracks: tuple[TrackEdit, ...] = ()
    regions: tuple[RegionEdit, ...] = ()
    version: int = EDITS_VERSION


class _Run(NamedTuple):
    mark: str
    frames: int


class _TrackRecord(Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    start: int
    source: str
    marks: list[_Run]
    boxes: list[tuple[float, float, float, float, float]]
    scores: list[float]


class _PlanRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A plan as it stands in JSON: marks as runs, pts as steps, boxes in tenths of a pixel."""

    version: int
    fingerprint: Fingerprint
    width: int
    height: int
    time_base: tuple[int, int]
    first_pts: int
    pts_steps: list[tuple[int, int]]
    cuts: list[int]
    tracks: list[_TrackRecord]
    doubts: list[Doubt]
    scan_digest: str
    notes: list[str] = []


class _Versioned(Struct):
    version: int


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan as JSON, mode 0600, whole or not at all."""
    record = _PlanRecord(
        version=plan.version,
        fingerprint=plan.fingerprint,
        width=plan.width,
        height=plan.height,
        time_base=(plan.time_base.numerator, plan.time_base.denominator),
        first_pts=plan.pts[0] if plan.pts else 0,
        pts_steps=_run_lengths(np.diff(np.array(plan.pts, np.int64)).tolist()),
        cuts=list(plan.cuts),
        tracks=[_track_record(t) for t in plan.tracks],
        doubts=list(plan.doubts),
        scan_digest=plan.scan_digest,
        notes=list(plan.notes),
    )
    write_private(path, msgspec.json.encode(record))


def load_plan(path: Path) -> Plan:
    """Read a plan; raises PlanMismatch when it is damaged or of another version."""
    record = _load(path, _PlanRecord, PLAN_VERSION)
    steps = [step for step, count in record.pts_steps for _ in range(count)]
    pts = np.cumsum([record.first_pts, *steps]).tolist()
    try:
        return Plan(
            fingerprint=record.fingerprint,
            width=record.width,
            height=record.height,
            time_base=Fraction(*record.time_base),
            pts=tuple(pts),
            cuts=tuple(record.cuts),
            tracks=tuple(_track(t) for t in record.tracks),
            doubts=tuple(record.doubts),
            scan_digest=record.scan_digest,
            notes=tuple(record.notes),
        )
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise PlanMismatch(f"damaged plan: {error}", subject=path.name) from error


def save_edits(edits: Edits, path: Path) -> None:
    """Write the edits as JSON, mode 0600, whole or not at all."""
    write_private(path, msgspec.json.format(msgspec.json.encode(edits), indent=1))


def load_edits(path: Path) -> Edits:
    """Read edits; raises PlanMismatch when they are damaged or of another version."""
    return _load(path, Edits, EDITS_VERSION)


def _load(path: Path, kind: type[T], version: int) -> T:
    try:
        raw = path.read_bytes()
        found = msgspec.json.decode(raw, type=_Versioned).version
        if found != version:
            raise PlanMismatch(
                f"is of version {found}, this blur reads version {version}", subject=path.name
            )
        return msgspec.json.decode(raw, type=kind)
    except OSError as error:
        raise PlanMismatch(f"cannot be read: {error.strerror}", subject=path.name) from error
    except msgspec.DecodeError as error:
        raise PlanMismatch(f"damaged: {error}", subject=path.name) from error


def write_private(path: Path, content: bytes) -> None:
    """Write a work file, mode 0600, through a temporary name in the same folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(error, path.name) from error


def _run_lengths(values: Sequence[Any]) -> list[tuple[Any, int]]:
    runs: list[tuple[Any, int]] = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1] + 1)
        else:
            runs.append((value, 1))
    return runs


def _track_record(track: Track) -> _TrackRecord:
    rows = track.boxes.astype(float).round(1)
    rows[:, 2:4] = rows[:, 2:4].clip(min=0.1)  # what has a size keeps one
    return _TrackRecord(
        id=track.id,
        start=track.start,
        source=track.source,
        marks=[_Run(Mark(m).name.lower(), n) for m, n in _run_lengths(track.marks.tolist())],
        boxes=[tuple(row) for row in rows.tolist()],
        scores=track.scores.astype(float).round(3).tolist(),
    )


def _track(record: _TrackRecord) -> Track:
    marks = np.array([Mark[run.mark.upper()] for run in record.marks], np.uint8)
    return Track(
        id=record.id,
        start=record.start,
        source=record.source,
        boxes=np.array(record.boxes, np.float32).reshape(-1, 5),
        marks=np.repeat(marks, [run.frames for run in record.marks]),
        scores=np.array(record.scores, np.float32),
    )
