#!/usr/bin/env python3
"""A person who consented over 20 clips, beside strangers: which spans are offered, at what work.

    python tests/bench/keeping.py [--person NAME ...] [--clips N] [--again]

Scans the clips of `actors`. `blur keep` is then given one, two and three photographs of the person,
and each span of the person that it offers is confirmed by its own command; and the review page is
driven in Chromium as somebody drives it who presses "Show faces" on each card down to the last of
the person's, picks these, and takes spans of strangers out. The page itself counts presses of mouse
and keys; letters are counted apart.

The person is visible where 90 % of the face is in the picture and nothing hides it, and apart where
no stranger is within one and a half of its widths. A span is half a second or more of being apart;
it is offered, or clear, where most of it is, or in part. A stranger is exposed on a frame where
over a quarter of the visible face lies under no cover, slivers apart.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from actors import REFERENCES, Scene, scenes
from crossings import HEIGHT, RATE, WIDTH, bare_at, ellipse
from made_output import review
from paths import KEPT, ROOT
from playwright.sync_api import sync_playwright
from review_page import Page

from blur.batch.run import run
from blur.cover.region import Covers
from blur.data.edits import Decision
from blur.data.likeness import mean
from blur.data.persons import Face, persons
from blur.data.spans import FrameMask, runs
from blur.errors import Exit
from blur.review.offer import Offer, offers, scanned
from blur.review.recognise import clip_faces
from blur.review.snapshot import Snapshot, read_snapshot
from blur.settings import CoverSettings
from blur.store.shelf import Shelf

PEOPLE = ("Kofi_Annan", "Condoleezza_Rice", "Jean_Chretien")
_ALL = 0.9
"""Share of a face in the picture, from which it is visible."""
_APART = 1.5
"""Face widths between two people, from which they are apart: covers meet at about one."""
_EXPOSED, _SLIVER = 0.25, 0.25
"""Share of a visible face under no cover, from which it is exposed; visible share of a face, under
which it is a sliver and counts for none."""
_COUNT = """
window.pressed = { clicks: 0, keys: 0, letters: 0 };
addEventListener("pointerdown", (e) => { if (e.isTrusted) pressed.clicks++; }, true);
addEventListener("keydown", (e) => {
  if (e.isTrusted) pressed[e.key.length === 1 && e.target.matches("input") ? "letters" : "keys"]++;
}, true);
"""


class Truth(NamedTuple):
    """Masks over a clip's frames: the person visible, and apart."""

    visible: FrameMask
    apart: FrameMask

    @classmethod
    def of(cls, scene: Scene) -> Truth:
        visible, apart = np.zeros((2, scene.frames), bool)
        for frame in range(scene.frames):
            shot = scene.shot(frame)
            face = shot.actors[shot.person].face(frame)
            whole = np.pi * face.w * face.h / 4  # also beyond the picture
            visible[frame] = shot.visible(shot.person, frame).sum() >= _ALL * whole
            apart[frame] = visible[frame] and shot.apart(frame, _APART)
        return cls(visible, apart)

    def spans(self) -> list[tuple[int, int]]:
        return [(a, b) for a, b in runs(self.apart) if b - a >= RATE / 2]


def owner(scene: Scene, frame: int, at: tuple[float, float]) -> int | None:
    """The actor whose face a point is nearest to, of those within half a face: the person is 0,
    strangers are from 1 on."""
    shot = scene.shot(frame)
    away = {}
    for who, actor in enumerate(shot.actors):
        face = actor.face(frame)
        away[who] = float(np.hypot(at[0] - face.cx, at[1] - face.cy)) / face.w
    who = min(away, key=away.__getitem__)
    if away[who] > 0.6:
        return None
    return 0 if who == shot.person else 1 + who


class Shown(NamedTuple):
    """Frames of a span that lie on the person, on strangers and on nobody."""

    own: list[int]
    strange: list[int]
    nobody: list[int]

    @property
    def of_person(self) -> bool:
        return len(self.own) > len(self.strange) + len(self.nobody)


class Clips:
    """A folder of scanned clips, with the truth about the people in them."""

    def __init__(self, footage: Path, films: Sequence[Scene]) -> None:
        self.footage = footage
        self.films = {f"{scene.name}.mp4": scene for scene in films}
        self.truth = {name: Truth.of(scene) for name, scene in self.films.items()}

    def scanned(self, out: Path) -> None:
        for name, scene in self.films.items():
            if not (self.footage / name).exists():
                scene.film(self.footage / name)
        report = run([self.footage], out, render=False, serial=True)
        assert report.exit_code == Exit.OK, report

    def snapshots(self, out: Path) -> dict[str, Snapshot]:
        shelf = Shelf(out)
        found = (read_snapshot(shelf, row.key) for row in shelf.rows())
        return {snapshot.entry.name: snapshot for snapshot in found}

    def shown(self, now: Snapshot, lane: int, start: int, end: int) -> Shown:
        track = next(track for track in now.plan.tracks if track.id == lane)
        shown = Shown([], [], [])
        for frame in range(max(start, track.start), min(end, track.end)):
            box = track.box(frame)
            assert box is not None
            who = owner(self.films[now.entry.name], frame, box[:2])
            (shown.nobody if who is None else shown.strange if who else shown.own).append(frame)
        return shown

    def offered(self, out: Path, found: Sequence[tuple[str, int, int, int]]) -> str:
        """The line about offered spans, each (clip, lane, start, end)."""
        now = self.snapshots(out)
        masks = {name: np.zeros(scene.frames, bool) for name, scene in self.films.items()}
        strange = nobody = frames = 0
        for name, *span in found:
            shown = self.shown(now[name], *span)
            masks[name][shown.own] |= shown.of_person
            strange += len(shown.strange) >= max(len(shown.own), len(shown.nobody))
            nobody += len(shown.nobody) > len(shown.own) + len(shown.strange)
            frames += len(shown.strange) if shown.of_person else 0
        return (
            f"{self.shares(masks)}; {len(found)} offers, {strange} of strangers, {nobody} of"
            f" nobody, {frames} frames of strangers in the person's"
        )

    def shares(self, masks: dict[str, FrameMask]) -> str:
        """The line of the shares of the person's spans, clips and frames under `masks`."""
        spans = np.array(
            [
                masks[name][a:b].mean()
                for name, truth in self.truth.items()
                for a, b in truth.spans()
            ]
        )
        clips = sum(bool((masks[n] & truth.visible).any()) for n, truth in self.truth.items())
        said = []
        for what in "apart", "visible":
            there = np.concatenate([getattr(truth, what) for truth in self.truth.values()])
            taken = np.concatenate([masks[name] for name in self.truth]) & there
            said.append(f"{taken.sum() / there.sum():.1%} of {there.sum()} frames {what}")
        return (
            f"{(spans > 0.5).sum()} of {len(spans)} spans, {(spans > 0).sum()} in part; {clips} of"
            f" {len(masks)} clips; {', '.join(said)}"
        )

    def clear(self, out: Path) -> str:
        """Who is clear by the plans and edits on the disk."""
        masks, exposed, clips = {}, 0, 0
        for name, now in self.snapshots(out).items():
            bare, strangers = uncovered(now, self.films[name])
            masks[name] = bare
            exposed, clips = exposed + strangers, clips + (strangers > 0)
        return f"{self.shares(masks)}; strangers exposed on {exposed} frames of {clips} clips"


def uncovered(now: Snapshot, scene: Scene) -> tuple[FrameMask, int]:
    """The frames with the person's face clear, and the number of those that expose a stranger."""
    plan = now.resolved.plan
    covers = Covers(plan.tracks, plan.shots(), CoverSettings(), WIDTH, HEIGHT)
    clear, exposed = np.zeros(scene.frames, bool), 0
    for frame in range(scene.frames):
        shot = scene.shot(frame)
        bare = bare_at(covers, frame)
        for who, actor in enumerate(shot.actors):
            face = shot.visible(who, frame)
            if face.sum() <= _SLIVER * ellipse(actor.face(frame)).sum():
                continue
            if who == shot.person:
                clear[frame] = (face & bare).sum() > _ALL * face.sum()
            elif (face & bare).sum() > _EXPOSED * face.sum():
                exposed += 1
    return clear, exposed


def by_photographs(clips: Clips, out: Path, photographs: Sequence[Path]) -> None:
    """`blur keep`, twice: look, then confirm the person's spans."""
    sheet = out.with_suffix(".html")
    listed = blur("keep", out, *photographs, "--sheet", sheet, "--overwrite")
    found = [
        (name, int(lane), int(first), int(last) + 1)
        for name, lane, first, last in re.findall(
            r"^ *\d+  (\S+): cover (\d+), frames (\d+)-(\d+)$", listed, re.MULTILINE
        )
    ]
    print(f"{len(photographs)} photographs offer {clips.offered(out, found)}", flush=True)
    if not found:
        return
    now = clips.snapshots(out)
    wrong = [i for i, (n, *s) in enumerate(found, 1) if not clips.shown(now[n], *s).of_person]
    code = re.search(r"--confirm (\w+)", sheet.read_text())
    assert code is not None
    refused = [word for number in wrong for word in ("--except", str(number))]
    blur("keep", out, *photographs, "--confirm", code[1], "--reason", "agreed", *refused)
    print(f"  confirmed, without {len(wrong)}: {clips.clear(out)}", flush=True)


def blur(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "blur", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Card(NamedTuple):
    """A card of the page's list of people, by its name there."""

    name: str
    faces: list[Face]


def cards(out: Path) -> list[Card]:
    """The page's list of people, found as the page finds it."""
    shelf, faces = Shelf(out), list[Face]()
    for key in scanned(shelf):
        with clip_faces(shelf, key) as clip:
            faces += [face for face, _ in clip.faces()]
    return [Card(str(n), [faces[row] for row in rows]) for n, rows in enumerate(persons(faces))]


def offers_of(out: Path, card: Card) -> list[Offer]:
    """The spans of all clips that the page offers for a card."""
    lanes: dict[str, list[int]] = {}
    for face in card.faces:
        lanes.setdefault(face.clip, []).extend(track.id for track in face.tracks)
    person = mean(face.look for face in card.faces)
    return list(offers(Shelf(out), lanes, person, lanes.get, decision=Decision.KEEP))


def by_page(clips: Clips, out: Path, most: int | None) -> None:
    """The review page, driven until each span of the person that it offers on up to `most` cards is
    kept clear."""
    now = {key: read_snapshot(Shelf(out), key) for key in scanned(Shelf(out))}
    listed = cards(out)
    votes = [
        Counter(
            clips.shown(now[face.clip], track.id, track.start, track.end).of_person
            for face in card.faces
            for track in face.tracks
        )
        for card in listed
    ]
    own = [card for card, vote in zip(listed, votes, strict=True) if vote[True] > vote[False]]
    tracks = ", ".join(f"{votes[int(c.name)][True]} and {votes[int(c.name)][False]}" for c in own)
    print(f"page: {len(listed)} cards, {len(own)} of the person, with {tracks} tracks of others")
    own = own[:most]
    rows = {(o.clip, o.lane, o.start, o.end): o for card in own for o in offers_of(out, card)}
    found = [(o.name, o.lane, o.start, o.end) for o in rows.values()]
    print(f"{len(own)} picked offer {clips.offered(out, found)}", flush=True)
    by_name = clips.snapshots(out)
    wrong = [i for i, (n, *s) in enumerate(found) if not clips.shown(by_name[n], *s).of_person]
    pressed = driven(out, [card.name for card in own], [name for name, *_ in found], wrong)
    print(f"  {pressed}; {len(wrong)} spans taken out")
    print(f"  confirmed: {clips.clear(out)}", flush=True)


def driven(out: Path, own: Sequence[str], names: Sequence[str], wrong: Sequence[int]) -> str:
    """Clicks and keys until the spans of some cards, but for the `wrong` ones, are confirmed."""
    with sync_playwright() as playwright, review(out) as served:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = Page(browser, served)
        shown = page.page
        shown.evaluate(_COUNT)
        began = time.monotonic()
        shown.click("#who")
        page.waits_for("#people .card")
        listed = time.monotonic() - began
        last = max(map(int, own))
        for number in range(last + 1):
            shown.locator("#people .card").nth(number).locator(".show").click()
        if len(own) == 1:
            shown.locator("#people .card").nth(last).locator(".keep").click()
        else:
            for name in own:
                shown.locator("#people .card").nth(int(name)).locator("h3 input").click()
            shown.click("#people .bar .keep")
        began = time.monotonic()
        page.waits_for("#people .confirm")
        compared = time.monotonic() - began
        labels = shown.locator("#people .span label").all_inner_texts()
        assert [label.partition(",")[0] for label in labels] == list(names), labels
        for row in wrong:
            shown.locator("#people .span input").nth(row).click()
        shown.click("#people .reason")
        shown.keyboard.type("agreed")
        shown.keyboard.press("Enter")
        page.says("kept clear.")
        pressed = shown.evaluate("pressed")
        page.close()
        browser.close()
    return (
        f"{pressed['clicks']} clicks, {pressed['keys']} keys, {pressed['letters']} letters of one"
        f" reason; {listed:.0f} s until people are listed, {compared:.0f} s until spans are"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--person", nargs="+", default=PEOPLE, metavar="NAME")
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--again", action="store_true", help="scan again")
    given = parser.parse_args()
    for person in given.person:
        references, films = scenes(person, given.clips)
        place = KEPT / "keeping" / f"{person}-{given.clips}"
        clips, out = Clips(place / "in", films), place / "out"
        if given.again:
            shutil.rmtree(out, ignore_errors=True)
        began = time.process_time()
        clips.scanned(out)
        print(f"{person}: {sum(s.frames for s in films)} frames, scanned in"
              f" {time.process_time() - began:.0f} s")  # fmt: skip
        print(f"nobody is kept: {clips.clear(out)}", flush=True)
        ways: list[Callable[[Clips, Path], None]] = [
            *(partial(by_page, most=most) for most in (1, None)),
            *(partial(by_photographs, photographs=references[:n]) for n in (1, REFERENCES)),
        ]
        for way in ways:
            copy = place / "tried"  # beside OUT: the clips are found from there
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(out, copy)
            way(clips, copy)


if __name__ == "__main__":
    main()
