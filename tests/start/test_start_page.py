"""The whole tool in a real browser: from the first page to the first covered clip, and back."""

from __future__ import annotations

import stat
from pathlib import Path

import av
import cv2
import pytest
from cut_off import CUT_OFF
from start_page import choose_footage, opened, started

from blur.errors import Exit
from blur.store.report import load_report


@pytest.fixture
def home(tmp_path: Path, astronaut) -> Path:
    """A home with two short clips of a face in `Videos/ward ü`."""
    for name, frames in ("a.mp4", 12), ("day 2/b.mp4", 12):
        clip = tmp_path / "Videos" / "ward ü" / name
        clip.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(clip), "w") as container:
            stream = container.add_stream("libx264", 25)
            stream.width = stream.height = 256
            picture = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
            for _ in range(frames):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))
    return tmp_path


@pytest.mark.slow
def test_from_the_first_page_to_covered_clips_and_their_review(browser, home: Path) -> None:
    """The page is closed as soon as the batch runs; a second `blur start` finds it."""
    out = home / "Videos" / "ward ü covered"
    with started(home) as address, opened(browser, address) as page:
        assert page.is_disabled("#start")
        choose_footage(page, "ward ü")
        assert page.inner_text("#out-name") == str(out)
        page.click("#start")
        page.wait_for_selector("#way:has-text('Looking'), #way:has-text('At work')")
        page.wait_for_selector("#pause:visible")
    memory = home / ".local/state/blur/start.json"
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    with started(home) as address, opened(browser, address) as page:
        page.wait_for_selector("#way:text-is('Done')")
        assert page.inner_text("#count") == "2 of 2 clips covered"
        report = load_report(out)
        assert report is not None and report.exit_code == Exit.OK
        assert all(clip.tracks == 1 for clip in report.clips)
        with page.context.expect_page() as review:
            page.click("#review")
        review.value.wait_for_selector("#clips .row:has-text('day 2/b.mp4')")
        review.value.wait_for_selector("#stage[data-clip][data-shown]")


def test_the_page_says_when_an_answer_is_cut_off(browser, home: Path) -> None:
    with started(home) as address, opened(browser, address) as page:
        page.evaluate(CUT_OFF)
        page.wait_for_selector("#lost:has-text('Lost connection to blur')")
