#!/usr/bin/env python3
"""Catches of the audit: covers are taken out of plans of footage with known faces.

    python tests/bench/audit.py                      3 whole faces a clip, then 3 single frames
    python tests/bench/audit.py --plant 30 --only pan mask --kind frame
    python tests/bench/audit.py --videos FOLDER      residual faces of whole plans, without truth

A planted exposure is a face, at least 40 pixels wide, that loses its cover: on one run of frames
where frames are cut out of its tracks, on all its frames where its tracks are. Frames count on
which the whole plan covers the face and the planted plan does not. An exposure is caught when the
first audit reports a face there, and mended when the last render covers it on every frame. Times
are wall time: compare them only when nothing else runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import paths
from msgspec.structs import replace
from score import EXPOSED, Raster
from truth import CLEAR, Case, cases

from blur.audit.audit import audit
from blur.corridor import cover_clip
from blur.cover.region import Covers
from blur.data.findings import Audit, Residual
from blur.data.plan import Plan, Track
from blur.errors import ResidualFace
from blur.render.render import render
from blur.scan.scan import scan
from blur.settings import AuditMode, AuditSettings, OutputSettings, Settings
from blur.store.plans import load_plan, save_plan

WIDE = 40
"""Pixels, width from which a planted face must be caught."""

HITS = 0.3
"""Share of a track's frames on a face from which the track is the face's."""


@dataclass(frozen=True)
class Exposure:
    """A face, the frames on which it lost its cover, and its largest width there, pixels."""

    face: int
    frames: tuple[int, ...]
    width: int


@dataclass
class Row:
    """Figures of a clip and a kind of planting."""

    clip: str
    kind: str
    exposures: int
    caught: int
    mended: int
    missed: list[Exposure]
    false: int
    scan_s: float
    render_s: float
    audit_s: float
    looked: int
    closeups: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", nargs="+", default=["track", "frame"], choices=["track", "frame"])
    parser.add_argument(
        "--plant", type=int, default=3, help="faces or frames that lose their cover"
    )
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="NAME", help="cases whose name begins so"
    )
    parser.add_argument("--every", type=int, default=AuditSettings().audit_every)
    parser.add_argument("--rounds", type=int, default=2, help="of mending; 0 only looks")
    parser.add_argument("--preset", help="of the encoder; a fast one if only the catch counts")
    parser.add_argument("--plans", type=Path, help="folder of plans kept between calls")
    parser.add_argument("--videos", type=Path, help="cover and audit this folder's clips")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    settings = Settings(
        audit=AuditSettings(
            audit=AuditMode.FIX if given.rounds else AuditMode.REPORT,
            audit_every=given.every,
            audit_rounds=given.rounds,
        ),
        output=OutputSettings(preset=given.preset),
    )
    if given.videos is not None:
        plain(given.videos, settings, tuple(given.only), given.plans)
        return
    chosen = [c for c in cases(paths.CLIPS) if c.name.startswith(tuple(given.only))]
    if not chosen:
        parser.error(f"no footage with known faces in {paths.CLIPS}")
    rows = []
    for kind in given.kind:
        for case in chosen:
            plan, seconds = planned(case.file(), settings, given.plans)
            rows.append(row := planted(case, plan, kind, given.plant, settings))
            row.scan_s = seconds
            print(line(row), flush=True)
            for exposure in row.missed:
                print(f"    missed: {exposure}", flush=True)
    for kind in given.kind:
        print(line(total([r for r in rows if r.kind == kind], kind)))
    if given.json is not None:
        given.json.write_text(json.dumps([dataclasses.asdict(r) for r in rows], indent=1))


def planned(clip: Path, settings: Settings, folder: Path | None) -> tuple[Plan, float]:
    """The clip's plan, from `folder` if kept there, and the seconds that a scan took."""
    kept = folder / f"{clip.stem}.json" if folder else None
    if kept is not None and kept.exists():
        return load_plan(kept), 0.0
    started = time.perf_counter()
    plan = scan(clip, settings.scan)
    if kept is not None:
        save_plan(plan, kept)
    return plan, time.perf_counter() - started


def planted(case: Case, plan: Plan, kind: str, count: int, settings: Settings) -> Row:
    """Take covers out of `plan`, render, audit and mend; figures of the exposures."""
    chance = random.Random(f"{case.name} {kind} {count}")
    holed = (without_faces if kind == "track" else without_frames)(case, plan, count, chance)
    exposures = new_exposures(case, plan, holed, settings, runs=kind == "frame")
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        out = Path(folder) / f"{case.name}.mp4"
        grown = [holed]
        audits: list[Audit] = []
        times = {"render": 0.0, "audit": 0.0}
        started = time.perf_counter()
        try:
            done = cover_clip(case.file(), holed, out, settings, keep=grown.append)
            audits = list(done.audits)
            times["audit"] = audits[0].seconds
            times["render"] = done.rendered.seconds
        except ResidualFace as error:
            print(f"    {error}", flush=True)
            render(case.file(), holed, out, settings)
            times["render"] = time.perf_counter() - started
            audits = [audit(out, holed, settings)]
    first = audits[0].residuals
    caught = [e for e in exposures if any(on(case, e, r) for r in first)]
    left = new_exposures(case, plan, grown[-1], settings, runs=False, wide=0)
    bare = {(e.face, frame) for e in left for frame in e.frames}
    mended = [e for e in caught if not any((e.face, frame) in bare for frame in e.frames)]
    false = [r for r in first if not any(f.holds(r.box.cx, r.box.cy) for f in case.faces[r.frame])]
    return Row(
        case.name,
        kind,
        len(exposures),
        len(caught),
        len(mended),
        [e for e in exposures if e not in caught],
        len(false),
        0.0,
        times["render"],
        times["audit"],
        audits[0].looked,
        audits[0].closeups,
    )


def on(case: Case, exposure: Exposure, found: Residual) -> bool:
    """Whether a residual face is the exposed face, on one of the exposure's frames."""
    if found.frame not in exposure.frames:
        return False
    x, y = found.box.cx, found.box.cy
    return any(f.id == exposure.face and f.holds(x, y) for f in case.faces[found.frame])


def tracks_on(case: Case, plan: Plan, face: int) -> list[Track]:
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


def wide_faces(case: Case) -> list[int]:
    """Clear faces at least `WIDE` on some frame."""
    return sorted(
        {f.id for faces in case.faces for f in faces if f.kind == CLEAR and 2 * f.a >= WIDE}
    )


def without_faces(case: Case, plan: Plan, count: int, chance: random.Random) -> Plan:
    """The plan without all tracks of `count` faces."""
    faces = wide_faces(case)
    gone = {
        t.id for f in chance.sample(faces, min(count, len(faces))) for t in tracks_on(case, plan, f)
    }
    return plan.with_tracks([t for t in plan.tracks if t.id not in gone], plan.doubts)


def without_frames(case: Case, plan: Plan, count: int, chance: random.Random) -> Plan:
    """The plan with `count` single frames cut out of faces' tracks."""
    holes: dict[int, set[int]] = {}
    spots = [
        (face, frame)
        for face in wide_faces(case)
        for frame, here in enumerate(case.faces)
        if any(f.id == face for f in here)
    ]
    for face, frame in chance.sample(spots, min(count, len(spots))):
        for track in tracks_on(case, plan, face):
            holes.setdefault(track.id, set()).add(frame)
    ids = iter(range(10**6, 2 * 10**6))
    tracks = [part for t in plan.tracks for part in cut(t, holes.get(t.id, set()), ids)]
    return plan.with_tracks(tracks, plan.doubts)


def cut(track: Track, holes: set[int], ids: Iterator[int]) -> Iterator[Track]:
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


def new_exposures(
    case: Case, whole: Plan, holed: Plan, settings: Settings, *, runs: bool, wide: int = WIDE
) -> list[Exposure]:
    """Faces that `whole` covers and `holed` does not; with `runs`, one for each run of frames."""
    raster = Raster(whole.width, whole.height)
    covers = [
        Covers(p.tracks, p.shots(), settings.cover, p.width, p.height) for p in (whole, holed)
    ]
    bare: dict[int, dict[int, int]] = {}
    for frame, faces in enumerate(case.faces[: whole.frames]):
        masks = [raster.covered(c.at(frame)) for c in covers]
        for face in faces:
            before, after = (raster.uncovered(face, mask) for mask in masks)
            if face.kind != CLEAR or before is None or after is None:
                continue
            if before <= EXPOSED < after:
                bare.setdefault(face.id, {})[frame] = round(2 * face.a)
    exposures = [
        Exposure(face, tuple(part), max(widths[f] for f in part))
        for face, widths in bare.items()
        for part in (runs_of(list(widths)) if runs else [list(widths)])
    ]
    return [e for e in exposures if e.width >= wide]


def runs_of(frames: Sequence[int]) -> Iterator[list[int]]:
    """Ascending frames, parted at gaps."""
    breaks = [k for k in range(1, len(frames)) if frames[k] != frames[k - 1] + 1]
    for start, end in itertools.pairwise([0, *breaks, len(frames)]):
        yield list(frames[start:end])


def plain(folder: Path, settings: Settings, only: tuple[str, ...], plans: Path | None) -> None:
    """Cover the clips of a folder and print their residual faces."""
    settings = replace(settings, audit=replace(settings.audit, audit=AuditMode.REPORT))
    minutes = 0.0
    for clip in sorted(p for p in folder.rglob("*") if p.is_file() and p.name.startswith(only)):
        plan, scan_s = planned(clip, settings, plans)
        with tempfile.TemporaryDirectory(prefix="blur-bench-") as work:
            out = Path(work) / f"{clip.stem}.mp4"
            done = cover_clip(clip, plan, out, settings)
        minutes += plan.seconds(plan.frames) / 60
        audit = done.audits[0]
        print(
            f"{clip.name:40}{plan.frames:6} frames  scan {scan_s:6.1f} s  render"
            f" {done.rendered.seconds:6.1f} s  audit {audit.seconds:6.1f} s"
            f"  {len(audit.residuals):3} seen",
            flush=True,
        )
        for r in audit.residuals:
            print(
                f"    frame {r.frame} {[round(v) for v in r.box]} {r.sure} {r.seen_by}", flush=True
            )
    print(f"{minutes:.2f} minutes")


def total(rows: Sequence[Row], kind: str) -> Row:
    sums = [sum(getattr(r, f.name) for r in rows) for f in dataclasses.fields(Row)[2:5]]
    rest = [sum(getattr(r, f.name) for r in rows) for f in dataclasses.fields(Row)[6:]]
    return Row("all", kind, *sums, [], *rest)


def line(row: Row) -> str:
    return (
        f"{row.clip:14}{row.kind:6} exposures {row.exposures:4}  caught {row.caught:4}"
        f"  mended {row.mended:4}  false {row.false:3}  scan {row.scan_s:6.1f} s"
        f"  render {row.render_s:6.1f} s  audit {row.audit_s:6.1f} s"
        f"  ({row.looked} frames, {row.closeups} close-ups)"
    )


if __name__ == "__main__":
    main()
