"""The covered clip's sound on the page: heard when asked for, silenced in a span."""

from __future__ import annotations

from pathlib import Path

import pytest
from footage import Recipe, make
from made_output import LOSSLESS, make_output
from msgspec.structs import replace
from review_page import Page, edits

from blur.settings import AudioMode


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    make(tmp_path / "in" / "a.mp4", Recipe(pts=tuple(range(0, 50 * 512, 512)), audio=[("aac", 0)]))
    kept = replace(LOSSLESS, output=replace(LOSSLESS.output, audio=AudioMode.KEEP))
    return make_output(tmp_path, kept)


def test_sound_is_heard_on_request_and_silenced_in_a_marked_span(page: Page, out: Path) -> None:
    muted = "document.querySelector('#video').muted"
    page.press("Space", "k")
    assert page.page.evaluate(muted)
    page.press("5")
    page.says("Mark in (I) and out (O) first")
    page.press("u")
    page.says("Sound on")
    assert not page.page.evaluate(muted)
    page.go(10)
    page.press("i")
    page.go(19)
    page.press("o", "5")
    page.says("Silent on frames 10 to 19")
    ((start, end),) = edits(out).sound.mutes
    assert (start, end) == pytest.approx((0.4, 0.8))
    page.waits_for('#chosen:has-text("Give the sound back")')
    page.press("5")
    page.says("No part is silenced")
    assert edits(out) is None
    page.press("z")
    page.says("Undone")
    assert len(edits(out).sound.mutes) == 1
