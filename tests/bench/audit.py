#!/usr/bin/env python3
"""Catches of the audit: covers are taken out of plans of footage with known faces.

    python tests/bench/audit.py                      whole faces of each clip, then runs of frames
    python tests/bench/audit.py --plant 33 --only pan mask --kind run
    python tests/bench/audit.py --kind brief --brief FOLDER   brief.py's clips, without any cover
    python tests/bench/audit.py --videos FOLDER      residual faces of whole plans, without truth

A planted exposure is a face that loses its cover: on a run of 1 to 11 frames where frames are cut
out of its tracks, on all its frames where its tracks are. Frames count on which the whole plan
covers the face and the planted plan does not. An exposure is caught when the first audit reports a
face there: on sight, or without --sight because the covers have a gap. It is mended when the last
render covers it on every frame. Times are wall time: compare them only when nothing else runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import paths
from msgspec.structs import replace
from planting import BRIEF, Exposure, bare_plan, exposures, without_faces, without_runs
from truth import Case, cases

import blur.audit.audit
from blur.audit.audit import audit
from blur.corridor import cover_clip
from blur.data.findings import Audit
from blur.data.plan import Plan
from blur.errors import ResidualFace
from blur.render.render import render
from blur.scan.scan import scan
from blur.settings import AuditMode, AuditSettings, OutputSettings, Settings
from blur.store.plans import load_plan, save_plan

WIDTHS = (32, 48, 96)
"""Pixels, bounds of the widths that the tables tell apart."""


@dataclass(frozen=True)
class Planted:
    """An exposure, and whether the audit caught it."""

    exposure: Exposure
    caught: bool


@dataclass
class Row:
    """Figures of a clip and a kind of planting."""

    clip: str
    kind: str
    planted: list[Planted]
    mended: int
    false: int
    frames: int
    scan_s: float
    render_s: float
    audit_s: float
    looked: int
    closeups: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = ["track", "run", "brief"]
    parser.add_argument("--kind", nargs="+", default=kinds[:2], choices=kinds)
    parser.add_argument("--plant", type=int, default=11, help="faces or runs that lose their cover")
    parser.add_argument("--wide", type=int, default=40, help="pixels of the narrowest face")
    parser.add_argument("--brief", type=Path, help="folder of clips with brief appearances")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="NAME", help="cases whose name begins so"
    )
    parser.add_argument("--sight", action="store_true", help="count no face that no look sees")
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
    if given.sight:
        blur.audit.audit.gaps = lambda *_: iter(())
    if given.videos is not None:
        plain(given.videos, settings, tuple(given.only), given.plans)
        return
    rows = []
    for kind in given.kind:
        folder = given.brief if kind == "brief" else paths.CLIPS
        chosen = [c for c in cases(folder) if c.name.startswith(tuple(given.only))]
        if not chosen:
            parser.error(f"no footage with known faces in {folder}")
        for case in chosen:
            plan, seconds = (
                (bare_plan(case), 0.0)
                if kind == "brief"
                else planned(case.file(), settings, given.plans)
            )
            rows.append(row := planted(case, plan, kind, given.plant, given.wide, settings))
            row.scan_s = seconds
            print(line(row), flush=True)
            for one in row.planted:
                if not one.caught:
                    print(f"    missed: {one.exposure}", flush=True)
    for kind in given.kind:
        print(line(total([r for r in rows if r.kind == kind], kind)))
    by_frames([one for row in rows if row.kind != "track" for one in row.planted])
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


def planted(case: Case, plan: Plan, kind: str, count: int, wide: int, settings: Settings) -> Row:
    """Take covers out of `plan`, render, audit and mend; figures of the exposures."""
    chance = random.Random(f"{case.name} {kind} {count}")
    holed, whole = plan, plan if kind != "brief" else None
    if kind != "brief":
        take = without_faces if kind == "track" else without_runs
        holed = take(case, plan, count, chance, wide)
    there = exposures(case, whole, holed, settings.cover, runs=kind != "track", wide=wide)
    if kind != "track":
        there = [e for e in there if len(e.frames) <= BRIEF]
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        out = Path(folder) / f"{case.name}.mp4"
        grown = [holed]
        audits: list[Audit] = []
        times = {"render": 0.0, "audit": 0.0}
        started = time.perf_counter()
        try:
            done = cover_clip(
                case.file(), holed, out, settings, keep=lambda plan: grown.append(plan) or plan
            )
            audits = list(done.audits)
            times["audit"] = audits[0].seconds
            times["render"] = done.rendered.seconds
        except ResidualFace as error:
            print(f"    {error}", flush=True)
            render(case.file(), holed, out, settings)
            times["render"] = time.perf_counter() - started
            audits = [audit(out, holed, settings)]
            times["audit"] = audits[0].seconds
    first = audits[0].residuals
    found = []
    for exposure in there:
        found.append(Planted(exposure, any(exposure.met_by(case, r) for r in first)))
    left = exposures(case, whole, grown[-1], settings.cover, runs=False, wide=0)
    bare = {(e.face, frame) for e in left for frame in e.frames}
    mended = [
        one
        for one in found
        if one.caught and not any((one.exposure.face, f) in bare for f in one.exposure.frames)
    ]
    false = [r for r in first if not any(f.holds(r.box.cx, r.box.cy) for f in case.faces[r.frame])]
    return Row(
        case.name,
        kind,
        found,
        len(mended),
        len(false),
        plan.frames,
        0.0,
        times["render"],
        times["audit"],
        audits[0].looked,
        audits[0].closeups,
    )


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


def by_frames(found: Sequence[Planted]) -> None:
    """Print the exposures caught, by frames exposed, width and turn."""
    counts = sorted({len(one.exposure.frames) for one in found})
    print(f"\n{'caught / planted':20}" + "".join(f"{f'{k} frames':>10}" for k in counts))
    groups: list[tuple[str, Callable[[Exposure], bool]]] = [
        *(
            (f"{low}-{high - 1} px", lambda e, low=low, high=high: low <= e.width < high)
            for low, high in zip((0, *WIDTHS), (*WIDTHS, 10_000), strict=True)
        ),
        ("upright", lambda e: e.turn < 45),
        ("turned", lambda e: e.turn >= 45),
        ("all", lambda e: True),
    ]
    for name, holds in groups:
        texts = []
        for k in [[k] for k in counts] + [counts]:
            here = [o for o in found if len(o.exposure.frames) in k and holds(o.exposure)]
            caught = sum(o.caught for o in here)
            texts.append(f"{caught}/{len(here)}" if here else "-")
        print(f"{name:20}" + "".join(f"{text:>10}" for text in texts))


def total(rows: Sequence[Row], kind: str) -> Row:
    every = [one for row in rows for one in row.planted]
    numbers = [f.name for f in dataclasses.fields(Row)[3:]]
    return Row("all", kind, every, *(sum(getattr(r, name) for r in rows) for name in numbers))


def line(row: Row) -> str:
    caught = sum(one.caught for one in row.planted)
    return (
        f"{row.clip:40} {row.kind:6} exposures {len(row.planted):4}  caught {caught:4}"
        f"  mended {row.mended:4}  false {row.false:3}  scan {row.scan_s:6.1f} s"
        f"  render {row.render_s / row.frames * 1e3:5.1f} ms  audit"
        f" {row.audit_s / row.frames * 1e3:5.1f} ms"
        f"  ({row.frames} frames, {row.looked} looked at, {row.closeups} close-ups)"
    )


if __name__ == "__main__":
    main()
