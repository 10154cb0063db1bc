#!/usr/bin/env python3
"""Minutes that a person needs to settle every doubt of an output folder, by hour of footage.

    python tests/bench/reviewer.py OUT

Drives the page in Chromium on a copy of OUT beside it: each doubt is answered with its first key
as soon as its loop runs. `page` is what the page takes from an answer to the next loop, measured;
looking and deciding are reckoned: each loop once, and `DECIDE` seconds.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import paths  # noqa: F401  makes blur importable
from made_output import review
from playwright.sync_api import sync_playwright
from review_page import Page

from blur.review.queue import Queue
from blur.store.plans import load_plan
from blur.store.report import State
from blur.store.shelf import Shelf

DECIDE = 3.0
"""Seconds to decide and press a key; reckoned, not measured: a larger value reviews longer."""
AROUND = 1.2
"""Seconds of a loop before and after its doubt, together: AROUND of `web/queue.js`, twice."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    out: Path = asked.parse_args().out
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        copy = Path(folder).with_name(f"{Path(folder).name}-out")  # beside OUT: originals are found
        shutil.copytree(out, copy)
        try:
            measure(copy)
        finally:
            shutil.rmtree(copy)


def measure(out: Path) -> None:
    shelf = Shelf(out)
    queue = Queue(shelf)
    while (view := queue.view()).looked < view.total:
        pass
    ready = [e for e in shelf.entries() if e.state in (State.SCANNED, State.DONE)]
    plans = [load_plan(shelf.folder.plan_of(entry.fingerprint)) for entry in ready]
    footage = sum(plan.seconds(plan.frames) for plan in plans)
    looked = sum(item.seconds + AROUND for item in view.items)
    page = answered(out, len(view.items))
    total = looked + page + DECIDE * len(view.items)
    groups = Counter(str(item.group) for item in view.items)
    print(f"{footage:.0f} s of footage, {len(view.items)} doubts: {dict(groups)}")
    print(f"loops {looked:.0f} s, page {page:.1f} s, deciding {DECIDE * len(view.items):.0f} s")
    print(f"{total / footage * 60:.1f} minutes an hour of footage")


def answered(out: Path, count: int) -> float:
    """Seconds that the page takes for `count` answers."""
    spent = 0.0
    with sync_playwright() as playwright, review(out) as served:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = Page(browser, served)
        page.waits_for("#look.main")
        page.press("q")
        for left in range(count, 0, -1):
            began = time.monotonic()
            page.waits_for(f'#question:has-text("{left} to go")')
            page.waits_for("#stage:not([data-speed='0'])")
            spent += time.monotonic() - began
            page.press("a")
        page.says("every doubt is settled")
        page.close()
        browser.close()
    return spent


if __name__ == "__main__":
    main()
