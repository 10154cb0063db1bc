#!/usr/bin/env python3
"""What is lost of decisions that the review said are saved: two tabs, reloads, a killed server.

    python tests/bench/losses.py [--times 20] [--only tabs reload save render]

Drives the page in Chromium on clips made here. `tabs`: two tabs draw at once; each drawing is saved
or refused aloud. `reload`: the page is loaded again in the middle of a save. `save`: the server is
killed while a tab draws on and on. `render`: it is killed while it renders; the covered file is the
earlier one, withdrawn, since it covers less than was decided, or the new one whole; and the next
render ends well. Exit code 1 if anything is lost.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path

import paths
from made_output import film, make_output, review
from playwright.sync_api import Browser, sync_playwright
from review_fixtures import _CHROMIUM
from review_page import Page, edits

from blur.disk.fingerprint import file_sha256

FRAMES = 600
"""Of the clip that is rendered: more take longer, and leave more moments to kill at."""

_DRAW = """(times) => {
  window.saved = window.refused = 0;
  window.drawing = (async () => {
    const { act } = await import("./web/review.js");
    for (let i = 0; i < times; i++) {
      const at = 10 + Math.floor(200 * Math.random());
      const answer = await act({ do: "draw", path: [[i % 80, [at, at, 9, 9, 0]]] });
      if (answer) window.saved++; else window.refused++;
    }
    window.drawing = null;
  })();
}"""
_STAGE = """async () => {
  const { state } = await import("./web/state.js");
  const one = [...state.progress.values()][0];
  return one ? [one.stage, one.done] : ["", 0];
}"""


def regions(out: Path) -> int:
    """Regions that are saved; a half-written file raises PlanMismatch."""
    found = edits(out)
    return len(found.regions) if found else 0


def drawn(page: Page) -> tuple[int, int]:
    return page.page.evaluate("saved"), page.page.evaluate("refused")


def ended(page: Page) -> None:
    while page.page.evaluate("drawing !== null"):
        page.page.wait_for_timeout(50)


def tabs(browser: Browser, out: Path, times: int) -> bool:
    with review(out) as served:
        one = Page(browser, served)
        one.open("a.mp4")
        other = one.context.new_page()
        other.goto(one.page.url)
        other.wait_for_selector("#stage[data-clip][data-shown]:not([aria-busy])")
        for tab in (one.page, other):
            tab.evaluate(_DRAW, times)
        sums = []
        for tab in (one.page, other):
            while tab.evaluate("drawing !== null"):
                tab.wait_for_timeout(50)
            sums.append((tab.evaluate("saved"), tab.evaluate("refused")))
    saved, refused = (sum(column) for column in zip(*sums, strict=True))
    print(f"tabs: {2 * times} drawn at once, {saved} saved, {refused} refused, {regions(out)} kept")
    return regions(out) == saved and saved + refused == 2 * times


def reload(browser: Browser, out: Path, times: int) -> bool:
    sound = 0
    with review(out) as served:
        page = Page(browser, served)
        page.open("a.mp4")
        page.page.on("dialog", lambda asked: asked.accept())  # "leave the page?"
        for _ in range(times):
            before = regions(out)
            page.page.evaluate(_DRAW, 1)
            page.page.wait_for_timeout(random.uniform(0, 60))
            said = page.page.evaluate("saved")
            page.page.reload()
            page.settled()
            page.page.wait_for_timeout(300)  # a request that was on its way has ended
            kept = regions(out) - before
            page.page.reload()
            page.waits_for(f'#tabs:has-text("Decisions{regions(out)}")')
            sound += said <= kept <= 1
    print(f"reload: {sound} of {times} lost nothing, and the page shows what is kept")
    return sound == times


def save(browser: Browser, out: Path, times: int) -> bool:
    sound = acknowledged = 0
    for _ in range(times):
        before = regions(out)
        with review(out) as served:
            page = Page(browser, served)
            page.open("a.mp4")
            page.page.evaluate(_DRAW, 500)
            page.page.wait_for_timeout(random.uniform(30, 600))
            served.process.kill()
            served.process.wait()
            page.page.wait_for_timeout(200)
            said, _ = drawn(page)
            page.context.close()
        kept = regions(out) - before
        acknowledged += said
        sound += said <= kept <= said + 1
    print(f"save: {sound} of {times} kills lost none of {acknowledged} that were said to be saved")
    return sound == times


def render(browser: Browser, out: Path, times: int) -> bool:
    file, sound = out / "a.mp4", 0
    for turn in range(times):
        with review(out) as served:
            page = Page(browser, served)
            page.open("a.mp4")
            page.page.evaluate(_DRAW, 1)
            ended(page)
            before, kept = file_sha256(file), regions(out)
            page.press("Control+Enter")
            wanted = ("waiting", "render", "render")[turn % 3]
            while (now := page.page.evaluate(_STAGE))[0] != wanted or (
                wanted == "render" and not now[1]
            ):
                if now[0] == "done":
                    break
                time.sleep(0.02)
            time.sleep(random.uniform(0, 0.5))
            stage, done = page.page.evaluate(_STAGE)
            served.process.kill()
            served.process.wait()
            page.context.close()
        time.sleep(1)  # workers end with the server
        after, films = file_sha256(file), list(out.glob("*.mp4"))
        with review(out) as served:
            page = Page(browser, served)
            page.open("a.mp4")
            if not page.page.query_selector("#origin.good"):
                page.press("Control+Enter")
                page.waits_for("#origin.good")
            page.context.close()
        whole = after in (None, before, file_sha256(file)) and films == [file][: len(films)]
        lost = not (whole and regions(out) == kept and file_sha256(file) != before)
        sound += not lost
        print(f"  killed at {stage} {done}:", "LOST" if lost else "sound", flush=True)
    print(f"render: {sound} of {times} kills lost nothing")
    return sound == times


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--only", nargs="*", default=["tabs", "reload", "save", "render"])
    given = options.parse_args()
    works = {"tabs": tabs, "reload": reload, "save": save, "render": render}
    folder = Path(tempfile.mkdtemp(prefix="losses-", dir=paths.KEPT.parent))
    good = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        for name in given.only:
            film(folder / name / "in" / "a.mp4", 1, FRAMES if name == "render" else 90)
            good &= works[name](browser, make_output(folder / name), given.times)
        browser.close()
    shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
