#!/usr/bin/env python3
"""How quickly the review answers: a thousand clips, one of two hours with 5,000 tracks.

python tests/bench/review.py

CPU is of this process alone, which other work on the machine disturbs little; wall time only a
quiet machine tells. Up to 100 ms feels immediate.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from large_output import FRAMES, LONG, TRACKS, make_large_output  # noqa: E402

from blur.data.edits import Decision  # noqa: E402
from blur.review.open_clip import OpenClip  # noqa: E402
from blur.review.protocol import KeepOrCover  # noqa: E402
from blur.store.shelf import Shelf  # noqa: E402

TIMES = 20


def measure(name: str, call: Callable[[int], object], times: int = TIMES) -> None:
    cpu, wall = [], []
    for turn in range(times):
        began = time.process_time(), time.perf_counter()
        call(turn)
        cpu.append(1000 * (time.process_time() - began[0]))
        wall.append(1000 * (time.perf_counter() - began[1]))
    middle, worst = statistics.median(cpu), max(cpu)
    print(f"{name:<34}{middle:>9.1f}{worst:>9.1f}{statistics.median(wall):>9.1f}{max(wall):>9.1f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = make_large_output(Path(folder))
        shelf = Shelf(out)
        key = shelf.find(LONG)
        frames = np.random.default_rng(1).integers(0, FRAMES - 60, TIMES).tolist()
        print(f"{'milliseconds':<34}{'CPU':>9}{'worst':>9}{'wall':>9}{'worst':>9}")
        measure("list 1,000 clips", lambda _: (shelf.refresh(), msgspec.json.encode(shelf.rows())))
        measure("open the long clip", lambda _: OpenClip(shelf, key).view(), 3)
        clip = OpenClip(shelf, key)
        measure("seek", lambda turn: clip.frame(frames[turn], False, 960))
        measure("step", lambda turn: clip.frame(frames[-1] + 1 + turn, False, 960))
        measure("outlines of 60 frames", lambda turn: clip.marks(frames[turn], frames[turn] + 60))
        measure("view, encoded", lambda _: msgspec.json.encode(clip.view()))
        lanes = np.random.default_rng(2).permutation(TRACKS).tolist()
        measure("decide, save, view", lambda turn: decide(clip, lanes[turn]))


def decide(clip: OpenClip, lane: int) -> bytes:
    clip.perform(KeepOrCover([lane], Decision.KEEP, "agreed", 0, FRAMES), clip.revision)
    return msgspec.json.encode(clip.view())


if __name__ == "__main__":
    main()
