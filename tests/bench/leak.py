#!/usr/bin/env python3
"""Leaks of the scan, and of whole outputs, on footage with known faces.

    python tests/bench/leak.py                       the scan on clips and sequences
    python tests/bench/leak.py --rendered            and the covered outputs, by the neutral judge
    python tests/bench/leak.py --stills              the scan on single pictures, by face size
    python tests/bench/leak.py FOLDER --only whip    other folders, some of their clips

A face is exposed on a frame when over 25 % of its ellipse is not covered, a person when exposed on
any frame. `over` is the share of the picture covered outside faces (grown 2.2 times), `false` its
part by tracks that are no face. Milliseconds a frame are wall time: compare them only when nothing
else runs, with --jobs 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import paths
from pictures import draw
from score import BEYOND, EXPOSED, Miss, Raster, Result, Tally, result
from tqdm import tqdm
from truth import Case, cases

from blur.cover.region import Covers
from blur.data.plan import Plan
from blur.render.render import render
from blur.scan.scan import scan
from blur.settings import Level, OutputSettings, ScanSettings, Settings

SEQUENCES = [paths.FACEDATA / f"seq_{name}" for name in ("david", "faceocc1", "jumping")]
MOVING = [paths.CLIPS, *SEQUENCES]
STILL = [paths.FACEDATA / name for name in ("wider_train", "masks", "dlib_faces")]

WIDTHS = (16, 24, 32, 48, 96)
"""Pixels, upper bounds of the face widths that the table of stills tells apart."""


@dataclasses.dataclass(frozen=True)
class Options:
    level: Level
    rendered: bool
    pictures: Path | None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="*", type=Path)
    parser.add_argument("--level", type=Level, default=Level.BALANCED, choices=list(Level))
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="NAME", help="cases whose name begins so"
    )
    parser.add_argument("--stills", action="store_true", help="single pictures, by face size")
    parser.add_argument("--rendered", action="store_true", help="judge the covered outputs too")
    parser.add_argument("--jobs", type=int, default=1, help="clips at once")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="pictures of the worst misses")
    given = parser.parse_args(arguments)
    if given.pictures is not None and given.pictures.resolve().is_relative_to(paths.ROOT):
        parser.error("--pictures shows real people's faces: name a folder outside the repository")
    folders = given.folders or [f for f in (STILL if given.stills else MOVING) if f.exists()]
    chosen = [c for f in folders for c in cases(f) if c.name.startswith(tuple(given.only))]
    if not chosen:
        where = ", ".join(map(str, folders)) or paths.SHARED
        parser.error(f"no footage with known faces in {where}")
    if given.rendered and not paths.JUDGE.exists():
        parser.error(f"no judge: {paths.JUDGE}")
    options = Options(given.level, given.rendered, given.pictures)
    record: dict[str, Any] = {"level": str(given.level)}
    if given.stills:
        record |= stills(chosen, options, given.jobs)
    else:
        record |= moving(chosen, options, given.jobs)
    if given.json is not None:
        given.json.write_text(json.dumps(record, indent=1, default=dataclasses.asdict))


# --- moving pictures ---------------------------------------------------------------------------


def moving(chosen: Sequence[Case], options: Options, jobs: int) -> dict[str, Any]:
    scanned: list[Result] = []
    judged: list[Result] = []
    for found, output in each(partial(measure, options), chosen, jobs):
        scanned.append(found)
        judged += [output] if output else []
    record: dict[str, Any] = {}
    for title, results in (("scan", scanned), ("rendered", judged)):
        if results:
            groups = {
                "clips": results,
                "conditions": list(grouped(results, lambda r: (r.folder, r.condition))),
                "overall": list(grouped(results, lambda r: (r.folder, "all"))),
            }
            table(f"{title}, level {options.level}", groups)
            record[title] = groups
    misses = sorted((m for r in scanned for m in r.misses), key=lambda m: (m.kind, -m.exposed))
    table_of_misses(misses)
    return record


def measure(options: Options, case: Case) -> tuple[Result, Result | None]:
    """Scan one case and score its plan; with `rendered`, judge its output too."""
    clip = case.file()
    settings = Settings(scan=ScanSettings(level=options.level), output=OutputSettings())
    started = time.perf_counter()
    plan = scan(clip, settings.scan)
    scanned = result(case, plan, settings.cover, per_frame(started, plan))
    if options.pictures is not None and scanned.misses:
        draw(case, plan, settings, scanned.misses, options.pictures)
    return scanned, judge(case, plan, settings) if options.rendered else None


def per_frame(started: float, plan: Plan) -> float:
    return (time.perf_counter() - started) / plan.frames * 1e3


def judge(case: Case, plan: Plan, settings: Settings) -> Result:
    """The neutral judge's score of the covered clip; `ms` is the time of rendering."""
    spec = importlib.util.spec_from_file_location("judge", paths.JUDGE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    truth = [[f.scaled(case.core).row() for f in faces] for faces in case.faces]
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        out = Path(folder) / f"{Path(case.name).stem}.mp4"
        started = time.perf_counter()
        render(case.file(), plan, out, settings)
        ms = per_frame(started, plan)
        said = module.score(str(case.file()), str(out), {"frames": truth})
    return Result(
        case.name,
        case.folder,
        case.condition,
        said["frames"],
        ms,
        clear=Tally(**said["clear"]),
        hard=Tally(**said["hard"]),
        over=said["overblur"],
    )


def grouped(
    results: Iterable[Result], key: Callable[[Result], tuple[str, str]]
) -> Iterator[Result]:
    """A result per group: sums of counts, means of areas over clips and of times over frames."""
    for (folder, name), group in itertools.groupby(sorted(results, key=key), key):
        members = list(group)
        frames = sum(r.frames for r in members)
        total = Result(name, folder, name, frames, sum(r.ms * r.frames for r in members) / frames)
        total.over = float(np.mean([r.over for r in members]))
        total.false = float(np.mean([r.false for r in members]))
        for member in members:
            total.clear.add(member.clear)
            total.hard.add(member.hard)
            total.tracks += member.tracks
            total.tracks_false += member.tracks_false
            total.doubts += member.doubts
        yield total


def table(title: str, groups: dict[str, list[Result]]) -> None:
    """Print results in groups; `false`, tracks and doubts only of a scan."""
    scan = title.startswith("scan")
    print(f"\n{title}\n{'':16}{'clear exposed':>22}{'people':>12}{'hard exposed':>22}", end="")
    print(f"{'over':>8}{'ms':>7}" + (f"{'false':>8}{'tracks':>8}{'false':>6}{'doubts':>7}" * scan))
    for group in groups.values():
        for r in group:
            name = f"{r.folder}: all" if r.clip == "all" else r.clip
            tail = f"{r.false:8.2%}{r.tracks:8}{r.tracks_false:6}{r.doubts:7}" * scan
            print(
                f"{name:16}{share(r.clear):>22}{r.clear.ids_exposed:>5} of {r.clear.ids:<3}"
                f"{share(r.hard):>22}{r.over:8.2%}{r.ms:7.1f}{tail}"
            )
        print()


def share(tally: Tally) -> str:
    if not tally.face_frames:
        return "-"
    return f"{tally.exposed} of {tally.face_frames} {tally.exposed / tally.face_frames:7.2%}"


def table_of_misses(misses: Sequence[Miss]) -> None:
    if not misses:
        print("no face is exposed")
        return
    print(f"{'misses':16}{'kind':>6}{'id':>6}{'size':>6}{'exposed':>12}", end="")
    print(f"{'frames':>10}{'worst':>13}  why")
    for m in misses:
        exposed, frames, worst = (
            f"{m.exposed} of {m.of}",
            f"{m.first}-{m.last}",
            f"{m.uncovered:.0%} at {m.worst}",
        )
        print(
            f"{m.clip:16}{m.kind:>6}{m.id:6}{m.size:6}{exposed:>12}{frames:>10}{worst:>13}  {m.why}"
        )


# --- stills ------------------------------------------------------------------------------------


def stills(chosen: Sequence[Case], options: Options, jobs: int) -> dict[str, Any]:
    counts: dict[tuple[str, str], list[int]] = {}
    over: dict[str, list[float]] = {}
    for case, (widths, covered, beyond) in zip(
        chosen, each(partial(protected, options), chosen, jobs), strict=True
    ):
        over.setdefault(case.folder, []).append(beyond)
        for width, safe in zip(widths, covered, strict=True):
            for column in (bucket(width), "all"):
                cell = counts.setdefault((case.folder, column), [0, 0])
                cell[0] += safe
                cell[1] += 1
    columns = [*(bucket(w - 1) for w in WIDTHS), bucket(WIDTHS[-1]), "all"]
    print(f"\nstills, level {options.level}: faces protected, by width in pixels")
    print(f"{'':12}" + "".join(f"{c:>20}" for c in columns) + f"{'over':>8}")
    for name, beyond in over.items():
        cells = [counts.get((name, c), [0, 0]) for c in columns]
        texts = [f"{safe} of {n} {safe / n:6.1%}" if n else "-" for safe, n in cells]
        print(f"{name:12}" + "".join(f"{t:>20}" for t in texts) + f"{np.mean(beyond):8.2%}")
    rows = {
        name: {c: counts.get((name, c), [0, 0]) for c in columns} | {"over": float(np.mean(beyond))}
        for name, beyond in over.items()
    }
    return {"stills": rows}


def protected(options: Options, case: Case) -> tuple[list[float], list[bool], float]:
    """Of a picture: the widths of its faces, whether each is covered, and the share of `over`."""
    plan = scan(case.file(), ScanSettings(level=options.level))
    faces = case.faces[0]
    raster = Raster(plan.width, plan.height)
    covers = Covers(plan.tracks, plan.shots(), Settings().cover, plan.width, plan.height)
    mask = raster.covered(covers.at(0))
    bare = [raster.uncovered(f, mask) or 0.0 for f in faces]
    beyond = float((mask & ~raster.faces(f.scaled(BEYOND) for f in faces)).mean())
    return [2 * f.a for f in faces], [b <= EXPOSED for b in bare], beyond


def bucket(width: float) -> str:
    lower = 0
    for upper in WIDTHS:
        if width < upper:
            return f"{lower}-{upper}" if lower else f"<{upper}"
        lower = upper
    return f">={lower}"


# --- both --------------------------------------------------------------------------------------


def each(work: Callable[[Case], Any], chosen: Sequence[Case], jobs: int) -> Iterator[Any]:
    with ExitStack() as stack:
        if jobs > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(jobs))
            results = pool.imap(work, chosen)
        else:
            results = map(work, chosen)
        yield from tqdm(results, total=len(chosen), file=sys.stderr)


if __name__ == "__main__":
    main()
