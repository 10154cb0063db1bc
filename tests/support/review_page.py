"""The review page in a browser, and the questions that tests ask of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from made_output import HEIGHT, WIDTH, Served

from blur.data.edits import Edits
from blur.store.plans import load_edits
from blur.store.shelf import Shelf

PATIENCE = 120_000
"""Milliseconds: a busy machine is no failure."""


_LISTEN = """
window.said = [];
addEventListener("DOMContentLoaded", () => {
  const line = document.querySelector("#status");
  const hear = new MutationObserver(() => said.push(line.textContent));
  if (line) hear.observe(line, { childList: true });
});
"""


class Page:
    """The review page with a clip open."""

    def __init__(self, browser, served: Served, width: int = 1280, height: int = 720) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.add_init_script(_LISTEN)
        self.errors: list[str] = []
        self.heard = 0
        self.forgiven: str | None = None
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda said: (
                said.type == "error" and self.errors.append(f"{said.text} {said.location}")
            ),
        )
        self.served = served
        self.page.goto(served.address)
        self.settled()

    def forgives(self, error: str) -> None:
        """Let the browser's console tell of errors that the test brings about."""
        self.forgiven = error

    def close(self) -> None:
        self.context.close()
        left = [e for e in self.errors if not self.forgiven or self.forgiven not in e]
        assert left == [], left

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def settled(self) -> None:
        """Wait until a clip is open and all that it shows is there, as it was decided."""
        self.waits_for("#stage[data-clip][data-shown]:not([aria-busy])")

    def at(self, frame: int) -> None:
        """Wait until this very frame is on the screen."""
        self.waits_for(f'#stage[data-clip][data-shown="{frame}"]:not([aria-busy])')
        assert self.page.input_value("#goto") == str(frame)

    def go(self, frame: int) -> None:
        self.press("g")
        self.page.keyboard.type(str(frame))
        self.press("Enter")
        self.at(frame)

    def says(self, text: str) -> None:
        """Wait until the page says this, after what it was last heard to say; or hear that it did:
        it falls silent after some seconds."""
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline:
            said = self.page.evaluate("said")
            for number in range(self.heard, len(said)):
                if text in said[number]:
                    self.heard = number + 1
                    return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{text!r} was not said: {said[self.heard :]}")

    def waits_for(self, selector: str, **how: Any) -> None:
        self.page.wait_for_selector(selector, **how)

    def has(self, selector: str, *texts: str) -> None:
        """Wait until the elements are these, by their texts, in order."""
        from playwright.sync_api import expect  # only where there is a browser

        expect(self.page.locator(selector)).to_have_text(list(texts), timeout=PATIENCE)

    def open(self, name: str) -> None:
        self.page.click(f'#clips .row:has-text("{name}")')
        self.waits_for(f'#clips .row[aria-selected="true"]:has-text("{name}")')
        self.settled()
        self.waits_for(f'#chosen:has-text("{name}")')

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the clip is on the page."""
        stage = self.page.locator("#stage").bounding_box()
        scale = min(stage["width"] / WIDTH, stage["height"] / HEIGHT)
        left = stage["x"] + (stage["width"] - WIDTH * scale) / 2
        top = stage["y"] + (stage["height"] - HEIGHT * scale) / 2
        return left + x * scale, top + y * scale

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], settled: bool = True
    ) -> None:
        if settled:
            self.settled()
        self.page.mouse.move(*self.on_screen(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.on_screen((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
        self.page.mouse.move(*self.on_screen(*end))
        self.page.mouse.up()

    def click(self, x: float, y: float) -> None:
        self.settled()
        self.page.mouse.click(*self.on_screen(x, y))

    def answer(self, text: str) -> None:
        self.waits_for("#ask[open]")
        self.page.keyboard.type(text)
        self.press("Enter")

    def picture(self) -> np.ndarray:
        """The clip's picture as shown, WIDTH x HEIGHT, with no outline but the selected face's."""
        self.settled()
        self.press("h")
        shot = self.page.screenshot()
        self.press("h")
        whole = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
        (x0, y0), (x1, y1) = self.on_screen(0, 0), self.on_screen(WIDTH, HEIGHT)
        part = whole[round(y0) : round(y1), round(x0) : round(x1)]
        return cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(int)


def edits(out: Path, name: str = "a.mp4") -> Edits | None:
    """What was decided about a clip, if anything was."""
    shelf = Shelf(out)
    file = shelf.folder.edits_of(shelf.entry(shelf.find(name)).fingerprint)
    return load_edits(file) if file.exists() else None
