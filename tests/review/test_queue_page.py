"""The queue in a browser: the keys, the loop, and counts that go to zero."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from review_page import Page, edits

from blur.data.plan import Box, Reason
from blur.store.plans import load_plan, save_plan
from blur.store.shelf import Shelf


def shown(page: Page) -> None:
    """Wait until every moment of the page of questions was on the screen."""
    page.waits_for("#sheet[data-shown]")


def test_all_doubts_that_stills_answer_are_settled_with_one_key(page: Page, out: Path) -> None:
    page.waits_for('#look:has-text("Look at 6 doubts")')
    page.press("q")
    shown(page)
    tiles = page.page.locator("#sheet .tiles")
    assert [tiles.nth(i).locator(".still-tile").count() for i in range(2)] == [3, 3]
    page.page.locator("#sheet .mark").nth(1).click()
    tiles.nth(1).locator(".mark").first.click()
    page.waits_for('#settle:has-text("Cover 1"):has-text("look at 1")')
    page.press("a")
    page.waits_for('#question:has-text("may not be a face"):has-text("1 to go")')
    page.says("Settled")
    assert [bool(edits(out, n)) for n in ("a.mp4", "b ü.mp4", "c.mp4")].count(True) == 1
    page.press("a")
    page.says("every doubt is settled")
    page.says("Settled")
    page.press("z")  # the last, then all of the page in every clip
    page.waits_for('#question:has-text("1 to go")')
    page.press("z")
    page.waits_for('#sheet:has-text("6 to go")')
    assert not any(edits(out, name) for name in ("a.mp4", "b ü.mp4", "c.mp4"))
    page.press("q")
    page.waits_for("#sheet", state="hidden")
    page.waits_for('#look:has-text("Look at 6 doubts")')


def test_doubts_of_all_clips_are_settled_with_one_key_for_a_page(page: Page, out: Path) -> None:
    page.page.set_viewport_size({"width": 900, "height": 420})  # for one row of pictures
    page.waits_for('#look:has-text("Look at 6 doubts")')
    page.press("q")
    shown(page)
    assert page.page.locator("#sheet .still-tile").count() == 3
    page.page.locator("#sheet .mark").nth(1).click()
    page.waits_for('#settle:has-text("Cover 1")')
    page.press("a")
    page.waits_for('#sheet:has-text("3 to go"):has-text("Are these covers")')
    page.says("Settled")
    names = ("a.mp4", "b ü.mp4", "c.mp4")
    assert [bool(edits(out, name)) for name in names].count(True) == 1
    page.press("z")  # all of the page, in every clip
    page.waits_for('#sheet:has-text("6 to go"):has-text("Does a face show")')
    assert not any(edits(out, name) for name in names)
    shown(page)
    page.press("a")
    page.waits_for('#sheet:has-text("3 to go")')
    shown(page)
    page.page.locator("#sheet .mark").first.focus()
    page.press("ArrowRight", "c")
    page.waits_for('#settle:has-text("look at 1")')
    page.press("a")
    page.waits_for('#question:has-text("may not be a face"):has-text("1 to go")')
    page.press("a")
    page.says("every doubt is settled")
    page.waits_for("#left:empty", state="attached")
    page.page.reload()
    page.waits_for('#look:has-text("No doubt waits")')


def test_nothing_is_settled_before_each_moment_was_shown(page: Page) -> None:
    page.waits_for('#look:has-text("Look at 6 doubts")')
    page.page.evaluate(
        """() => ["q", "a"].forEach((key) =>
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })))"""
    )
    page.says("Not every moment was shown yet")
    page.waits_for('#sheet:has-text("6 to go")')


def test_a_doubt_is_looked_at_closer_and_settled_with_one_key(page: Page, out: Path) -> None:
    page.waits_for('#look:has-text("Look at 6 doubts")')
    page.press("q")
    page.waits_for("#sheet:visible")
    page.page.locator("#sheet .closer").first.click()
    page.waits_for('#question:has-text("Not covered: may be a face")')
    page.waits_for("#closeup:visible")
    page.waits_for("#stage:not([data-speed='0'])")  # it plays, again and again
    page.press("c")
    page.waits_for('#sheet:has-text("5 to go")')
    assert page.page.locator("#sheet .still-tile").count() == 5
    page.says("Covered")
    page.press("z")  # back to the clip that was covered
    page.waits_for('#question:has-text("6 to go")')
    page.press("f")
    page.waits_for('#sheet:has-text("5 to go")')
    page.says("Tracked")
    assert edits(out)


def test_one_answer_settles_all_places_of_a_question(page: Page, out: Path) -> None:
    shelf = Shelf(out)
    clip = shelf.entry(shelf.find("a.mp4")).fingerprint
    plan = load_plan(shelf.folder.plan_of(clip))
    (seen,) = (doubt for doubt in plan.doubts if doubt.reason is Reason.WEEDED)
    more = [
        replace(seen, start=at, end=at + 1, box=Box(x, 40, 20, 26))
        for at, x in ((36, 268), (60, 272))
    ]
    save_plan(plan.with_tracks(plan.tracks, [*plan.doubts, *more]), shelf.folder.plan_of(clip))
    page.page.reload()
    page.settled()
    page.waits_for('#look:has-text("Look at 6 doubts")')
    page.press("q")
    page.page.locator('#sheet .closer:has-text(" 3 · ")').click()
    page.waits_for('#question:has-text("3 places")')
    assert page.page.locator("#question .still").count() == 3
    page.waits_for("#stage:not([data-speed='0'])")
    page.press("c")
    page.says("Covered.")
    decided = edits(out)
    assert decided and len(decided.tracks) == 3
    page.waits_for('#sheet:has-text("5 to go")')
    page.press("z")
    page.waits_for('#question:has-text("6 to go")')
    assert edits(out) is None


def test_doubts_near_in_place_and_time_are_one_entry_and_one_answer(page: Page, out: Path) -> None:
    shelf = Shelf(out)
    clip = shelf.entry(shelf.find("a.mp4")).fingerprint
    plan = load_plan(shelf.folder.plan_of(clip))
    (seen,) = (doubt for doubt in plan.doubts if doubt.reason is Reason.WEEDED)
    beside = replace(seen, start=36, end=44, box=Box(285, 62, 20, 26))
    lost = replace(seen, start=32, end=40, reason=Reason.LOST, track=1, box=Box(211, 150, 20, 26))
    later = replace(seen, start=70, end=80, box=Box(60, 200, 20, 26))
    doubts = [*plan.doubts, beside, lost, later]
    save_plan(plan.with_tracks(plan.tracks, doubts), shelf.folder.plan_of(clip))
    page.page.reload()
    page.settled()
    page.waits_for('#look:has-text("Look at 7 doubts")')
    page.press("q")
    tile = page.page.locator('#sheet .still-tile[title*="3 places · frames 30\u201343"]')
    assert tile.count() == 1
    tile.locator(".closer").click()
    page.waits_for('#question:has-text("3 places · frames 30\u201343")')
    page.waits_for("#stage:not([data-speed='0'])")
    loop = """async () => (await import("./web/review.js")).player.loop"""
    first, end = page.page.evaluate(loop)
    assert first <= 30 and end >= 44
    page.press("c")
    page.says("Covered.")
    decided = edits(out)
    assert decided and (len(decided.tracks), len(decided.regions)) == (2, 1)
    page.waits_for('#sheet:has-text("6 to go")')
    page.press("z")
    page.waits_for('#question:has-text("7 to go")')
    assert edits(out) is None


def test_a_director_looks_at_covered_clips_without_the_originals(page: Page, out: Path) -> None:
    page.forgives("409 (Conflict)")  # the pictures that were being made just then
    (out.parent / "in").rename(out.parent / "disk")
    page.page.reload()
    page.waits_for('#chosen:has-text("The original is not here")')
    assert page.page.is_disabled("#peek") and page.page.is_disabled("#draw")
    page.waits_for('#look:has-text("Look at 6 doubts")')
    page.press("q")
    shown(page)
    page.page.locator("#sheet .closer").first.click()
    page.waits_for('#question:has-text("Not covered: may be a face")')
    assert page.page.locator("#question button").count() == 2
    page.press("c")
    page.says("covers are changed where it is")
    page.press("a")
    page.waits_for('#sheet:has-text("5 to go")')
    assert edits(out) is None
