"""A thousand clips, and a clip of two hours with five thousand tracks, cost no more than what is
looked at. How long that takes is measured in `tests/bench/review.py`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from large_output import CLIPS, FRAMES, LONG, TRACKS, make_large_output
from made_output import GROUP, review
from review_page import Page

from blur.cover.region import _ShotTrack
from blur.data import resolve
from blur.data.edits import Decision
from blur.media.open.seek import Seeker
from blur.review import commands
from blur.review.acts import KeepOrCover
from blur.review.open_clip import OpenClip
from blur.store.shelf import Shelf

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_large_output(tmp_path_factory.mktemp("large"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Lets a function note what it is called with, and what it returns."""

    def note(where: object, name: str, what: Callable) -> list:
        found: list = []
        call = getattr(where, name)

        def noted(*given, **named):
            made = call(*given, **named)
            found.append(what(made, *given))
            return made

        monkeypatch.setattr(where, name, noted)
        return found

    return note


def test_a_list_of_a_thousand_clips_reads_two_small_files_of_each(large: Path) -> None:
    shelf = Shelf(large)
    opened: list[str] = []
    listening = [True]

    def hook(event: str, given: tuple) -> None:  # cannot be taken away again
        if listening and event == "open":
            opened.append(str(given[0]))

    sys.addaudithook(hook)
    shelf.refresh()
    rows = shelf.rows()
    listening.clear()
    assert len(rows) == CLIPS
    assert [r.doubt_seconds for r in rows] == sorted((r.doubt_seconds for r in rows), reverse=True)
    assert len(opened) < 2 * CLIPS + 20


def test_work_on_a_long_clip_is_as_much_as_what_is_looked_at(large: Path, calls: Callable) -> None:
    shelf = Shelf(large)
    opened = OpenClip(shelf, shelf.find(LONG))
    decoded = calls(Seeker, "reach", lambda made, *_: len(made))
    covered = calls(_ShotTrack, "of", lambda *_: 1)
    compared = [calls(module, "iou", lambda *_: 1) for module in (resolve, commands)]
    frames = np.random.default_rng(1).integers(0, FRAMES, 12).tolist()
    for frame in frames:
        opened.frame(frame, False, 960)
        opened.marks(frame, frame + 60)
    assert max(decoded) <= 2 * GROUP
    assert 0 < sum(covered) < 1000  # of 5,000, in the plan and once more as lanes
    opened.perform(KeepOrCover([7], Decision.KEEP, "agreed", 0, FRAMES), opened.revision)
    assert sum(map(len, compared)) < TRACKS / 10
    view = opened.view()
    assert len(view.lanes) == TRACKS
    assert len(msgspec.json.encode(view)) < 2_000_000
    opened.undo(opened.revision)


@pytest.fixture
def page(browser, large: Path) -> Iterator[Page]:
    with review(large) as served:
        page = Page(browser, served)
        yield page
        page.close()


def test_the_page_holds_and_asks_for_what_is_in_sight(page: Page) -> None:
    def count(selector: str) -> int:
        return page.page.locator(selector).count()

    page.waits_for(f'#chosen:has-text("{LONG}")')
    assert 0 < count("#clips .row") < 60
    assert 0 < count("#doubts .row") < 60
    asked: list[str] = []
    by_the_clock = ("/api/clips", "/api/queue")  # every four seconds, whatever is pressed
    ahead = "/strip.jpg?"  # of the first questions, whatever is pressed

    def note(url: str) -> None:
        if not url.endswith(by_the_clock) and ahead not in url:
            asked.append(url)

    page.page.on("request", lambda request: note(request.url))
    page.press("]")
    page.settled()
    assert len(asked) <= 3
    page.press("2")
    page.waits_for("#faces .tile")
    page.press("End")
    page.waits_for(f"#faces .tile[aria-posinset='{TRACKS}']")
    page.settled()
    assert count("#faces .tile") < 100
    assert len(asked) < 200
    assert count("*") < 2_000
