"""Fixtures of the review, the previews and the exports."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from made_output import Served, film, make_output, review
from review_page import Page

_CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviewed")
    for number, name in enumerate(["a.mp4", "day 1/b ü.mp4", "day 1/c.mp4"]):
        film(folder / "in" / name, number)
    make_output(folder)
    return folder


@pytest.fixture
def out(_template: Path, tmp_path: Path) -> Path:
    """An output folder of three rendered clips; its inputs are beside it in `in`."""
    shutil.copytree(_template, tmp_path / "reviewed")
    return tmp_path / "reviewed" / "out"


@pytest.fixture(scope="module")
def shared_out(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder that the tests of a module only look at."""
    folder = tmp_path_factory.mktemp("shared") / "reviewed"
    shutil.copytree(_template, folder)
    return folder / "out"


@pytest.fixture
def frames_of() -> Callable[[Path], list[np.ndarray]]:
    """All frames of a clip, as RGB."""

    def read(path: Path) -> list[np.ndarray]:
        with av.open(path) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    return read


@pytest.fixture
def served(out: Path) -> Iterator[Served]:
    with review(out) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    if _CHROMIUM is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, served: Served) -> Iterator[Page]:
    page = Page(browser, served)
    page.open("a.mp4")
    yield page
    page.close()
