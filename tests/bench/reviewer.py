#!/usr/bin/env python3
"""Minutes that a person needs to settle every doubt, by hour of footage; misses that they find.

    python tests/bench/reviewer.py OUT
    python tests/bench/reviewer.py --plant [--only NAME ...] --plans FOLDER

The first drives the page in Chromium on a copy of OUT beside it: each question, or page of them, is
answered with its first key as soon as its loop runs, or its pictures went round. `page` is what the
page takes from an answer to the next loop or the last picture, measured; looking and deciding are
reckoned: each loop once at the page's own speed, `GLANCE` for each still and for
each picture of a page, or as long as its moments take; `DECIDE` for each answer.

The second cuts faces out of filmed clips' plans, on runs of 1 to 11 frames, and leaves a doubt
there beside the plan's own, as a scan does that was not sure. A scripted reviewer covers a question
where its loop or a still shows a face that is bare; a miss is found if it is covered in the end.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import paths
from made_output import LOSSLESS, review
from planting import Exposure, exposures, without_runs
from playwright.sync_api import sync_playwright
from review_page import Page
from truth import Case, cases

from blur.batch.run import run
from blur.data.answers import Said
from blur.data.moments import moments
from blur.data.paths import path_of
from blur.data.plan import Box, Doubt, Plan, Reason
from blur.disk.fingerprint import fingerprint
from blur.review.open_clip import OpenClip
from blur.review.protocol import QueueItem
from blur.review.queue import Queue
from blur.review.settle import doubts_named
from blur.settings import CoverSettings, Settings
from blur.store.digests import scan_digest
from blur.store.folder import WorkFolder
from blur.store.plans import load_plan, save_plan
from blur.store.report import State
from blur.store.shelf import Shelf

DECIDE = 3.0
"""Seconds to decide and press a key; reckoned, not measured: a larger value reviews longer."""
GLANCE = 0.5
"""Seconds to look at a still; reckoned, as `DECIDE` is."""
WIDE = 40
"""Pixels of the narrowest face that is cut out."""
PLANTED = 6
"""Runs of frames that are cut out of each clip."""
_LOOP = """async () => {
  const { player } = await import("./web/review.js");
  const { clockOf, state } = await import("./web/state.js");
  const clock = clockOf(state.clip);
  const [start, end] = player.loop;
  return (clock.at(end - 1) - clock.at(start) + clock.usual) / player.speed;
}"""
"""Seconds that the page's loop takes once."""
_ROUNDS = """async () => {
  const { stripOf } = await import("./web/strips.js");
  const { state } = await import("./web/state.js");
  const sum = (beats) => beats.reduce((all, beat) => all + beat, 0);
  return state.sheet.map((item) => sum(stripOf(item)?.beats ?? []) / 10);
}"""
"""Seconds in which each picture of the page goes through its moments once."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("out", type=Path, nargs="?")
    asked.add_argument("--plant", action="store_true")
    asked.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    asked.add_argument("--plans", type=Path, help="folder of plans of the filmed clips")
    given = asked.parse_args()
    if given.plant:
        plant(given.plans, tuple(given.only))
        return
    out: Path = given.out
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        copy = Path(folder).with_name(f"{Path(folder).name}-out")  # beside OUT: originals are found
        shutil.copytree(out, copy)
        try:
            measure(copy)
        finally:
            shutil.rmtree(copy)


def measure(out: Path) -> None:
    shelf = Shelf(out)
    items = read(Queue(shelf))
    ready = [e for e in shelf.entries() if e.state in (State.SCANNED, State.DONE)]
    plans = [load_plan(shelf.folder.plan_of(entry.fingerprint)) for entry in ready]
    footage = sum(plan.seconds(plan.frames) for plan in plans)
    page, loops, stills, answers = answered(out)
    total = page + loops + GLANCE * stills + DECIDE * answers
    doubts = sum(len(item.doubts) for item in items)
    groups = Counter(str(item.group) for item in items)
    print(f"{footage:.0f} s of footage, {doubts} doubts, {len(items)} questions: {dict(groups)}")
    print(f"page {page:.1f} s, loops {loops:.0f} s, {stills} stills, {answers} decisions")
    print(f"{total / footage * 60:.1f} minutes an hour of footage")


def read(queue: Queue) -> list[QueueItem]:
    while (view := queue.view()).looked < view.total:
        pass
    return view.items


def answered(out: Path) -> tuple[float, float, int, int]:
    """Seconds that the page takes until nothing waits, seconds of loops, stills and answers."""
    spent, loops, stills, answers = 0.0, 0.0, 0, 0
    with sync_playwright() as playwright, review(out) as served:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = Page(browser, served)
        page.waits_for("#look.main")
        page.press("q")
        while page.page.text_content("#left"):
            began = time.monotonic()
            page.waits_for("#sheet[data-shown], #stage:visible:not([data-speed='0'])")
            if page.page.is_visible("#sheet"):
                rounds = page.page.evaluate(_ROUNDS)
                looks = sum(max(GLANCE, each) for each in rounds)
                spent += max(0.0, time.monotonic() - began - max(rounds))
                loops += looks
            else:
                spent += time.monotonic() - began
                loops += page.page.evaluate(_LOOP)
                stills += page.page.locator("#question .still").count()
            before = page.page.text_content("#left")
            page.press("a")
            answers += 1
            page.page.wait_for_function("t => document.querySelector('#left').textContent != t",
                                        arg=before)  # fmt: skip
        page.says("every doubt is settled")
        page.close()
        browser.close()
    return spent, loops, stills, answers


def plant(plans: Path, only: tuple[str, ...]) -> None:
    chosen = [case for case in cases(paths.CLIPS) if case.name.startswith(only)]
    total = found = 0
    for case in chosen:
        whole = load_plan(plans / f"{case.name}.json")
        chance = random.Random(case.name)
        holed = without_runs(case, whole, PLANTED, chance, WIDE)
        there = exposures(case, whole, holed, CoverSettings(), runs=True, wide=WIDE)
        doubted = holed.with_tracks(
            holed.tracks,
            [*holed.doubts, *(d for one in there for d in doubted_at(case, whole, one))],
        )
        covered = reviewed(case, doubted)
        left = exposures(case, whole, covered, CoverSettings(), runs=True, wide=0)
        bare = {(one.face, frame) for one in left for frame in one.frames}
        missed = [one for one in there if any((one.face, frame) in bare for frame in one.frames)]
        total, found = total + len(there), found + len(there) - len(missed)
        print(f"{case.name}: {len(there) - len(missed)} of {len(there)} found", *missed, flush=True)
    print(f"{found} of {total} planted misses found")


def doubted_at(case: Case, whole: Plan, miss: Exposure) -> list[Doubt]:
    """A doubt, as a scan raises it about a face that it saw and left bare, for each track that was
    cut out of the face: only together do they cover it at the picture's edge."""
    first, last = miss.frames[0], miss.frames[-1]
    found = []
    for track in whole.tracks:
        box = track.box(first)
        there = (f for f in case.faces[first] if f.id == miss.face)
        if box and track.end > last and any(f.holds(box.cx, box.cy) for f in there):
            found.append(
                Doubt(
                    start=first,
                    end=last + 1,
                    reason=Reason.WEEDED,
                    weight=0.5,
                    box=box,
                    path=path_of(track, first, last + 1),
                )
            )
    if not found:
        raise LookupError(f"no track of face {miss.face} on frames {first}-{last}")
    return found


def reviewed(case: Case, plan: Plan) -> Plan:
    """The plan once a scripted reviewer has answered every question about it."""
    with tempfile.TemporaryDirectory(prefix="blur-bench-") as folder:
        clip, out = Path(folder) / "in" / case.file().name, Path(folder) / "out"
        clip.parent.mkdir()
        shutil.copy(case.file(), clip)
        work = WorkFolder(out)
        work.create()
        ours = dataclasses.replace(
            plan, fingerprint=fingerprint(clip), scan_digest=scan_digest(Settings().scan)
        )
        save_plan(ours, work.plan_of(ours.fingerprint))
        run([clip.parent], out, LOSSLESS, scan=False, serial=True)
        shelf = Shelf(out)
        opened = OpenClip(shelf, shelf.find(clip.name))
        for item in read(Queue(shelf)):
            now = opened.now.resolved.plan
            there = {one.id for one in opened.view().doubts if one.said is None}
            names = [name for name in item.doubts if name in there]
            if not names:
                continue
            left = exposures(case, None, now, CoverSettings(), runs=True, wide=WIDE)
            seen = stills_of(opened, names) if item.still else whole(opened, item)
            shown = any(shows(case, one, *moment) for one in left for moment in seen)
            said = Said.COVER if shown and item.group == "exposed" else Said.OK
            opened.answer(names, said, opened.revision)
        made = opened.now.resolved.plan
        opened.close()
    return made


def stills_of(opened: OpenClip, names: list[str]) -> list[tuple[int, Box]]:
    """The frames, and the part of each, that the page of pictures shows of some doubts."""
    plan = opened.now.resolved.plan
    return moments(plan, doubts_named(plan, names))


def whole(opened: OpenClip, item: QueueItem) -> list[tuple[int, Box]]:
    """The frames of a loop."""
    plan = opened.now.plan
    picture = Box(plan.width / 2, plan.height / 2, 2 * plan.width, 2 * plan.height)
    return [(frame, picture) for frame in range(item.start, item.end)]


def shows(case: Case, miss: Exposure, frame: int, square: Box) -> bool:
    """Whether a bare face's middle lies in a part of a frame."""
    return frame in miss.frames and any(
        max(abs(f.cx - square.cx), abs(f.cy - square.cy)) < square.w / 2
        for f in case.faces[frame]
        if f.id == miss.face
    )


if __name__ == "__main__":
    main()
