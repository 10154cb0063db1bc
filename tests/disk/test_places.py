"""Users whom the system does not know, as in a container with any number for a user."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from blur.cli import shortcut
from blur.disk.places import state_folder, user_folder
from blur.errors import Exit, UsageError
from blur.start import memory
from blur.start.folders import starts


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("unknown")
def test_a_user_without_a_home_begins_at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_folder() == Path("/") and state_folder() == Path("/.local/state/blur")
    assert memory.recall() == memory.Choice() and starts()
    monkeypatch.setattr(Path, "is_dir", lambda path: False)
    with pytest.raises(UsageError, match="no desktop"):
        shortcut.desktop()


@pytest.mark.usefixtures("unknown")
def test_a_batch_of_a_user_without_a_home_is_reported(fake) -> None:
    fake.clip("a.mov")
    assert fake.run().exit_code == Exit.OK
    assert (fake.out / "report.json").exists()
