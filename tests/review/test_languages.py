"""The page in other languages: no text outside the catalogue, right to left, whole in Arabic."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from languages import UNTRANSLATED, WHOLE, speaks_strangely
from made_output import review
from review_page import Page

from blur.data.plan import Reason


@pytest.fixture(scope="module")
def _there(browser, shared_out: Path) -> Iterator[Page]:
    with review(shared_out) as served:
        page = Page(browser, served)
        yield page
        page.close()


@pytest.fixture
def page(_there: Page) -> Iterator[Page]:
    yield _there
    _there.page.unroute_all()
    speak(_there, "en")


def speak(page: Page, language: str) -> None:
    page.page.evaluate(f'location.search = "?language={language}"')
    page.waits_for(f'html[lang="{language}"]')
    page.settled()


def test_every_text_of_the_page_is_in_the_catalogue(page: Page) -> None:
    speaks_strangely(page.page)
    speak(page, "ar")
    page.press("]")
    page.waits_for("#chosen .acts")
    assert page.page.evaluate(UNTRANSLATED) == []
    for key, there in (
        ("2", "#faces .tile"), ("3", "#decisions .empty"), ("ArrowDown", "#chosen .acts"),
        ("r", "#stage.drawing"), ("Escape", "#stage:not(.drawing)"),
        ("q", "#sheet[data-shown]"), ("ArrowLeft", "#sheet .mark:focus"), ("l", "#question"),
        ("q", "#clips .row"), ("m", "#ask[open]"), ("Escape", "body:not(:has(:modal))"),
        ("?", "#keys[open]"),
    ):  # fmt: skip
        page.press(key)
        page.waits_for(there)
        assert page.page.evaluate(UNTRANSLATED) == [], key
    page.press("Escape")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 360), (480, 800)])
def test_from_right_to_left_nothing_overflows(page: Page, width: int, height: int) -> None:
    page.page.set_viewport_size({"width": width, "height": height})
    speak(page, "ar")
    page.press("]")
    page.waits_for("#chosen .acts")
    place = page.page.evaluate(
        """() => ({
          nav: document.querySelector("nav").getBoundingClientRect().left,
          main: document.querySelector("main").getBoundingClientRect().left,
          back: document.querySelector('[data-key="ArrowLeft"]').getBoundingClientRect().left,
          on: document.querySelector('[data-key="ArrowRight"]').getBoundingClientRect().left,
          over: [...document.querySelectorAll("html, header, nav, main, aside, footer, #chosen")]
            .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.id || e.tagName),
        })"""
    )
    assert place["over"] == []
    assert place["nav"] > place["main"] or width <= 800
    assert place["back"] < place["on"], "time runs from left to right in every language"
    page.page.set_viewport_size({"width": 1280, "height": 720})


def test_arabic_has_every_text_with_its_values_and_plural_forms(page: Page) -> None:
    speak(page, "ar")
    assert page.page.evaluate(WHOLE) == []
    page.waits_for('#look:has-text("انظر في 6 شكوك")')
    page.press("?")
    page.page.select_option("#language", "en")
    page.waits_for('#look:has-text("Look at 6 doubts")')


def test_keys_work_where_the_keyboard_has_other_letters(page: Page) -> None:
    page.page.evaluate(
        """() => document.querySelector("#stage").dispatchEvent(
          new KeyboardEvent("keydown", { key: "ض", code: "KeyQ", bubbles: true }))"""
    )
    page.waits_for("#sheet:visible")
    page.press("q")


def test_the_terminal_tells_doubts_as_the_page_does() -> None:
    catalogue = (importlib.resources.files("blur.review") / "web/english.js").read_text("utf-8")
    told = dict(re.findall(r'"reason\.(\w+)": "(.*)",', catalogue))
    assert told == {str(reason): reason.words for reason in Reason}
