#!/usr/bin/env python3
"""Plans of two source trees compared on cached first passes: minutes instead of hours.

    PYTHONPATH=TREE python tests/bench/plans.py first SET          decode and detect, once a set
    PYTHONPATH=TREE python tests/bench/plans.py second SET TAG     plans from the cached first pass
    PYTHONPATH=TREE python tests/bench/plans.py covers SET TAG NEW plans of TAG, this tree's covers
    python tests/bench/plans.py score SET TAG                      clip by clip, and the sum
    python tests/bench/plans.py cmp SET TAG OTHER                  what differs

SET: `filmed` (clips with truth), `brief` (60 brief appearances), `masked` (70 crowds with masks),
`labelled` (real videos with labels: their faces by hand as truth), `nobody` (no people: every track
is false). `first` again, with another folder for `--kept`, where decoding or detectors change. A
tree is chosen by PYTHONPATH, and else is the bench's own. Columns are those of leak.py; `none` and
`unsure` those of excess.py, `shown` the seconds that may show a face. Kept files show people's
places and films: name no folder inside a repository.
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import paths

# In front of the bench's own tree.
sys.path[:0] = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]

import excess  # noqa: E402
from appearances import clips, save  # noqa: E402
from crowds import crowds  # noqa: E402
from score import Result, result  # noqa: E402
from truth import CLEAR, Case, Face, cases  # noqa: E402

from blur.data.plan import Plan  # noqa: E402
from blur.media.open.probe import probe  # noqa: E402
from blur.media.open.readers import open_reader  # noqa: E402
from blur.process.progress import silent  # noqa: E402
from blur.scan.scan import FirstPass, ScanJob, first_pass, scan  # noqa: E402
from blur.settings import CoverSettings, Level, ScanSettings  # noqa: E402
from blur.store.plans import load_plan, save_plan  # noqa: E402

BRIEF, MASKED = 60, 70
"""Films of these sets."""
_SHARES = ("over", "false", "none", "unsure")
_COUNTS = ("clear", "people", "hard", "tracks", "wrong", "shown")


# --- the sets ----------------------------------------------------------------------------------


def filmed(_: Path) -> Iterator[Case]:
    yield from cases(paths.CLIPS)


def brief(folder: Path) -> Iterator[Case]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for clip in islice(clips(0), BRIEF):
        save(clip, folder)
    yield from cases(folder)


def masked(folder: Path) -> Iterator[Case]:
    yield from crowds(folder, MASKED)


def labelled(_: Path) -> Iterator[Case]:
    """The labelled videos; faces of the labels, at every frame of their spans, as truth."""
    for name, labels in excess.LABELS.items():
        faces: dict[int, list[Face]] = {}
        for number, label in enumerate(labels["face"]):
            at = np.array(label, np.float64)
            for frame in range(int(at[0, 0]), int(at[-1, 0]) + 1):
                x, y, w, h = (float(np.interp(frame, at[:, 0], at[:, i])) for i in range(1, 5))
                faces.setdefault(frame, []).append(Face(number, CLEAR, x, y, w / 2, h / 2))
        rows = [faces.get(frame, []) for frame in range(max(faces, default=0) + 1)]
        yield Case("labelled", name.replace("/", "-"), name, paths.FACEDATA / "video" / name, rows)


def nobody(folder: Path) -> Iterator[Case]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number, (name, picture) in enumerate(excess.scenes()):
        if not (file := folder / f"{name}.mp4").exists():
            excess.film(picture, file, np.random.default_rng(number))
        yield Case("nobody", name, "nobody", file, [[]] * excess.FRAMES)


SETS: dict[str, Callable[[Path], Iterator[Case]]] = {
    made.__name__: made for made in (filmed, brief, masked, labelled, nobody)
}


# --- the passes --------------------------------------------------------------------------------


def first(case: Case, file: Path, level: Level) -> None:
    """The first pass of a clip, kept in `file` unless it is there."""
    if file.exists():
        return
    info, settings = probe(case.file()), ScanSettings(level=level)
    with open_reader(info.path, info) as reader:
        made = first_pass(ScanJob(info, settings, silent), reader)
        made.notes = reader.notes
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(pickle.dumps(made))
    part.replace(file)


def second(case: Case, file: Path, level: Level) -> Plan:
    """The plan of a clip from the first pass in `file`, made here and now."""
    made: FirstPass = pickle.loads(file.read_bytes())
    made.mixed = getattr(made, "mixed", ())  # kept ones may be older than that column
    return scan(case.file(), ScanSettings(level=level), first=made)


def scored(case: Case, plan: Plan, ms: float) -> dict[str, Any]:
    """The row of a plan against the truth; areas by hand labels where there are any."""
    found: Result = result(case, plan, CoverSettings(), ms)
    row = dataclasses.asdict(found) | {"none": 0.0, "unsure": 0.0}
    if case.condition in excess.LABELS:
        row["none"], row["unsure"], _ = excess.areas(plan, excess.LABELS[case.condition])
    row |= {"clear": found.clear.exposed, "hard": found.hard.exposed}
    row |= {"people": found.clear.ids_exposed, "wrong": found.tracks_false}
    return row | {"shown": plan.doubt_seconds()}


# --- tables ------------------------------------------------------------------------------------


def summed(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Sums of counts; shares over all time, each frame weighing the same."""
    frames = sum(row["frames"] for row in rows)
    shares = {n: sum(row[n] * row["frames"] for row in rows) / max(frames, 1) for n in _SHARES}
    return shares | {name: sum(row[name] for row in rows) for name in (*_COUNTS, "ms")}


def heading() -> None:
    counts, shares = ("".join(f"{n:>9}" for n in names) for names in (_COUNTS, _SHARES))
    print(f"{'clip':44}{counts}{shares}")


def line(name: str, row: dict[str, Any]) -> None:
    counts = "".join(f"{row[n]:9.0f}" for n in _COUNTS)
    print(f"{name[:43]:44}{counts}" + "".join(f"{row[n]:9.3%}" for n in _SHARES))


def compare(rows: dict[str, dict[str, Any]], others: dict[str, dict[str, Any]]) -> None:
    """Clips of both whose rows differ, a line for each; newly exposed faces; both sums."""
    both = sorted(rows.keys() & others.keys())
    heading()
    for name in both:
        a, b = rows[name], others[name]
        if any(a[n] != b[n] for n in (*_COUNTS, *_SHARES)):
            line(name, a)
            line("", b)
        known = {(m["kind"], m["id"]): m["exposed"] for m in a["misses"]}
        for miss in b["misses"]:
            before = known.get((miss["kind"], miss["id"]), 0)
            if miss["exposed"] > before:
                print(
                    f"    more exposed: {miss['kind']} face {miss['id']}, {before} -> "
                    f"{miss['exposed']} of {miss['of']} frames, {miss['size']} px, worst "
                    f"{miss['uncovered']:.0%} at {miss['worst']}: {miss['why']}"
                )
    for kept in (rows, others):
        line(f"all {len(both)}", summed([kept[name] for name in both]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", choices=("first", "second", "covers", "score", "cmp"))
    parser.add_argument("set", choices=list(SETS))
    parser.add_argument("tags", metavar="TAG", nargs="*")
    parser.add_argument("--only", nargs="+", default=[""], metavar="PART", help="parts of names")
    parser.add_argument("--part", default="0/1", metavar="K/N", help="every N-th clip, from K on")
    parser.add_argument("--level", type=Level, default=Level.BALANCED, choices=list(Level))
    parser.add_argument("--f32", action="store_true", help="as on a processor without bf16")
    parser.add_argument("--kept", type=Path, default=paths.KEPT / "plans", metavar="FOLDER")
    given = parser.parse_args()
    if given.kept.resolve().is_relative_to(paths.ROOT):
        parser.error("--kept shows real people: name a folder outside the repository")
    if len(given.tags) != {"first": 0, "second": 1, "score": 1}.get(given.work, 2):
        parser.error(f"{given.work}: wrong number of tags")
    way = f"{given.level}{'-f32' * given.f32}/{given.set}"
    folders = [given.kept / "tags" / tag / way for tag in given.tags]
    if given.work in ("score", "cmp"):
        tables = [{p.stem: json.loads(p.read_text()) for p in f.glob("*.row")} for f in folders]
        if given.work == "cmp":
            compare(*tables)
            return
        heading()
        for name, row in sorted(tables[0].items()):
            line(name, row)
        line(f"all {len(tables[0])}", summed(list(tables[0].values())))
        return
    place, step = (int(n) for n in given.part.split("/"))
    passes = given.kept / "first" / way
    for folder in (passes, *folders):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (passes / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # films are made by one process
        chosen = list(SETS[given.set](given.kept / "films" / given.set))[place::step]
    pays = "blur.detect.network_openvino.bf16_pays"
    with mock.patch(pays, return_value=False) if given.f32 else nullcontext():
        for case in chosen:
            if any(part in case.name for part in given.only):
                work(given.work, case, passes / f"{case.name}.pickle", folders, given.level)


def work(name: str, case: Case, passed: Path, folders: Sequence[Path], level: Level) -> None:
    """Make and keep the pass of a clip, unless it is kept already."""
    if name == "first":
        first(case, passed, level)
        return
    row = folders[-1] / f"{case.name}.row"
    if row.exists():
        return
    started = time.process_time()
    file = folders[0] / f"{case.name}.plan"
    plan = load_plan(file) if name == "covers" else second(case, passed, level)
    ms = (time.process_time() - started) / plan.frames * 1e3
    kept = folders[-1] / file.name
    save_plan(plan, kept)
    row.write_text(json.dumps(scored(case, load_plan(kept), ms)))  # a plan's file rounds
    line(case.name, json.loads(row.read_text()))


if __name__ == "__main__":
    main()
