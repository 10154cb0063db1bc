"""The whole tool in a real browser: from the first page to the first covered clip, and back."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import pytest

from blur.errors import Exit
from blur.store.report import load_report

PATIENCE = 120_000
"""Milliseconds: a busy machine is no failure."""


@contextlib.contextmanager
def started(home: Path) -> Iterator[str]:
    """The address that `blur start` prints to the user of a home folder."""
    command = [sys.executable, "-m", "blur", "start", "--no-browser"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    environment |= {"HOME": str(home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0


@contextlib.contextmanager
def opened(browser, address: str, **how: object) -> Iterator:
    context = browser.new_context(viewport={"width": 1000, "height": 900}, **how)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: said.type == "error" and errors.append(said.text))
    page.goto(address)
    page.wait_for_selector("#setup:not([hidden]), #progress:not([hidden])")
    yield page
    context.close()
    assert errors == []


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


def choose_footage(page, name: str) -> None:
    page.click("#footage")
    page.click("#places button:text-is('Videos')")
    page.click(f"#folders button:text-is('{name}')")
    page.wait_for_selector(f"#here:has-text('{name}')")
    page.click("#take")
    page.wait_for_selector(f"#footage-name:has-text('{name}')")


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
