"""Fixtures that every room's tests share."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

import blur.cli

pytest_plugins = ["batch_fixtures", "review_fixtures"]

settings.register_profile("patient", deadline=None)  # the machine may be busy with other work
settings.load_profile("patient")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups for tests side by side: a file's share what they make; two browsers starve each other
    on two cores, so the files with one are a group."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    drives = {item.path for item in items if "browser" in getattr(item, "fixturenames", ())}
    for item in items:
        group = "browser" if item.path in drives else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def _folder(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the real test material in {folder}")
    return folder


@pytest.fixture(autouse=True)
def no_unasked_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test that logs an ERROR; one that means to calls `caplog.clear()` at its end."""
    yield
    logged = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not logged, f"logged as errors: {logged}"


@pytest.fixture(autouse=True)
def scheduled_as_others() -> Iterator[None]:
    """Undoes the real-time priority that root's SVT-AV1 gives a test that encodes by it."""
    yield
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture(autouse=True)
def on_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that a test calls in its own process leaves sockets to the tests after it."""
    for module in pkgutil.iter_modules(blur.cli.__path__, "blur.cli."):
        if hasattr(importlib.import_module(module.name), "keep_off_network"):
            monkeypatch.setattr(f"{module.name}.keep_off_network", lambda: None)


@pytest.fixture(scope="session")
def shared_facedata() -> Path:
    """Real photographs and sequences; the test is skipped where they are not."""
    return _folder("facedata")


@pytest.fixture(scope="session")
def shared_clips() -> Path:
    """Real photographs filmed by a virtual phone; the test is skipped where they are not."""
    return _folder("clips")


@pytest.fixture(scope="session")
def astronaut() -> npt.NDArray[np.uint8]:
    """512x512 RGB with one upright face, about 90 pixels wide, around (224, 118)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image ships the photograph")
    return np.ascontiguousarray(data.astronaut())
