#!/usr/bin/env python3
"""Leaks of brief appearances: faces in shot for 1 to 12 frames, and on no other frame.

    python tests/bench/brief.py                        scan 60 clips, print the exposed
    python tests/bench/brief.py --k 1 2 --only upright-w048 --rendered  some, by the neutral judge
    python tests/bench/brief.py --save FOLDER          keep the clips and their truth
    python tests/bench/brief.py FOLDER                 score kept clips, or clips beside truth.json

`appearances.py` makes the clips. Columns are those of leak.py, by appearance instead of person;
frames on which a head is half turned do not count, and `over` and `false` include covers held for
a second around the appearance. Compare seconds only when nothing else runs, with --jobs 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import paths
from appearances import KS, WIDTHS, Clip, clips, save
from leak import each, judge, per_frame
from score import Result, result
from truth import CLEAR, Case, cases

from blur.scan.scan import scan
from blur.settings import Level, OutputSettings, ScanSettings, Settings

Item = tuple[Clip | None, Case]
"""A case, and the clip that it was made as; None for other footage."""


@dataclasses.dataclass(frozen=True)
class Score:
    """Score of the plan, or of the rendered clip, and seconds of the scan."""

    clip: Clip | None
    found: Result
    seconds: float


def measure(options: argparse.Namespace, item: Item) -> Score:
    """Scan one clip and score its plan, or its output."""
    clip, case = item
    settings = Settings(scan=ScanSettings(level=options.level), output=OutputSettings())
    started = time.perf_counter()
    plan = scan(case.file(), settings.scan)
    seconds = time.perf_counter() - started
    found = result(case, plan, settings.cover, per_frame(started, plan))
    if options.rendered:
        found.clear = judge(case, plan, settings).clear
    return Score(clip, found, seconds)


def kept(folder: Path) -> Iterator[Item]:
    """Clips of a folder, saved here or not."""
    for case in cases(folder):
        beside = case.source.with_suffix(".json")
        about = json.loads(beside.read_text()).get("clip") if beside.exists() else None
        yield Clip(**about) if about else None, case


def column(clip: Clip) -> str:
    first, last = next(k for k in KS if k[0] <= clip.k <= k[1])
    return f"{first}" if first == last else f"{first}-{last}"


def band(clip: Clip) -> str:
    return next(f"{low}-{high}" for low, high in WIDTHS if low <= clip.width <= high)


def table(title: str, scores: Sequence[Score], row: Callable[[Clip], str]) -> None:
    """Exposed appearances / appearances, by `row` and k."""
    columns = [f"{a}" if a == b else f"{a}-{b}" for a, b in KS]
    cells: dict[tuple[str, str], list[bool]] = {}
    for score in scores:
        if score.clip is not None and (name := row(score.clip)):
            for key in itertools.product((name, "all"), (column(score.clip), "all")):
                cells.setdefault(key, []).append(score.found.clear.ids_exposed > 0)
    print(f"\n{title:26}" + "".join(f"{'k = ' + c:>9}" for c in columns) + f"{'all':>9}")
    for name in [*sorted({name for name, _ in cells} - {"all"}), "all"]:
        found = [cells.get((name, c), []) for c in [*columns, "all"]]
        texts = [f"{sum(f)}/{len(f)}" if f else "-" for f in found]
        print(f"{name:26}" + "".join(f"{text:>9}" for text in texts))


def targets(clip: Clip) -> str:
    """The row of a clip that a release is measured by; others have none."""
    if clip.turn == "upright":
        return "upright, 32 px and more" if clip.width >= 32 else ""
    turn = "lying" if clip.turn == "lying" else "90 and 180"
    return f"{turn}, 48 px and more" if clip.width >= 48 else ""


def report(scores: Sequence[Score]) -> None:
    print(f"{'clip':44}{'exposed':>10}{'worst':>7}{'over':>8}{'false':>8}{'s':>6}{'ms/f':>6}  why")
    for score in scores:
        found, misses = score.found, [m for m in score.found.misses if m.kind == CLEAR]
        shares = f"{found.clear.exposed}/{found.clear.face_frames}"
        worst = f"{max(m.uncovered for m in misses):.0%}" if misses else ""
        print(
            f"{found.clip:44}{shares:>10}{worst:>7}{found.over:8.2%}{found.false:8.2%}"
            f"{score.seconds:6.1f}{found.ms:6.0f}  {'; '.join(sorted({m.why for m in misses}))}"
        )
    if any(score.clip for score in scores):
        table("exposed / appearances", scores, targets)
        table("turn", scores, lambda c: c.turn)
        table("width", scores, lambda c: f"{'' if c.turn == 'upright' else 'turned'} {band(c)}")
        table("turn, width, manner", scores, lambda c: f"{c.turn:8}{band(c):7} {c.manner}")
        table("manner", scores, lambda c: c.manner)
        table("frames per second", scores, lambda c: f"{c.rate:>3}")
    seconds = sum(s.seconds for s in scores)
    frames = sum(s.found.frames for s in scores)
    over, false = (np.mean([getattr(s.found, name) for s in scores]) for name in ("over", "false"))
    print(f"\n{len(scores)} clips, {seconds / len(scores):.2f} s of scan each, ", end="")
    print(f"{seconds / frames * 1e3:.1f} ms a frame; over {over:.2%}, false {false:.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="clips kept before")
    parser.add_argument("--level", type=Level, default=Level.BALANCED, choices=list(Level))
    parser.add_argument(
        "--k",
        nargs="+",
        type=int,
        choices=range(1, 13),
        metavar="K",
        help="only appearances of so many frames",
    )
    parser.add_argument("--only", nargs="+", default=[""], metavar="PART", help="parts of names")
    parser.add_argument("--count", type=int, default=60, help="clips to make")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rendered", action="store_true", help="judge the covered outputs")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="where the clips are kept")
    parser.add_argument("--jobs", type=int, default=1, help="clips at once")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.save is not None and given.save.resolve().is_relative_to(paths.ROOT):
        parser.error("--save keeps real people's faces: name a folder outside the repository")
    if given.rendered and not paths.JUDGE.exists():
        parser.error(f"no judge: {paths.JUDGE}")

    with tempfile.TemporaryDirectory(prefix="blur-bench-") as temporary:
        folder = given.folder or given.save or Path(temporary)
        if given.folder is None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            several = itertools.islice(clips(given.seed), 1000 * given.count)
            fit = (c for c in several if wanted(given, c, c.name))
            planned = list(itertools.islice(fit, given.count))
            list(each(partial(save, folder=folder), planned, given.jobs))
            names = {clip.name for clip in planned}
            chosen = [item for item in kept(folder) if item[1].name in names]
        else:
            chosen = [item for item in kept(folder) if wanted(given, item[0], item[1].name)]
        if not chosen:
            parser.error("no clip is chosen")
        scores = list(each(partial(measure, given), chosen, given.jobs))
    report(scores)
    if given.json is not None:
        given.json.write_text(json.dumps([dataclasses.asdict(s) for s in scores], indent=1))


def wanted(options: argparse.Namespace, clip: Clip | None, name: str) -> bool:
    """Whether the options choose a clip."""
    known = options.k is None or (clip is not None and clip.k in options.k)
    return known and any(part in name for part in options.only)


if __name__ == "__main__":
    main()
