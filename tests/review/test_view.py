"""The player's view: comparison with the original, zoom, repetition and speed."""

from __future__ import annotations

import numpy as np
from made_output import WIDTH
from review_page import Page


def test_the_original_is_shown_beside_the_covered_picture_only_when_asked(page: Page) -> None:
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.go(44)
    page.press("Home")
    page.at(0)
    covered = page.picture()
    page.press("j", "k", "Home")
    page.at(0)
    assert not [url for url in asked if "beneath" in url or "faces" in url]

    page.press("v")
    page.waits_for('#origin.bad:has-text("Left: covered. Right: the original")')
    page.at(0)
    line = page.picture()
    assert [url for url in asked if "beneath" in url]
    left = np.s_[10:-10, 10 : WIDTH // 2 - 3]  # within the red frame
    assert np.abs(line[left] - covered[left]).mean() < 3
    page.drag((WIDTH / 2, 200), (10, 200))  # now the face at 60, 80 lies beyond the line
    page.settled()
    assert np.abs(page.picture()[65:95, 50:70] - covered[65:95, 50:70]).mean() > 20

    page.press("v")
    page.at(0)
    page.press("v")
    page.waits_for("#origin.good")
    page.at(0)
    assert np.abs(page.picture() - covered).mean() < 3
    page.press("v")
    page.waits_for("#stage.beneath")
    page.open("c.mp4")
    page.waits_for("#origin:not(.bad)")


def test_a_picture_looked_at_from_near_is_moved_and_its_covers_are_hit(page: Page) -> None:
    page.press("9", "9")
    page.waits_for('#view:has-text("200 %")')
    page.settled()
    stage = page.page.locator("#stage").bounding_box()
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    by = 2 * stage["height"] / 240  # the picture's middle stays where it is
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 40 * by, y + 20 * by)
    page.page.mouse.up()
    page.settled()
    page.page.mouse.click(x - (160 - 40 - 60) * by, y - (120 - 20 - 80) * by)
    page.waits_for('#chosen:has-text("Cover 0")')
    page.press("Escape", "Alt+ArrowRight", "7")
    page.waits_for('#view:not(:has-text("%"))')


def test_a_doubt_is_played_round_and_round_at_a_chosen_speed(page: Page) -> None:
    page.page.click("#view")
    page.page.select_option("#speed", "0.5")
    page.press("Escape")
    page.waits_for('#view:has-text("0.5")')
    page.press("]")
    page.at(12)
    page.press("d")
    page.waits_for('#stage[data-speed="0.5"]')
    seen = set()
    for _ in range(40):
        seen.add(int(page.page.input_value("#goto")))
        page.page.wait_for_timeout(30)
    assert seen <= set(range(12, 20)) and len(seen) > 2
    page.press("d")
    page.waits_for('#stage[data-speed="0"]')
