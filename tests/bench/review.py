#!/usr/bin/env python3
"""Milliseconds that the review takes to answer: 1,000 clips, the longest of 5,000 tracks, 2 hours.

    python tests/bench/review.py

CPU time is of this process alone, so that other work on the machine disturbs it little; compare
wall time only when nothing else runs. Up to 100 ms feels immediate. At last the page itself is
driven in Chromium: from its address to the list, to the long clip's picture, and steps.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import paths  # noqa: F401  makes blur importable
from large_output import FRAMES, LONG, TRACKS, make_large_output
from made_output import review
from playwright.sync_api import sync_playwright

from blur.data.edits import Decision
from blur.review.acts import KeepOrCover
from blur.review.open_clip import OpenClip
from blur.store.shelf import Shelf

TIMES = 20
"""Calls of each kind, over which the median and the worst are taken."""


def measure(name: str, call: Callable[[int], object], times: int = TIMES) -> None:
    """Print the milliseconds of `call`, which is given the number of the turn."""
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
        measure("keep, save, view", lambda turn: keep(clip, lanes[turn]))
        page(out)


def page(out: Path) -> None:
    """Print milliseconds of the page, from a key or its address to what is on the screen."""

    def reach(name: str, act: Callable[[], object], selector: str) -> None:
        began = time.perf_counter()
        act()
        shown.wait_for_selector(selector)
        print(f"{name:<34}{'':>18}{1000 * (time.perf_counter() - began):>9.1f}", flush=True)

    with sync_playwright() as playwright, review(out) as served:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        shown = browser.new_page(viewport={"width": 1280, "height": 720})
        shown.set_default_timeout(120_000)
        reach("page: list", lambda: shown.goto(served.address, wait_until="commit"), "#clips .row")
        reach("page: picture", lambda: None, "#stage[data-clip][data-shown]:not([aria-busy])")
        for frame in range(1, TIMES + 1):
            there = f'#stage[data-shown="{frame}"]:not([aria-busy])'
            reach(f"page: step {frame}", lambda: shown.keyboard.press("ArrowRight"), there)
        browser.close()


def keep(clip: OpenClip, lane: int) -> bytes:
    """Keep a track, save, and encode the view."""
    clip.perform(KeepOrCover([lane], Decision.KEEP, "agreed", 0, FRAMES), clip.revision)
    return msgspec.json.encode(clip.view())


if __name__ == "__main__":
    main()
