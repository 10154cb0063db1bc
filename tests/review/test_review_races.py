"""The review page while answers are still on their way: what was decided reaches the clip and the
face that it was meant for, or is refused by name; nothing on the screen is of another moment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from review_page import PATIENCE, Page, edits

from blur.data.edits import Keyframe
from blur.data.plan import Box
from blur.review.acts import DrawRegion
from blur.review.open_clip import OpenClip
from blur.store.plans import load_plan, save_plan
from blur.store.shelf import Shelf


class Late:
    """Requests of the page that are held back, in front of the server, until they are let go."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page.page
        self._held: list | None = []
        self._page.route(re.compile(address), lambda route: self._come(route))

    def _come(self, route) -> None:
        if self._held is None:
            route.continue_()
        else:
            self._held.append(route)

    @property
    def count(self) -> int:
        return len(self._held or [])

    def wait(self, count: int = 1) -> None:
        for _ in range(PATIENCE // 20):
            if self.count >= count:
                return
            self._page.wait_for_timeout(20)
        raise AssertionError("the page did not ask")

    def let_go(self) -> None:
        held, self._held = self._held, None
        for route in held or []:
            route.continue_()


def key_of(out: Path, name: str) -> str:
    return Shelf(out).find(name)


def test_nothing_is_decided_about_a_clip_that_is_not_seen_yet(page: Page, out: Path) -> None:
    sent: list[str] = []
    page.page.on("request", lambda r: r.method == "POST" and sent.append(r.url))
    late = Late(page, f"/api/clips/{key_of(out, 'b ü.mp4')}$")
    page.press("ArrowDown", "PageDown")
    page.waits_for("#stage[aria-busy]:not([data-clip])")
    page.press("r", "r", "c", "s", "e", "z", "m", "Delete", "Alt+ArrowRight")
    page.says("The clip is being opened")
    assert page.page.locator("#doubts .row, #chosen h3").count() == 0
    late.let_go()
    page.settled()
    assert sent == []
    page.press("r", "r")
    page.waits_for('#chosen:has-text("Region 1")')
    page.settled()
    assert edits(out, "b ü.mp4").regions
    assert edits(out) is None


def test_what_is_decided_meanwhile_is_done_in_its_order(page: Page, out: Path) -> None:
    page.go(50)
    page.press("r", "r")
    page.waits_for('#chosen:has-text("Region 1")')
    page.settled()
    late = Late(page, "/act$")
    page.press("ArrowRight", "ArrowRight", "i", "Shift+ArrowRight", "o")
    late.wait()
    page.waits_for("#stage[aria-busy]")
    assert late.count == 1
    late.let_go()
    page.says("The region ends here")
    page.settled()
    (region,) = edits(out).regions
    assert [key.frame for key in region.keyframes] == [52, 82]


def test_undo_and_redo_wait_for_what_they_undo(page: Page, out: Path) -> None:
    late = Late(page, "/act$")
    page.press("r", "r", "z", "y", "z")
    late.wait()
    late.let_go()
    for told in ("Covered on", "Undone", "Done again", "Undone"):
        page.says(told)
    assert edits(out) is None


def test_a_decision_reaches_its_clip_though_another_is_open_by_then(page: Page, out: Path) -> None:
    late = Late(page, "/act$")
    page.press("r", "r", "PageDown")
    page.waits_for('#chosen:has-text("b ü.mp4")')
    page.settled()
    late.let_go()
    page.says("a.mp4: Covered on frames 0")
    assert edits(out).regions
    assert edits(out, "b ü.mp4") is None
    page.press("PageUp")
    page.waits_for('#tabs:has-text("Decisions1")')


def test_a_step_of_a_region_reaches_its_clip(page: Page, out: Path) -> None:
    """It waits for further steps a moment: another clip may be open before it is sent."""
    page.press("r", "r")
    page.waits_for('#chosen:has-text("Region 1")')
    page.settled()
    before = edits(out).regions[0].keyframes[0].box
    page.press("Alt+ArrowRight")
    page.waits_for("#stage[aria-busy]")
    page.press("PageDown")
    page.says("a.mp4: Moved the region")
    page.settled()
    assert edits(out).regions[0].keyframes[0].box == before._replace(cx=before.cx + 3)
    assert edits(out, "b ü.mp4") is None


def test_each_step_starts_where_the_last_one_ended(page: Page, out: Path) -> None:
    page.press("r", "r")
    page.waits_for('#chosen:has-text("Region 1")')
    page.settled()
    before = edits(out).regions[0].keyframes[0].box
    late = Late(page, "/act$")
    page.press("Alt+ArrowRight")
    late.wait()
    page.press("Alt+ArrowRight", "Alt+ArrowDown")
    late.let_go()
    page.says("Moved the region")
    page.says("Moved the region")
    after = edits(out).regions[0].keyframes[0].box
    assert (after.cx, after.cy) == (before.cx + 6, before.cy + 3)


def test_a_decision_about_a_face_that_is_another_by_then_is_refused(page: Page, out: Path) -> None:
    page.press("ArrowDown")
    page.waits_for('#chosen:has-text("Cover 0")')
    page.press("Shift+ArrowRight")
    page.at(30)
    late = Late(page, "/act$")
    page.press("s", "c")
    late.wait()
    late.let_go()
    page.says("Cover 0 is no longer what it was; nothing was done")
    page.settled()
    assert len(edits(out).splits) == 1
    assert edits(out).tracks == ()


def test_what_was_built_on_a_refused_decision_is_dropped_with_it(page: Page, out: Path) -> None:
    """The undo is meant for the extension that is refused, not for the region before it."""
    page.press("r", "r")
    page.says("Covered on")
    page.click(60, 80)
    page.waits_for('#chosen:has-text("Cover 0")')
    late = Late(page, "/act$")
    page.forgives("409 (Conflict)")
    page.press("e", "z")
    late.wait()
    late.let_go()
    page.says("1 later decision dropped with it")
    page.settled()
    assert len(edits(out).regions) == 1


def test_what_was_changed_elsewhere_is_not_decided_about(page: Page, out: Path) -> None:
    page.click(60, 80)
    page.waits_for('#chosen:has-text("Cover 0")')
    late = Late(page, "/act$")
    page.forgives("409 (Conflict)")
    page.press("c")
    late.wait()
    other = OpenClip(Shelf(out), key_of(out, "a.mp4"))
    other.perform(DrawRegion((Keyframe(60, Box(250, 180, 40, 40)),)), other.revision)
    late.let_go()
    page.says("changed elsewhere meanwhile")
    page.waits_for('#tabs:has-text("Decisions1")')
    assert edits(out).tracks == ()


def test_what_another_program_decided_is_shown_without_asking(page: Page, out: Path) -> None:
    other = OpenClip(Shelf(out), key_of(out, "a.mp4"))
    other.perform(DrawRegion((Keyframe(60, Box(250, 180, 40, 40)),)), other.revision)
    page.waits_for('#tabs:has-text("Decisions1")')
    page.settled()
    page.press("r", "r")
    page.says("Covered on")
    assert len(edits(out).regions) == 2


def test_no_picture_is_kept_under_the_name_of_another_version(
    page: Page, out: Path, frames_of: Callable
) -> None:
    """Asked for while the face was covered, answered when it is clear, and covered again."""
    page.click(60, 80)
    page.go(3)
    late = Late(page, "/frames/5.jpg")
    page.press("ArrowRight")  # fetches the next ones beforehand
    page.at(4)
    late.wait()
    page.press("x")
    page.answer("agreed")
    page.says("kept clear")
    page.settled()
    with page.page.expect_response(re.compile("/frames/5.jpg")) as answer:
        late.let_go()
    assert answer.value.status == 204
    page.press("z")
    page.says("Undone")
    page.press("ArrowRight")
    page.at(5)
    page.waits_for("#origin.good")
    rendered = frames_of(out / "a.mp4")[5]
    assert np.abs(page.picture()[..., ::-1] - rendered)[65:95, 50:70].mean() < 20


def test_the_picture_is_named_for_what_it_is_until_the_next_one_comes(page: Page) -> None:
    late = Late(page, "beneath")
    page.page.keyboard.down("p")
    late.wait()
    page.waits_for("#stage[aria-busy]:not(.beneath)")
    page.waits_for('#origin:has-text("The rendered file")')
    late.let_go()
    page.waits_for("#stage.beneath:not([aria-busy])")
    page.page.keyboard.up("p")
    page.waits_for("#stage:not(.beneath):not([aria-busy])")
    late = Late(page, "/frames/0.jpg")
    page.press("r", "r")
    page.says("Covered on")
    page.waits_for('#origin:has-text("The rendered file")')
    late.let_go()
    page.waits_for('#origin:has-text("Preview: press Render")')


def test_outlines_of_the_clip_as_it_was_are_not_taken_hold_of(page: Page, out: Path) -> None:
    page.go(69)
    page.press("r")
    page.drag((270, 25), (300, 55))
    page.says("Covered on")
    page.settled()
    late = Late(page, "/marks")
    page.press("o")
    page.says("ends here")
    page.waits_for("#stage[aria-busy]")
    page.drag((285, 40), (295, 180), settled=False)
    page.says("still on its way")
    late.let_go()
    page.drag((285, 40), (295, 180))
    page.says("Moved the region")
    (region,) = edits(out).regions
    assert region.keyframes[0].box[:2] == pytest.approx((295, 180), abs=2)


def test_a_drag_goes_on_when_a_change_arrives(page: Page, out: Path) -> None:
    page.go(69)
    page.press("r")
    page.drag((270, 25), (300, 55))
    page.says("Covered on")
    page.settled()
    late = Late(page, "/act$")
    page.press("o")
    page.page.mouse.move(*page.on_screen(285, 40))
    page.page.mouse.down()
    page.page.mouse.move(*page.on_screen(290, 110))
    late.let_go()
    page.says("ends here")
    page.settled()
    page.page.mouse.move(*page.on_screen(295, 180))
    page.page.mouse.up()
    page.says("Moved the region")
    (region,) = edits(out).regions
    assert region.keyframes[-1].box[:2] == pytest.approx((295, 180), abs=2)


def test_picks_stay_with_their_faces_when_faces_are_numbered_anew(page: Page) -> None:
    page.press("]")
    page.at(12)
    page.press("Home", "e")
    page.says("Covered up to frame 0")
    page.press("2")
    page.page.locator("#faces .tile .pick").nth(3).click()
    page.waits_for('#faces .tile[aria-selected="true"] .line:has-text("3")')
    page.click(60, 80)
    page.waits_for('#chosen:has-text("1 cover picked")')
    page.press("Shift+ArrowRight", "s")  # the part of face 0 that is split off is face 3 now
    page.says("Another cover begins")
    page.settled()
    picked = page.page.locator('#faces .tile[aria-selected="true"] .line')
    assert [text.strip() for text in picked.all_inner_texts()] == ["4"]


def test_a_face_that_another_scan_numbered_is_not_the_selected_one(page: Page, out: Path) -> None:
    page.click(60, 80)
    page.waits_for('#chosen:has-text("Cover 0")')
    late = Late(page, "/act$")
    page.forgives("409 (Conflict)")
    page.press("c")
    late.wait()  # else the page may hear of the new plan before, and refuse in its own words
    shelf = Shelf(out)
    file = shelf.folder.plan_of(shelf.entry(key_of(out, "a.mp4")).fingerprint)
    plan = load_plan(file)
    renumbered = [replace(track, id=2 - track.id) for track in plan.tracks]
    save_plan(plan.with_tracks(renumbered, plan.doubts), file)
    late.let_go()
    page.says("changed elsewhere meanwhile")
    page.waits_for('#chosen:has-text("a.mp4")')
    page.settled()
    page.press("c")
    page.says("Select a cover first")
    assert edits(out) is None


def test_thumbnails_are_named_by_where_their_face_is(page: Page) -> None:
    """So that no face is shown in the place of another that had its number."""
    page.press("2")
    page.waits_for("#faces .tile >> nth=2")
    assert page.page.locator("aside img").count() == 0  # uncovered only after a press
    page.press("b")
    page.waits_for("#faces img >> nth=2")
    sources = page.page.evaluate("[...document.querySelectorAll('#faces img')].map((i) => i.src)")
    assert len(set(sources)) == 3
    assert all(re.search(r"/faces/\d+\.jpg\?box=", source) for source in sources)


def test_a_doubt_counts_as_visited_only_when_it_was(page: Page) -> None:
    """The one that was visited is settled, and the next takes its place in the list."""
    page.page.click('#doubts .row:has-text("Not covered")')
    page.waits_for("#doubts .row.visited")
    page.press("c")
    page.says("Covered on frames 30 to 32")
    page.waits_for('#tabs:has-text("Doubts1")')
    assert page.page.locator("#doubts .row.visited").count() == 0


def test_a_click_is_not_lost_when_the_list_is_drawn_in_between(page: Page) -> None:
    page.page.hover('#clips .row:has-text("b ü.mp4")')
    page.page.mouse.down()
    with page.page.expect_response(re.compile("/api/clips$")):
        page.page.evaluate("document.querySelector('#filter').dispatchEvent(new Event('input'))")
    page.page.mouse.up()
    page.waits_for('#clips .row[aria-selected="true"]:has-text("b ü.mp4")')


def test_a_render_from_before_the_last_decision_is_not_called_the_result(
    page: Page, out: Path
) -> None:
    page.press("r", "r")
    page.says("Covered on")
    key = key_of(out, "a.mp4")
    stage = "render"

    def listed(route) -> None:
        told = route.fetch().json()
        told["progress"] = [{"key": key, "stage": stage, "done": 1, "total": 2, "problem": None}]
        route.fulfill(body=json.dumps(told), content_type="application/json")

    page.page.route("**/api/clips", listed)
    page.waits_for('#clips progress[aria-label="render"]')
    stage = "done"
    page.says("You changed something during the render")
    page.waits_for("#origin.doubt")
    page.page.unroute_all(behavior="wait")


def test_what_is_being_decided_is_rendered_too(page: Page, out: Path) -> None:
    page.forgives("409 (Conflict)")  # the list's picture of the covered file that is being replaced
    late = Late(page, "/act$")
    page.press("r", "r", "Control+Enter")
    late.wait()
    late.let_go()
    page.says("Rendering 1 clip")
    page.waits_for("#origin.good")
    page.waits_for('#render:has-text("Nothing to render")')


def test_doubts_that_are_not_read_yet_are_no_end_of_them(page: Page) -> None:
    late = Late(page, "/api/queue$")
    page.page.reload()
    page.settled()
    late.wait()
    page.press("q")
    page.says("Reading the doubts of all clips")
    assert page.page.locator('#queue:has-text("Nothing waits")').count() == 0
    late.let_go()
    page.waits_for("#sheet[data-shown]")
    assert not any("Nothing waits" in said for said in page.page.evaluate("said"))
