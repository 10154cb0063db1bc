"""Covers under a person's hands: corrected, turned, reshaped, and found below others."""

from __future__ import annotations

from pathlib import Path

import pytest
from review_page import Page, edits


def test_a_detected_cover_is_dragged_turned_and_reshaped(page: Page, out: Path) -> None:
    page.click(185, 117)  # nothing here before the cut
    page.click(60, 80)
    page.waits_for('#chosen:has-text("Cover 0")')
    page.drag((60, 80), (90, 100))
    page.says("follows this face now. Cover 0 stays too")
    page.waits_for('#chosen:has-text("Region 1")')
    decided = edits(out)
    assert decided is not None and not decided.tracks
    (region,) = decided.regions
    first, last = region.keyframes[0].box, region.keyframes[-1].box
    assert region.ellipse and (last.cx - first.cx) == pytest.approx(22, abs=0.5)
    assert first.cx == pytest.approx(90, abs=3)

    page.settled()
    # The handle that turns stands above the box.
    stem = 26 / (page.page.locator("#stage").bounding_box()["height"] / 240)
    page.drag((first.cx, first.cy - first.h / 2 - stem), (first.cx + 60, first.cy))
    page.says("Moved the region")
    page.press("Alt+]")
    page.says("Moved the region")
    page.press("4")
    page.says("rectangle now")
    (region,) = edits(out).regions
    assert not region.ellipse
    assert region.keyframes[0].box.angle == pytest.approx(95, abs=0.2)


def test_a_detected_cover_is_corrected_with_keys_alone(page: Page, out: Path) -> None:
    page.press("ArrowDown", "Alt+ArrowRight")
    page.says("follows this face now")
    page.press("Shift+Alt+ArrowUp")
    page.says("Moved the region")
    (region,) = edits(out).regions
    assert region.keyframes[0].frame == 0


def test_clicks_go_through_what_lies_under_the_pointer(page: Page) -> None:
    page.press("r")
    page.drag((30, 40), (110, 120))
    page.waits_for('#chosen:has-text("Region 1")')
    for name in ("Cover 0", "Region 1", "Cover 0"):
        page.click(60, 80)
        page.waits_for(f'#chosen:has-text("{name}")')
