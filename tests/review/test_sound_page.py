"""Sound of the review: heard when asked for, seen as a wave, taken out of a span."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe import broken_rules, needs_axe
from footage import Recipe, make
from made_output import LOSSLESS, Served, make_output
from msgspec.structs import replace
from passing import heard
from review_page import Page, edits
from test_server import Client

from blur.data.loudness import loudness
from blur.review.open_clip import OpenClip
from blur.settings import AudioMode
from blur.store.shelf import Shelf

RATE = 48_000
LATE = 0.2
"""Seconds by which the pictures begin after the sound: marked spans are of the clip's clock."""
HEADER = 44


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 3 s whose covered file keeps its sound."""
    folder = tmp_path_factory.mktemp("spoken")
    (folder / "in").mkdir()
    pts = tuple(range(2560, 2560 + 75 * 512, 512))
    make(folder / "in" / "a.mp4", Recipe(pts=pts, audio=[("aac", 0)]))
    make_output(folder, replace(LOSSLESS, output=replace(LOSSLESS.output, audio=AudioMode.KEEP)))
    return folder


@pytest.fixture
def out(spoken: Path, tmp_path: Path) -> Path:
    shutil.copytree(spoken, tmp_path / "spoken")
    return tmp_path / "spoken" / "out"


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    yield Client(served.port).enter(served.token)


def samples_of(path: Path) -> np.ndarray:
    """(2, n) samples of 16 bits from second 0 on."""
    ((start, samples),) = heard(path)
    first = round(start * RATE)
    return np.pad(samples[:, max(0, -first) :], ((0, 0), (max(0, first), 0)))


def test_sound_comes_in_parts_of_the_file_that_is_asked_for(out: Path, client: Client) -> None:
    (row,) = client.ask("GET", "/api/clips")[1]["clips"]
    clip = f"/api/clips/{row['key']}"
    view = client.ask("GET", clip)[1]
    assert view["audible"] == [[0, 75]] and view["heard"] == [] and view["whole"]
    shown = {f"v={view['version']}": out / "a.mp4", "beneath": out.parent / "in" / "a.mp4"}
    for side, path in shown.items():
        address = f"{clip}/sound.wav?{side}"
        status, head = client.ask("GET", address, Range=f"bytes=0-{HEADER - 1}")
        assert status == 206 and head[:4] == b"RIFF" and len(head) == HEADER
        size = HEADER + 4 * round((3 + LATE) * RATE)
        assert client.headers["Content-Range"] == f"bytes 0-{HEADER - 1}/{size}"
        assert client.headers["Cache-Control"] == "no-store"
        first = 4 * RATE // 2 + 1  # amid a sample
        _, part = client.ask("GET", address, Range=f"bytes={HEADER + first}-{HEADER + 200_000}")
        wanted = samples_of(path)
        ours = (
            np.frombuffer(part[3 : 3 + len(part[3:]) // 4 * 4], "<i2").reshape(-1, 2).T.astype(int)
        )
        begin = first // 4 + 1
        assert np.abs(ours - wanted[:, begin : begin + ours.shape[1]]).max() < 8
        drawn = np.frombuffer(client.ask("GET", f"{clip}/loudness?{side}")[1], np.uint8)
        exact = loudness([(0, wanted / 32768)], RATE, 3 + LATE)
        assert drawn.size == 160 and np.abs(drawn.astype(int) - exact).max() <= 1
        assert client.ask("GET", address)[0] == 416
    assert client.ask("GET", f"{clip}/sound.wav?v=older", Range="bytes=0-")[0] == 204
    (out.parent / "in").rename(out.parent / "disk")
    status, told = client.ask("GET", f"{clip}/sound.wav?beneath", Range="bytes=0-")
    assert status == 409 and told["remedy"].startswith("connect its disk")
    assert client.ask("GET", f"{clip}/sound.wav?v={view['version']}", Range="bytes=0-")[0] == 206


def test_sound_is_heard_on_request_and_taken_out_of_a_marked_span(page: Page, out: Path) -> None:
    paused = "document.querySelector('#sound').paused"
    page.press("Space")
    page.waits_for('#stage[data-speed="1"]')
    assert page.page.evaluate(paused) and not page.page.is_visible("#ear")
    page.press("k", "u", "5")
    page.says("Mark in (I) and out (O) first")
    page.go(10)
    page.press("i")
    page.go(19)
    page.press("o", "5")
    page.says("Silent on frames 10 to 19")
    page.waits_for("#ear", state="hidden")  # what was heard is no longer what will be rendered
    ((start, end),) = edits(out).sound.mutes
    assert (start, end) == pytest.approx((0.4 + LATE, 0.8 + LATE))
    page.waits_for('#chosen:has-text("Give the sound back")')
    page.press("i")
    page.go(15)
    page.press("i")
    page.go(19)
    page.press("o", "Shift+T")
    page.says("A tone in place of the sound on frames 15 to 19")
    assert edits(out).sound.bleeps == (pytest.approx((0.6 + LATE, 0.8 + LATE)),)
    page.press("5")
    page.says("No part is silenced")
    assert edits(out) is None
    page.press("z")
    page.says("Undone")
    assert len(edits(out).sound.bleeps) == 1


@needs_axe
def test_no_rule_of_axe_is_broken_while_the_original_is_heard(page: Page) -> None:
    page.press("Shift+U")
    page.waits_for("#ear")
    page.press("m")
    page.waits_for("#ask[open]")
    assert broken_rules(page.page) == []


_BUSY = """() => {
const drawn = HTMLVideoElement.prototype.requestVideoFrameCallback;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (seen) {
  return drawn.call(this, (now, frame) =>
    frame.mediaTime > this.duration - 0.3 ? undefined : seen(now, frame));
};
}"""


def test_a_busy_browser_that_draws_no_last_frames_has_played_them(page: Page, out: Path) -> None:
    page.page.evaluate(_BUSY)
    page.press("Space")
    page.waits_for('#stage:not([data-speed="0"])')
    page.at(74)
    page.press("m")
    page.answer("AB")
    page.says("Marked as watched by AB")
    (signed,) = OpenClip(Shelf(out), Shelf(out).find("a.mp4")).view().checks
    assert signed.watched == signed.seconds == 3.0


def plays_until(page: Page, seconds: float) -> None:
    while page.page.evaluate("document.querySelector('#sound').currentTime") < seconds:
        page.page.wait_for_timeout(20)


def test_what_was_heard_counts_and_the_rest_is_told_to_who_signs(page: Page, out: Path) -> None:
    page.waits_for('#chosen:has-text("3.0 s of its sound not listened to yet")')
    page.press("Space")  # seen, not heard
    page.waits_for('#stage:not([data-speed="0"])')
    page.waits_for('#stage[data-speed="0"]')
    page.go(0)
    page.press("Shift+U")
    page.says("Sound of the original on")
    page.waits_for('#ear.bad:has-text("You hear the original")')
    page.press("Space")
    plays_until(page, 0.5)
    page.press("k", "Home", "u")  # the covered file's sound in its place
    page.says("Sound on")
    page.press("Space")
    page.waits_for('#chosen:not(:has-text("3.0 s of its sound"))')
    plays_until(page, 1.3)  # a busy browser plays on for a while
    page.press("k", "u")
    page.says("Sound off")
    page.waits_for("#ear", state="hidden")
    page.press("m")
    page.waits_for('#ask:has-text("of the sound that it keeps were not listened to yet")')
    page.answer("AB")
    page.says("Marked as watched by AB")
    (signed,) = OpenClip(Shelf(out), Shelf(out).find("a.mp4")).view().checks
    assert signed.watched == signed.sounding == 3.0 and 1 < signed.heard < 2.9
    assert f"% watched, {int(100 * signed.heard / 3)} % of the sound heard" in signed.words
    (out.parent / "in").rename(out.parent / "disk")
    page.page.reload()
    page.waits_for('#chosen button:disabled:has-text("Hear the original")')
    page.press("Shift+U")
    page.heard = 0
    page.says("The original is not here, and neither is its sound")
