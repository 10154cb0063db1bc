"""The server is killed in the middle of a decision: what the page said is saved, is."""

from __future__ import annotations

from pathlib import Path

from made_output import Served, review
from review_page import Page, edits


def test_a_server_that_is_killed_in_a_save_loses_nothing_that_was_said(
    browser, page: Page, served: Served, out: Path
) -> None:
    page.press("r", "r")
    page.says("Covered on")
    page.press("r", "r")
    served.process.kill()
    served.process.wait()
    page.forgives("Failed to load resource")
    decided = edits(out)
    assert decided is not None and len(decided.regions) in (1, 2)
    with review(out) as again:
        other = Page(browser, again)
        other.open("a.mp4")
        other.waits_for(f'#tabs:has-text("Decisions{len(decided.regions)}")')
        other.press("r", "r")
        other.says("Covered on")
        other.page.reload()
        other.waits_for(f'#tabs:has-text("Decisions{len(decided.regions) + 1}")')
        other.close()
