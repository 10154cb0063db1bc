#!/usr/bin/env python3
"""60 kills, spread over every stage of a run, of the review's renders, of `clean` and of exports.

    python tests/bench/kills.py              all
    python tests/bench/kills.py --from 30    the later half

After each, nothing half or clear lies in the output folder, and the same work, done again, ends as
if nothing had happened. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import paths
from attacked import after_kill
from killed import Killer
from made_clips import film

KILLS = [
    *(("run", stage, 1) for stage in ("read", "probe")),
    *(("run", "scan", n) for n in (1, 2)),
    *(("run", "render", n) for n in (1, 4, 8, 12, 16, 20)),
    *(("run", "audit", n) for n in (1, 2, 3, 4)),
    *(("run", "mend", n) for n in (1, 2)),
    *(("run", "render again", n) for n in (1, 5, 10, 15, 20)),
    *(("run", "audit again", n) for n in (1, 8, 16, 20, 24)),
    *(("run", "change", n) for n in range(2, 47, 4)),
    *(("review", "render", n) for n in (1, 7, 14, 20)),
    *(("review", "audit", n) for n in (1, 2, 4)),
    *(("review", "change", n) for n in (1, 6, 11, 16, 21, 26)),
    *(("clean", "change", n) for n in (1, 3, 6, 9, 12, 14)),
    *(("export", "change", n) for n in (1, 3, 6)),
]
"""Work, stage and number of the report or change of a file at which it is killed."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--from", dest="first", type=int, default=0)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir=paths.KEPT.parent))
    # Seed 3 makes no block as green as a face.
    inputs = film(folder / "in" / "a.mp4", frames=20, seed=3, face=True).parent
    killer = Killer()
    assert killer.work("run", inputs, folder / "done")["code"] == 0
    bad = 0
    for number, (what, stage, nth) in enumerate(KILLS):
        if number < given.first:
            continue
        out = folder / f"{number}"
        if what != "run":
            shutil.copytree(folder / "done", out)
        wrong = after_kill(killer, inputs, out, what, stage, nth)
        bad += bool(wrong)
        print(f"{number} {what}, {stage} {nth}:", *(wrong or ["sound"]), sep=" ", flush=True)
        shutil.rmtree(out)
    killer.close()
    print(f"{bad} of {len(KILLS) - given.first} wrong")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
