"""Windows' ways, with a fake of each: no test here ran on Windows itself."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from blur.disk import atomic, places
from blur.errors import OutputError
from blur.store.names import stays_inside


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of refused changes: each file is held open by another program for two tries."""
    monkeypatch.setattr(atomic, "WINDOWS", True)
    monkeypatch.setattr(atomic, "_TRIES", (0, 0, 0))
    refused: list[str] = []

    def refusing(real):
        def call(self, *given, **named):
            if refused.count(self.name) < 2:
                refused.append(self.name)
                raise PermissionError(13, "The process cannot access the file")
            return real(self, *given, **named)

        return call

    for way in ("replace", "unlink"):
        monkeypatch.setattr(Path, way, refusing(getattr(Path, way)))
    return refused


def test_a_file_that_is_held_open_for_a_moment_is_replaced_and_removed(
    tmp_path: Path, held: list[str]
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"old")
    atomic.write(file, b"new")
    assert file.read_bytes() == b"new" and len(held) == 2
    assert atomic.remove(file) and len(held) == 4
    assert not list(tmp_path.iterdir())


def test_a_file_that_stays_open_is_named_and_the_old_one_whole(
    tmp_path: Path, held: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "_TRIES", (0,))
    file = tmp_path / "a.json"
    file.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"a\.json: cannot be written"):
        atomic.write(file, b"new")
    assert file.read_bytes() == b"old"


def test_modes_are_not_asked_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.touch(0o644)
    assert not atomic.is_private(file)
    monkeypatch.setattr(atomic, "WINDOWS", True)
    assert atomic.is_private(file)


def test_a_place_below_a_drives_own_folder_becomes_absolute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os.path, "abspath", lambda path: f"/D/CARD/{path}")
    path: Path = PureWindowsPath(r"D:DCIM\x.mov")  # type: ignore[assignment]
    assert places.absolute(path) == Path(r"/D/CARD/D:DCIM\x.mov")
    assert places.absolute(Path("a/../b")) == Path.cwd() / "a/../b"


@pytest.mark.parametrize("name", ["D:x.mp4", "C:/x.mp4", "a\\..\\..\\x.mp4", "a.mp4:hidden"])
def test_a_name_that_leads_elsewhere_on_windows_is_no_output(name: str) -> None:
    assert not stays_inside(PurePosixPath(name), windows=True)
    assert stays_inside(PurePosixPath("day 1/x.mp4"), windows=True)
