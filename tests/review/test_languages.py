"""The page in other languages: no text outside the catalogue, right to left, whole in Arabic."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_output import review
from review_page import Page

from blur.data.plan import Reason

_PSEUDO = """
import { ENGLISH } from "./english.js";
const letters = { a: "á", e: "é", i: "í", o: "ó", u: "ú" };
const strange = (text) => `⟦${text.replaceAll(/\\{\\w+\\}|[aeiou]/g, (c) => letters[c] ?? c)}⟧`;
const forms = (all) => Object.fromEntries(Object.entries(all).map(([k, v]) => [k, strange(v)]));
const of = (text) => (typeof text === "string" ? strange(text) : forms(text));
export const ARABIC = Object.fromEntries(Object.entries(ENGLISH).map(([k, v]) => [k, of(v)]));
"""
"""A catalogue whose texts are told from others by their brackets."""

_UNTRANSLATED = """() => {
  const found = [];
  const told = (text) => !/[A-Za-z]{2}/.test(text.replaceAll(/⟦[^]*⟧|\\u2068[^]*?\\u2069/g, ""));
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("bdi, kbd, #status.bad, #language, script")) continue;
    for (const name of ["title", "aria-label", "placeholder"]) {
      const text = e.getAttribute(name) ?? "";
      if (text && !told(text) && !/\\.mp4$/.test(text)) found.push(`${name}: ${text}`);
    }
    const own = [...e.childNodes].filter((n) => n.nodeType === 3);
    found.push(...own.map((n) => n.textContent).filter((text) => !told(text)));
  }
  return found;
}"""

_WHOLE = """async () => {
  const [{ ENGLISH }, { ARABIC }] = await Promise.all(
    [import("./web/english.js"), import("./web/arabic.js")]);
  const values = (text) => [...new Set(text.match(/\\{\\w+\\}/g) ?? [])].sort().join();
  const wrong = [];
  const rules = new Intl.PluralRules("ar").resolvedOptions().pluralCategories;
  for (const [key, text] of Object.entries(ENGLISH)) {
    const here = ARABIC[key];
    if (typeof text === "string") {
      if (values(text) !== values(here)) wrong.push(key);
      continue;
    }
    const without = (form) => values(form.replaceAll("{n}", ""));
    if (Object.keys(here).length > 1 && rules.some((rule) => !(rule in here))) wrong.push(key);
    for (const rule of ["few", "many", "other"]) {
      if (values(here[rule] ?? here.other) !== values(text.other)) wrong.push(`${key} ${rule}`);
    }
    for (const form of Object.values(here)) {
      if (!values(text.other).includes(without(form))) wrong.push(`${key}: ${form}`);
    }
  }
  return wrong;
}"""


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
    page.page.route(
        "**/web/arabic.js",
        lambda route: route.fulfill(body=_PSEUDO, content_type="text/javascript; charset=utf-8"),
    )
    speak(page, "ar")
    page.press("]")
    page.waits_for("#chosen .acts")
    assert page.page.evaluate(_UNTRANSLATED) == []
    for key, there in (
        ("2", "#faces .tile"), ("3", "#decisions .empty"), ("ArrowDown", "#chosen .acts"),
        ("r", "#stage.drawing"), ("Escape", "#stage:not(.drawing)"), ("q", "#question"),
        ("q", "#clips .row"), ("m", "#ask[open]"), ("Escape", "#stage"), ("?", "#keys[open]"),
    ):  # fmt: skip
        page.press(key)
        page.waits_for(there)
        assert page.page.evaluate(_UNTRANSLATED) == [], key
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
    assert page.page.evaluate(_WHOLE) == []
    page.waits_for('#look:has-text("انظر في 6 شكوك")')
    page.press("?")
    page.page.select_option("#language", "en")
    page.waits_for('#look:has-text("Look at 6 doubts")')


def test_keys_work_where_the_keyboard_has_other_letters(page: Page) -> None:
    page.page.evaluate(
        """() => document.querySelector("#stage").dispatchEvent(
          new KeyboardEvent("keydown", { key: "ض", code: "KeyQ", bubbles: true }))"""
    )
    page.waits_for("#question:visible")
    page.press("q")


def test_the_terminal_tells_doubts_as_the_page_does() -> None:
    catalogue = (importlib.resources.files("blur.review") / "web/english.js").read_text("utf-8")
    told = dict(re.findall(r'"reason\.(\w+)": "(.*)",', catalogue))
    assert told == {str(reason): reason.words for reason in Reason}
