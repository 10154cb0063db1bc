#!/usr/bin/env python3
"""Errors of the system, at every call of a batch that writes below its output folder.

    python tests/bench/refused.py               each call once, with errors in turn
    python tests/bench/refused.py --all         each place (call and file) with all 12 errors
    python tests/bench/refused.py --more 9999   errors that stay from a call on
    python tests/bench/refused.py --part 2 5    the second fifth of them

A clip with a green face goes down the real corridor, over detectors that see green. Exit code 1 if
a batch crashed, misnamed the error, published anything half, or could not be gone on with.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import paths
from attacked import after_refusal, published
from made_clips import film
from refusals import ERRORS, Refuser


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--all", action="store_true")
    options.add_argument("--more", type=int, default=1, help="calls in a row that fail")
    options.add_argument("--part", type=int, nargs=2, default=(1, 1))
    options.add_argument("--frames", type=int, default=20, help="of the clip; fewer are faster")
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="refusals-", dir=paths.KEPT.parent))
    film(folder / "in" / "a.mp4", frames=given.frames, seed=1, face=True)
    refuser = Refuser()
    assert refuser.batch(folder / "in", folder / "whole")["code"] == 0
    whole = published(folder / "whole")
    ends: Counter[str] = Counter()
    bad = 0
    part, parts = given.part
    chosen = list(enumerate(attacks(refuser.calls[:], given.all)))
    for number, (at, error) in chosen[
        len(chosen) * (part - 1) // parts : len(chosen) * part // parts
    ]:
        out = folder / f"{number}"
        refused, wrong = after_refusal(refuser, folder / "in", out, whole, error, at, given.more)
        ends["wrong" if wrong else "right"] += 1
        bad += bool(wrong)
        if wrong:
            print(f"{at} {error} at {refused}:", *wrong, sep="\n    ", flush=True)
        shutil.rmtree(out, ignore_errors=True)
    refuser.close()
    print(dict(ends))
    return bool(bad)


def attacks(calls: Sequence[str], every: bool) -> Iterator[tuple[int, str]]:
    """Number of a call, and an error for it."""
    if not every:
        yield from zip(range(len(calls)), itertools.cycle(ERRORS), strict=False)
        return
    seen: set[str] = set()
    for at, call in enumerate(calls):
        place = re.sub(r"[0-9a-f]{16,}", "*", call)
        if place not in seen:
            seen.add(place)
            yield from ((at, error) for error in ERRORS)


if __name__ == "__main__":
    sys.exit(main())
