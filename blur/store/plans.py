"""Plans and edits as JSON files in the work folder."""

from __future__ import annotations

import codecs
import contextlib
import gc
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from blur.data.boxes import wrapped
from blur.data.edits import EDITS_VERSION, Edits
from blur.data.plan import PLAN_VERSION, Box, Boxes, Doubt, Fingerprint, Keyframe, Mark, Plan, Track
from blur.data.ready import ready
from blur.disk import atomic
from blur.errors import PlanMismatch

T = TypeVar("T", "_PlanRecord", Edits)


class _Run(NamedTuple):
    mark: str
    frames: int


class _TrackRecord(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    id: int
    start: int
    source: str
    marks: list[_Run]
    boxes: list[tuple[float, float, float, float, float]]
    scores: list[float]
    chain: int | None = None


class _PlanRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A plan in JSON: marks as runs, pts as steps in runs, boxes in whole pixels and degrees."""

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
    atomic.write(path, encoded(plan))


def as_saved(plan: Plan) -> Plan:
    """The plan as `load_plan` would give it back: boxes in whole pixels and degrees."""
    return _plan(_record(plan))


def load_plan(path: Path) -> Plan:
    """Read a plan; raises PlanMismatch when it is damaged or of another version."""
    with _uncollected():
        record = _load(path, _PlanRecord, PLAN_VERSION, absent="was not scanned yet")
        try:
            return _plan(record)
        except (ValueError, ZeroDivisionError, KeyError) as error:
            raise PlanMismatch(f"damaged plan: {error}", subject=path.name) from error


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: a plan's million numbers have none, and it goes through them
    again and again, for a third of the time that two hours of clip take to read."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def encoded(plan: Plan) -> bytes:
    """The plan as JSON, as its file holds it."""
    return msgspec.json.encode(_record(plan))


def _record(plan: Plan) -> _PlanRecord:
    return _PlanRecord(
        version=plan.version,
        fingerprint=plan.fingerprint,
        width=plan.width,
        height=plan.height,
        time_base=(plan.time_base.numerator, plan.time_base.denominator),
        first_pts=plan.pts[0] if plan.pts else 0,
        pts_steps=_run_lengths(np.diff(np.array(plan.pts, np.int64)).tolist()),
        cuts=list(plan.cuts),
        tracks=[_track_record(t) for t in plan.tracks],
        doubts=[_coarse_path(doubt) for doubt in plan.doubts],
        scan_digest=plan.scan_digest,
        notes=list(plan.notes),
    )


def _plan(record: _PlanRecord) -> Plan:
    """Raises ValueError, ZeroDivisionError or KeyError for a record that is no plan's."""
    steps = [step for step, count in record.pts_steps for _ in range(count)]
    return Plan(
        fingerprint=record.fingerprint,
        width=record.width,
        height=record.height,
        time_base=Fraction(*record.time_base),
        pts=tuple(np.cumsum([record.first_pts, *steps]).tolist()),
        cuts=tuple(record.cuts),
        tracks=tuple(_track(t) for t in record.tracks),
        doubts=tuple(record.doubts),
        scan_digest=record.scan_digest,
        notes=tuple(record.notes),
    )


def save_edits(edits: Edits, path: Path) -> None:
    """Write the edits as JSON, mode 0600, whole or not at all."""
    atomic.write(path, msgspec.json.format(msgspec.json.encode(edits), indent=1))


def load_edits(path: Path) -> Edits:
    """Read edits; raises PlanMismatch when they are damaged or of another version."""
    return _load(path, Edits, EDITS_VERSION)


def _load(path: Path, kind: type[T], version: int, absent: str = "") -> T:
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)  # Windows' editors add it
    except OSError as error:
        problem = absent if isinstance(error, FileNotFoundError) else ""
        problem = problem or f"cannot be read: {error.strerror}"
        raise PlanMismatch(problem, subject=path.name) from error
    found: int | None
    try:
        made = msgspec.json.decode(raw, type=kind)
        found = made.version
    except msgspec.DecodeError as error:
        found = _version(raw)
        if found in (None, version):
            raise PlanMismatch(f"damaged: {error}", subject=path.name) from error
    if found != version:
        raise PlanMismatch(
            f"is of version {found}, this blur reads version {version}", subject=path.name
        )
    return made


def _version(raw: bytes) -> int | None:
    """The version that a file tells, if it tells any: asked only where it cannot be read, for a
    plan of hours takes half a second to go through."""
    try:
        return msgspec.json.decode(raw, type=_Versioned).version
    except msgspec.DecodeError:
        return None


def _run_lengths(values: Sequence[Any]) -> list[tuple[Any, int]]:
    runs: list[tuple[Any, int]] = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1] + 1)
        else:
            runs.append((value, 1))
    return runs


def coarse(boxes: Boxes) -> npt.NDArray[np.float64]:
    """(n, 5) boxes in whole pixels and degrees, each around the box that it stands for.

    Covers need no more, and finer steps would tell how a head moves with its pulse and gait.
    Boxes in whole pixels stay as they are.
    """
    fine = boxes.astype(np.float64).round(3)  # float32 is no finer at the edge of 8K pictures
    rows = fine.round()
    moved = np.abs(rows[:, :2] - fine[:, :2])
    rows[:, 2:4] = np.ceil(fine[:, 2:4] + 2 * moved).clip(min=1)
    rows[:, 4] = wrapped(rows[:, 4])
    return rows


def _coarse_path(doubt: Doubt) -> Doubt:
    if not doubt.path:
        return doubt
    rows = coarse(np.array([key.box for key in doubt.path], np.float32)).tolist()
    keys = zip(doubt.path, rows, strict=True)
    return replace(doubt, path=tuple(Keyframe(key.frame, Box(*row)) for key, row in keys))


def _track_record(track: Track) -> _TrackRecord:
    rows = coarse(track.boxes)
    return _TrackRecord(
        id=track.id,
        start=track.start,
        source=track.source,
        marks=[_Run(Mark(m).name.lower(), n) for m, n in _run_lengths(track.marks.tolist())],
        boxes=[tuple(row) for row in rows.tolist()],
        scores=track.scores.astype(float).round(3).tolist(),
        chain=track.chain,
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
        chain=record.chain,
    )


ready(_PlanRecord, Edits, _Versioned)
