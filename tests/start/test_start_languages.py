"""The start page in other languages: Arabic is whole, no text stands beside the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe import broken_rules, needs_axe
from languages import UNTRANSLATED, WHOLE, speaks_strangely
from start_page import choose_footage, opened, started


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    home = tmp_path_factory.mktemp("home")
    (home / "Videos" / "عيادة").mkdir(parents=True)
    (home / "Videos" / "عيادة" / "damaged.mov").write_bytes(bytes(900))
    with started(home) as address, opened(browser, address) as page:
        speak(page, "ar")
        choose_footage(page, "عيادة")
        page.wait_for_selector("#estimate:has-text('ملف واحد لا يمكن تغطيته')")
        yield page


def speak(page, language: str) -> None:
    page.select_option("#language", language)
    page.wait_for_selector(f'html[lang="{language}"]')
    page.wait_for_selector("#presets input")


def test_arabic_is_whole_and_runs_from_right_to_left(page) -> None:
    assert page.evaluate(WHOLE) == []
    assert page.get_attribute("html", "dir") == "rtl"
    for width in (1000, 480):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1000, "height": 900})


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_axe_is_broken_in_arabic(page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    assert broken_rules(page) == []


def test_every_text_is_in_the_catalogue(page) -> None:
    speaks_strangely(page)
    page.reload()
    page.wait_for_selector("#footage-name:has-text('عيادة')")
    page.wait_for_selector("#estimate:has-text('⟦')")
    assert page.evaluate(UNTRANSLATED) == []
    page.click("#out")
    page.wait_for_selector("#folders li")
    page.wait_for_selector("#places button:text-is('Videos')")
    names = page.locator("#places button, #folders button").all_inner_texts()
    assert set(page.evaluate(UNTRANSLATED)) <= set(names)
    page.click("#cancel")
    page.click("#start")
    page.wait_for_selector("#failures li")
    failed = page.locator("#failures li, #failures li span").evaluate_all(
        "all => all.map((e) => e.firstChild.textContent)"
    )
    assert set(page.evaluate(UNTRANSLATED)) <= {*names, *failed}  # names, and the server's words
