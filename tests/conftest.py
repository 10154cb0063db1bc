"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # the machine may be busy with other work
settings.load_profile("patient")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def _folder(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the real test material in {folder}")
    return folder


@pytest.fixture(scope="session")
def shared_facedata() -> Path:
    """Real photographs and sequences; the test is skipped where they are not."""
    return _folder("facedata")


@pytest.fixture(scope="session")
def shared_clips() -> Path:
    """Real photographs filmed by a virtual phone; the test is skipped where they are not."""
    return _folder("clips")
