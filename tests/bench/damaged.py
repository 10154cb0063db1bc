#!/usr/bin/env python3
"""Damaged inputs of every container through `blur run`: what crashes, leaks or stays unnamed.

    python tests/bench/damaged.py                   300 inputs, in batches of 30
    python tests/bench/damaged.py --count 60 --first 300

Detectors take green for faces, and every published picture is searched for green. Exit code 1 if
any input crashed a worker, failed for no named reason, or was published with a face.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import paths
from attacked import through_blur
from mutants import mutant, originals

_BATCH = 30


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=300)
    options.add_argument("--first", type=int, default=0, help="seed of the first input")
    options.add_argument("--keep", type=Path, help="folder for inputs and outputs")
    given = options.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="mutants-", dir=paths.KEPT.parent))
    whole = originals(folder / "whole")
    states: Counter[str] = Counter()
    problems: list[str] = []
    for first in range(given.first, given.first + given.count, _BATCH):
        inputs = folder / f"in-{first}"
        inputs.mkdir()
        for seed in range(first, min(first + _BATCH, given.first + given.count)):
            mutant(whole, seed, inputs)
        found = through_blur(inputs, folder / f"out-{first}")
        states += found.states
        problems += found.problems
        print(
            f"{first + _BATCH - given.first}: {dict(states)}",
            *found.problems,
            sep="\n  ",
            flush=True,
        )
    print(f"{sum(states.values())} inputs: {dict(states)}; {len(problems)} problems")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
