"""The list of clips: its order, folders, picks and small pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from made_output import review
from msgspec.structs import replace
from review_page import Page

from blur.data.findings import Audit, Residual
from blur.data.plan import Box
from blur.errors import DecodeError
from blur.review.glimpse import Glimpses
from blur.store.shelf import Shelf


@pytest.fixture(scope="module")
def page(browser, shared_out: Path) -> Iterator[Page]:
    with review(shared_out) as served:
        page = Page(browser, served)
        yield page
        page.close()


def lists(page: Page, *names: str) -> None:
    page.has("#clips .row .line:first-child .name", *names)


def has_picked(page: Page, *names: str) -> None:
    page.has('#clips .row[aria-checked="true"] .name bdi', *names)


def test_the_list_is_sorted_and_grouped_by_folder(page: Page) -> None:
    page.page.select_option("#order", "name")
    lists(page, "a.mp4", "day 1/b ü.mp4", "day 1/c.mp4")
    page.page.select_option("#order", "folder")
    lists(page, "In no folder", "a.mp4", "day 1", "b ü.mp4", "c.mp4")
    page.page.click('#clips .folder:has-text("day 1")')
    lists(page, "In no folder", "a.mp4", "day 1")
    page.page.focus("#stage")
    page.press("PageDown")  # to a clip in the folded folder
    page.waits_for('#clips .row[aria-selected="true"]:has-text("b ü.mp4")')
    page.settled()
    lists(page, "In no folder", "a.mp4", "day 1", "b ü.mp4", "c.mp4")


def test_picked_clips_have_their_doubts_to_themselves(page: Page) -> None:
    page.page.select_option("#order", "folder")
    page.waits_for('#look:has-text("6 doubts")')
    page.page.focus("#clips")
    page.press("End", "Space")
    has_picked(page, "c.mp4")
    page.waits_for('#marked:has-text("1 clip picked"):has-text("Render 0")')
    page.waits_for('#look:has-text("2 doubts")')
    page.page.click('#clips .row:has-text("a.mp4")', modifiers=["Shift"])
    has_picked(page, "In no folder", "a.mp4", "day 1", "b ü.mp4", "c.mp4")
    page.page.click('#clips .folder:has-text("day 1") .pick')
    has_picked(page, "In no folder", "a.mp4")
    page.page.click("#marked button")
    page.waits_for('#sheet:has-text("2 to go")')
    page.press("q")
    page.page.click('#marked button:has-text("Pick none")')
    page.waits_for('#look:has-text("6 doubts")')
    page.page.focus("#clips")
    page.press("Control+a")
    has_picked(page, "In no folder", "a.mp4", "day 1", "b ü.mp4", "c.mp4")
    page.press("Escape")
    has_picked(page)
    page.waits_for("#marked", state="hidden")


def test_each_row_has_a_small_picture_of_the_covered_clip(page: Page, shared_out: Path) -> None:
    page.page.select_option("#order", "name")
    page.page.wait_for_function(
        """() => [...document.querySelectorAll("#clips .glimpse img")]
          .filter((image) => image.naturalWidth === 160).length === 3"""
    )
    shelf = Shelf(shared_out)
    made = Glimpses(shelf).of(shelf.find("a.mp4"))
    shown = cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    with av.open(shared_out / "a.mp4") as container:
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    small = [cv2.resize(f, (160, 120), interpolation=cv2.INTER_AREA) for f in frames]
    errors = [np.abs(shown - frame).mean() for frame in small]
    assert min(errors) < np.median(errors) / 2


def test_no_picture_is_shown_of_a_file_that_changed_or_may_show_a_face(out: Path) -> None:
    shelf = Shelf(out)
    key = shelf.find("a.mp4")
    assert next(row for row in shelf.rows() if row.key == key).picture
    entry = shelf.entry(key)
    face = Residual(frame=1, seconds=0.1, box=Box(1, 1, 1, 1), sure=0.9, seen_by=["a"])
    audit = Audit(
        frames=9, looked=9, closeups=0, sampling="all", detectors=["a"], residuals=[face], seconds=1
    )
    assert entry.report is not None
    shelf._entries[key] = replace(entry, report=replace(entry.report, audits=[audit]))
    assert next(row for row in shelf.rows() if row.key == key).picture is None
    (out / "a.mp4").write_bytes(b"another")
    with pytest.raises(DecodeError, match="no covered file"):
        Glimpses(shelf).of(key)
