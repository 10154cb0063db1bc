"""The start page for who uses no mouse or does not see well, and for who chooses wrongly."""

from __future__ import annotations

from pathlib import Path

from axe import broken_rules, needs_axe
from start_page import opened, started


def focused(page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent")


@needs_axe
def test_keys_reach_all_and_no_rule_of_axe_is_broken(browser, tmp_path: Path) -> None:
    """Footage without a clip, then with one file that is none: the batch ends soon and says so."""
    footage = tmp_path / "Videos" / "card"
    (footage / "day").mkdir(parents=True)
    with started(tmp_path) as address, opened(browser, address) as page:
        page.focus("#footage")
        page.keyboard.press("Enter")
        page.focus("#folders button:text-is('Videos')")
        for into in ("card", "day"):
            page.keyboard.press("Enter")
            page.wait_for_selector(f"#folders button:text-is('{into}')")
            assert focused(page) == into
        assert broken_rules(page) == []
        page.click("#take")
        page.wait_for_selector("#footage-name:has-text('card')")
        page.wait_for_selector("#estimate:has-text('no clip')")
        page.click("#out")
        page.wait_for_selector(f"#here:text-is('{footage.parent}')")  # the proposal is not made yet
        page.click("#cancel")
        (footage / "damaged.mov").write_bytes(bytes(900))
        page.focus("#presets :checked")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("#presets [value=master]:checked")
        page.wait_for_selector("#start:enabled")
        assert page.evaluate("document.activeElement.value") == "master"
        page.focus("#start")
        page.keyboard.press("Enter")
        page.wait_for_selector("#way:has-text('failed')")
        assert focused(page) in ("progress", "start")
        assert page.inner_text("#count") == "0 of 1 clip covered"
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert broken_rules(page) == []
