"""The review page in a real browser: what a person sees, presses and draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cut_off import CUT_OFF
from made_output import CUT, FRAMES, HEIGHT, WIDTH, Served
from review_page import PATIENCE, Page, edits

from blur.store.shelf import Shelf


def test_steps_show_exact_frames(page: Page) -> None:
    page.at(0)
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    page.at(2)
    page.press("Shift+ArrowRight")
    page.at(32)
    page.press("End")
    page.at(FRAMES - 1)
    page.press("ArrowRight")
    page.at(FRAMES - 1)
    page.press("Home", ".")
    page.at(CUT)
    page.go(77)


def test_each_frame_on_the_screen_is_that_frame_of_the_file(
    page: Page, out: Path, frames_of: Callable
) -> None:
    rendered = frames_of(out / "a.mp4")
    for frame in (0, 23, 24, 44, 45, 71):
        page.go(frame)
        shown = page.picture()[..., ::-1]
        errors = [np.abs(shown - other).mean() for other in rendered]
        assert int(np.argmin(errors)) == frame


def test_playing_and_stopping_ends_on_an_exact_frame(page: Page) -> None:
    for key in ("l", "Space", "j"):
        page.go(40)
        page.press(key)
        way = -1 if key == "j" else 1
        deadline = time.monotonic() + PATIENCE / 1000
        while (int(page.page.input_value("#goto")) - 40) * way <= 0:
            assert time.monotonic() < deadline
            page.page.wait_for_timeout(100)
        page.press("k")
        assert (int(page.page.input_value("#goto")) - 40) * way > 0
        page.waits_for("#stage:not([aria-busy])[data-speed='0']")
        frame = int(page.page.input_value("#goto"))
        page.at(frame)
        page.press("ArrowRight")
        page.at(frame + 1)


def test_the_speed_of_playing_is_shown(page: Page) -> None:
    page.go(60)
    page.press("j", "j")
    page.waits_for('#play:has-text("-2")')
    page.press("k")
    page.waits_for('#play:has-text("▶")')


def test_doubts_are_jumped_through_in_the_order_of_the_clip(page: Page) -> None:
    page.press("]")
    page.at(12)
    page.waits_for('#chosen:has-text("Cover 1")')
    page.press("]")
    page.at(30)
    page.waits_for('#chosen:has-text("Not covered")')
    page.press("]")
    page.says("No further doubt")
    page.press("[")
    page.at(12)


def test_a_doubt_where_nothing_is_covered_is_covered_with_a_key(page: Page, out: Path) -> None:
    page.press("]", "]")
    page.at(30)
    before = page.picture()
    page.press("c")
    page.says("Covered on frames 30 to 32")
    page.at(30)
    changed = np.abs(page.picture() - before).max(axis=2) > 60
    assert changed[30:50, 262:278].mean() > 0.3
    assert [edit.decision for edit in edits(out).tracks] == ["cover"]


def test_a_face_is_kept_clear_for_a_reason_and_undone(page: Page, out: Path) -> None:
    page.click(60, 80)
    page.waits_for('#chosen:has-text("Cover 0")')
    covered = page.picture()
    page.press("x")
    page.press("Escape")  # without a reason nothing happens
    page.press("x")
    page.answer("has agreed to be seen")
    page.says("Cover 0: kept clear")
    page.waits_for('#chosen:has-text("Kept clear")')
    page.waits_for("#origin.doubt")
    page.at(0)
    changed = np.abs(page.picture() - covered).max(axis=2) > 60
    assert changed[65:95, 50:70].mean() > 0.3
    (edit,) = edits(out).tracks
    assert (edit.reason, edit.path[0].frame, edit.path[-1].frame) == (
        "has agreed to be seen",
        0,
        CUT - 1,
    )
    page.press("z")
    page.says("Undone")
    page.at(0)
    assert np.abs(page.picture() - covered).max() < 60
    page.press("y")
    page.waits_for('#chosen:has-text("Kept clear")')


def test_only_a_span_is_kept_clear_when_one_is_marked(page: Page, out: Path) -> None:
    page.press("ArrowDown")
    page.waits_for('#chosen:has-text("Cover 0")')
    page.press("ArrowRight", "ArrowRight", "i", "ArrowRight", "ArrowRight", "o")
    page.waits_for('#span:has-text("frames 2")')
    page.press("x")
    page.answer("agreed")
    page.says("kept clear")
    (edit,) = edits(out).tracks
    assert (edit.path[0].frame, edit.path[-1].frame) == (2, 4)


def test_several_faces_are_picked_from_their_thumbnails(page: Page, out: Path) -> None:
    page.press("2")
    page.waits_for("#faces .tile >> nth=2")
    page.page.locator("#faces .tile .pick").nth(0).click()
    page.press("ArrowRight", "Space")
    page.waits_for('#chosen:has-text("2 covers picked")')
    page.press("x")
    page.answer("both agreed")
    page.says("2 covers: kept clear")
    assert [edit.reason for edit in edits(out).tracks] == ["both agreed"] * 2


def test_a_split_track_is_decided_about_in_parts(page: Page) -> None:
    page.press("ArrowDown", "Shift+ArrowRight")
    page.at(30)
    page.press("s")
    page.says("Another cover begins on frame 30")
    page.waits_for('#tabs:has-text("Covers4")')
    page.waits_for('#chosen:has-text("frames 0")')


def test_a_cover_is_extended_to_the_frame_that_is_shown(page: Page, out: Path) -> None:
    page.press("]")
    page.at(12)
    page.press("Home")
    page.at(0)
    page.press("e")
    page.says("Covered up to frame 0")
    (edit,) = edits(out).tracks
    assert (edit.decision, edit.path[0].frame, edit.path[-1].frame) == ("cover", 0, 10)


def test_peeking_shows_what_is_beneath_while_the_key_is_held(page: Page) -> None:
    covered = page.picture()
    page.page.keyboard.down("p")
    page.waits_for("#stage.beneath")
    page.waits_for('#origin:has-text("The original")')
    page.waits_for("#stage:not([aria-busy])")
    beneath = page.picture()
    page.page.keyboard.up("p")
    page.waits_for("#stage:not(.beneath):not([aria-busy])")
    assert (np.abs(beneath - covered).max(axis=2) > 60)[65:95, 50:70].mean() > 0.3
    assert np.abs(page.picture() - covered).max() < 60


def test_a_drawn_region_is_rendered_there_and_nowhere_else(
    page: Page, out: Path, frames_of: Callable
) -> None:
    """Drawn, given a second keyframe, undone and done again, then rendered from the page."""
    before = frames_of(out / "a.mp4")
    untouched = (out / "day 1" / "c.mp4").read_bytes()
    page.go(50)
    page.press("r")
    page.drag((270, 25), (300, 55))
    page.says("Covered on frames 50 to 89")
    page.go(69)
    page.press("o")
    page.says("ends here")
    page.drag((285, 40), (295, 180))
    page.says("Moved the region")
    page.press("z")
    page.says("Undone")
    page.press("y")
    page.says("Done again")
    (region,) = edits(out).regions
    assert [key.frame for key in region.keyframes] == [50, 69]
    assert region.keyframes[1].box[:2] == pytest.approx((295, 180), abs=2)
    page.press("Control+Enter")
    page.waits_for("#origin.good")
    after = frames_of(out / "a.mp4")
    assert len(after) == FRAMES
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        changed = np.abs(old.astype(int) - new).max(axis=2) > 0
        if not 50 <= index <= 69:
            assert not changed.any()
            continue
        share = (index - 50) / 19
        x, y = round(285 + 10 * share), round(40 + 140 * share)
        assert changed[y - 14 : y + 14, x - 14 : x + 14].mean() > 0.7
        changed[max(0, y - 36) : y + 36, x - 24 : x + 24] = False  # swept over the motion
        assert not changed.any()
    assert (out / "day 1" / "c.mp4").read_bytes() == untouched
    page.waits_for('#render:has-text("Nothing to render")')


def test_a_clip_is_marked_as_checked(page: Page) -> None:
    page.press("m")
    page.answer("AB")
    page.says("Marked as watched by AB")
    page.waits_for('#clips .row:has-text("a.mp4"):has-text("AB")')
    page.waits_for('#tally:has-text("1 of 3 clips checked")')
    page.press("m")
    page.answer("")  # it asks before it takes a mark back
    page.says("No longer marked")


def test_everything_is_reached_with_the_keyboard_alone(page: Page, out: Path) -> None:
    """Another clip, a region in the middle, moved and resized, and removed."""
    page.press("PageDown")
    page.waits_for('#clips .row[aria-selected="true"]:has-text("b ü.mp4")')
    page.at(0)
    page.press("r", "r")
    page.waits_for('#chosen:has-text("Region 1")')
    page.press("Alt+ArrowRight", "Alt+ArrowRight", "Alt+Shift+ArrowUp")
    page.says("Moved the region")
    (region,) = edits(out, "day 1/b ü.mp4").regions
    first = region.keyframes[0].box
    assert (first.cx, first.cy) == (WIDTH / 2 + 6, HEIGHT / 2)
    assert first.h == pytest.approx(HEIGHT / 5 * 1.2 + 3)
    page.waits_for('#chosen button:has-text("Remove region")')
    page.press("Delete")
    page.says("Removed the region")
    page.press("?")
    page.waits_for("#keys[open]")
    page.press("Escape")
    for _ in range(40):  # the focus travels through the page and is always to be seen
        page.press("Tab")
        assert page.page.evaluate("document.activeElement !== null")
    focused = page.page.evaluate(
        """() => document.activeElement === document.body
                 || getComputedStyle(document.activeElement).outlineStyle !== "none" """
    )
    assert focused


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (2560, 1440)])
def test_nothing_overflows_on_small_and_large_screens(
    browser, served: Served, width: int, height: int
) -> None:
    page = Page(browser, served, width, height)
    page.click(60, 80)
    overflowing = page.page.evaluate(
        """() => [...document.querySelectorAll("header, nav, main, aside, footer, #chosen")]
          .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
          .map((e) => e.id || e.tagName)"""
    )
    assert overflowing == []
    page.close()


def test_text_is_readable_against_its_ground(page: Page) -> None:
    """WCAG AA: 4.5 to 1, for every text that is shown."""
    page.click(60, 80)
    low = page.page.evaluate(
        """() => {
          const parse = (c) => c.match(/[\\d.]+/g).map(Number);
          const lum = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = (e) => {
            for (; e; e = e.parentElement) {
              const c = parse(getComputedStyle(e).backgroundColor);
              if (c.length < 4 || c[3] > 0.8) return c;
            }
            return [19, 21, 24];
          };
          const bad = [];
          for (const e of document.querySelectorAll("body *")) {
            const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!own || !e.checkVisibility() || e.disabled) continue;
            const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(ground(e))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) bad.push(`${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
          }
          return bad;
        }"""
    )
    assert low == []


def test_a_clip_that_changed_is_explained(page: Page, out: Path) -> None:
    source = out.parent / "in" / "day 1" / "c.mp4"
    source.write_bytes((out.parent / "in" / "a.mp4").read_bytes())
    page.page.click('#clips .row:has-text("c.mp4")')
    page.forgives("409 (Conflict)")
    page.waits_for('#notice:has-text("no longer the file that was scanned")')
    page.open("a.mp4")
    page.at(0)


def test_the_page_says_when_the_review_has_ended(page: Page, served: Served) -> None:
    served.process.terminate()
    served.process.wait(120)
    page.forgives("Failed to load resource")
    page.press("End")
    page.says("Lost connection to blur")
    page.waits_for('#lost:has-text("Your saved work is safe")')


def test_the_page_says_when_an_answer_is_cut_off(page: Page) -> None:
    page.page.evaluate(CUT_OFF)
    page.press("r", "r")
    page.says("Lost connection to blur")
    page.waits_for('#lost:has-text("Your saved work is safe")')


def test_rendering_waits_while_another_blur_works_here(page: Page, out: Path) -> None:
    page.press("r", "r")
    page.waits_for('#render:has-text("Render 1 changed clip")')
    with Shelf(out).folder.locked():
        page.press("Control+Enter")
        page.forgives("409 (Conflict)")
        page.says("blur is already open on this folder")
    page.press("Control+Enter")
    page.waits_for("#origin.good")
