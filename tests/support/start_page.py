"""`blur start` as its user runs it, in a browser."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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


def choose_footage(page, name: str) -> None:
    page.click("#footage")
    page.click("#places button:text-is('Videos')")
    page.click(f"#folders button:text-is('{name}')")
    page.wait_for_selector(f"#here:has-text('{name}')")
    page.click("#take")
    page.wait_for_selector(f"#footage-name:has-text('{name}')")
