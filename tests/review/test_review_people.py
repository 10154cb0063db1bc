"""People on the review page: found over clips, shown covered, decided about when confirmed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import known_person
import pytest
from made_output import Served, review
from review_page import Page, edits

from blur.data.arrays import Picture
from blur.review.acts import SplitFace
from blur.review.open_clip import OpenClip
from blur.store.shelf import Shelf


@pytest.fixture
def out(tmp_path: Path, astronaut: Picture) -> Path:
    names = [f"{number}.mp4" for number in range(4)]
    tracks = {name: (known_person.person(1), known_person.elsewhere(2, x=300)) for name in names}
    return known_person.make(tmp_path, astronaut, tracks)


@pytest.fixture
def page(browser, out: Path) -> Iterator[Page]:
    served: Served
    with review(out) as served:
        page = Page(browser, served)
        yield page
        page.close()


def test_a_person_is_kept_clear_in_all_clips_with_five_presses(page: Page, out: Path) -> None:
    shown = page.page
    shown.click("#who")
    page.waits_for("#people .card")
    assert shown.inner_text("#people .card h3") == "Appears in 4 clips"
    assert shown.locator("#people .card").count() == 1
    covered = shown.get_attribute("#people .card img", "src")
    shown.click("#people .show")
    assert shown.get_attribute("#people .card img", "src") != covered
    shown.click("#people .keep")
    page.waits_for("#people .confirm")
    assert shown.locator("#people .span").count() == 4
    assert shown.locator("#people .span img").count() >= 4
    shown.fill("#people .reason", "consented")
    shown.fill("#people .consent", "form 12")
    shown.uncheck("#people .span:nth-of-type(4) input")
    assert all(edits(out, f"{number}.mp4") is None for number in range(4))
    shown.click("#people .confirm")
    page.says("3 spans kept clear.")
    decided = [edits(out, f"{number}.mp4") for number in range(4)]
    kept = [edit for found in decided if found for edit in found.tracks]
    assert [(e.decision, e.reason, e.consent, e.confirmed) for e in kept] == [
        ("keep", "consented", "form 12", False)
    ] * 3
    page.waits_for('#people .card .clear:has-text("3 uncovered")')  # to go on with the next person
    assert shown.inner_text("#people .about") == "3 spans kept clear."
    shown.click("#people .undo")
    page.waits_for('#people .about:has-text("Taken back in 3 clips.")')
    assert all(edits(out, f"{number}.mp4") is None for number in range(4))
    assert not shown.locator("#people .undo, #people .card .clear").count()
    assert shown.locator('#consents option[value="form 12"]').count() == 1
    assert shown.locator('#reasons option[value="consented"]').count() == 1  # offered again


def test_no_person_and_covered_again_but_for_a_clip_that_changed(page: Page, out: Path) -> None:
    shown = page.page
    shown.click("#who")
    page.waits_for("#people .card")
    shown.check("#people .card h3 input")
    shown.click("#people .bar .no-face")
    page.waits_for("#people .confirm")
    assert shown.input_value("#people .reason") == "not a face"
    assert not shown.locator("#people .consent").count()
    shelf = Shelf(out)
    with contextlib.closing(OpenClip(shelf, shelf.find("2.mp4"))) as elsewhere:
        elsewhere.perform(SplitFace(1, 20), elsewhere.revision)  # by another program, meanwhile
    shown.click("#people .confirm")
    page.says("3 spans uncovered: not a face. Left out: ")
    assert decided(out) == {
        "0.mp4": ["no-face"],
        "1.mp4": ["no-face"],
        "2.mp4": [],
        "3.mp4": ["no-face"],
    }
    page.waits_for("#people .card")
    shown.click("#people .card .cover")
    page.waits_for("#people .confirm")
    shown.click("#people .confirm")
    page.says("spans covered.")
    assert decided(out) == {f"{number}.mp4": ["cover"] for number in range(4)}


def decided(out: Path) -> dict[str, list[str]]:
    found = {f"{number}.mp4": edits(out, f"{number}.mp4") for number in range(4)}
    return {name: [e.decision for e in made.tracks] if made else [] for name, made in found.items()}


def test_a_person_of_one_clip_is_kept_clear_on_the_spans_that_were_seen(
    browser, tmp_path: Path, astronaut: Picture
) -> None:
    """A chain is a proposal: each of its spans is shown, and only what is confirmed is clear."""
    first, second = known_person.person(1, end=18), known_person.person(2, start=22)
    tracks = replace(first, chain=1), replace(second, chain=1), known_person.elsewhere(3, x=300)
    out = known_person.make(tmp_path, astronaut, {"a.mp4": tracks})
    with review(out) as served:
        page = Page(browser, served)
        shown = page.page
        page.open("a.mp4")
        page.press("2")
        page.waits_for("#faces .tile >> nth=2")
        labels = shown.locator("#faces .tile").evaluate_all(
            "tiles => tiles.map(tile => tile.getAttribute('aria-label').trim())"
        )
        assert labels == ["Person 1, cover 1", "Person 1, cover 2", "Cover 3"]
        shown.locator("#faces .tile").nth(2).click()
        page.waits_for('#chosen h2:has-text("Cover 3")')
        assert shown.locator("#chosen .person").count() == 0
        shown.locator("#faces .tile").nth(1).click()
        shown.click("#chosen .person")
        page.waits_for("#people .confirm")
        assert shown.locator("#people .span").count() == 2
        assert shown.locator("#people .span img").count() >= 2
        shown.fill("#people .reason", "consented")
        shown.uncheck("#people .span:nth-of-type(2) input")
        shown.click("#people .confirm")
        page.says("1 span kept clear.")
        page.close()
    decided = edits(out, "a.mp4")
    assert decided is not None
    [kept] = decided.tracks
    assert (kept.path[0].frame, kept.path[-1].frame) == (0, 17)


def test_the_page_tells_that_it_looks_for_a_person_s_spans(page: Page) -> None:
    shown = page.page
    waiting: list[Any] = []
    shown.route("**/offers?*", lambda route: waiting.append(route))
    shown.click("#who")
    page.waits_for("#people .card")
    shown.click("#people .keep")
    page.waits_for('#people .about:has-text("Looking for these faces in all clips")')
    while not waiting:
        shown.wait_for_timeout(20)
    waiting[0].continue_()
    page.waits_for('#people .about:has-text("Is this the same person")')


def test_what_is_known_is_forgotten_when_the_list_closes(page: Page) -> None:
    page.forgives("409")
    shown = page.page
    shown.click("#who")
    page.waits_for("#people .card img")
    url = shown.get_attribute("#people .card img", "src")
    assert shown.evaluate("url => fetch(url).then(a => a.status)", url) == 200
    shown.click("#people .close")
    shown.wait_for_function("url => fetch(url).then(a => a.status === 409)", arg=url)
