"""Who cannot see well, or uses no mouse: axe-core's rules, the picture's share of a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe import broken_rules, needs_axe
from made_output import review
from review_page import Page

from blur.export import report_page

_LEAST = 0.6
"""Of the window's width and height that the picture has, at least."""


@pytest.fixture(scope="module")
def page(browser, shared_out: Path) -> Iterator[Page]:
    with review(shared_out) as served:
        page = Page(browser, served)
        yield page
        page.close()


@needs_axe
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_rule_of_axe_is_broken(page: Page, scheme: str) -> None:
    page.page.emulate_media(color_scheme=scheme)
    for key, there in (
        ("]", "#chosen .acts"), ("2", "#faces .tile"), ("b", "#faces img"), ("b", "#faces .blank"),
        ("q", "#sheet[data-shown]"), ("ArrowLeft", "#sheet .mark:focus"),
        ("l", "#question:visible"), ("q", "#clips .row"), ("m", "#ask[open]"),
        ("Escape", "#stage"), ("w", "#ask[open]"), ("Escape", "#stage"),
        ("?", "#keys[open]"), ("Escape", "#stage"),
    ):  # fmt: skip
        page.press(key)
        page.waits_for(there)
        assert broken_rules(page.page) == [], key
    page.page.fill("#filter", "no such clip")
    page.waits_for("#clips .empty")
    assert broken_rules(page.page) == []
    page.page.fill("#filter", "")
    page.page.click("#view")
    page.waits_for("#views #loop")
    assert broken_rules(page.page) == []
    page.press("Escape")


@needs_axe
def test_no_rule_of_axe_is_broken_by_the_report(browser, shared_out: Path) -> None:
    report_page.write(shared_out)
    context = browser.new_context()
    page = context.new_page()
    page.goto((shared_out / "report.html").as_uri())
    assert broken_rules(page) == []
    context.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (640, 360), (480, 800)])
def test_the_picture_has_most_of_the_window(page: Page, width: int, height: int) -> None:
    page.page.set_viewport_size({"width": width, "height": height})
    page.waits_for("#look.main")
    for keys, there in ((["q", "ArrowLeft", "l"], "#question:visible"), ("q", "#clips .row")):
        page.press(*keys)
        page.waits_for(there)
        size = page.page.locator("#stage").bounding_box()
        assert size["width"] >= _LEAST * width
        assert size["height"] >= _LEAST * height
