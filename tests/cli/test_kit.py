"""A kit is complete, pinned and for its machine; pip's downloads are a stub: no test asks an index.

The whole way, with a network and then in a namespace without one, is `tests/bench/kit.sh`.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from blur.cli import kit
from blur.cli.kit import own_wheel, pins
from blur.errors import UsageError

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
TEXT = (kit.HERE / "wheels.txt").read_text()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit for this machine, with one wheel: our own, which is no wheel at all."""

    def make(folder: Path) -> Path:
        (folder / "own.whl").write_bytes(b"ours")
        return folder / "own.whl"

    def download(needs: Path, wheels: Path, tags: list[str], python: str) -> None:
        assert "--hash=sha256:" in needs.read_text() and tags
        (wheels / "pip-0-py3-none-any.whl").touch()

    monkeypatch.setattr(own_wheel, "make", make)
    monkeypatch.setattr(kit, "_download", download)
    kit.collect(tmp_path / "kit", kit.this_platform(), HERE)
    return tmp_path / "kit"


def installed(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / kit.INSTALLER), str(target)]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_platform_gets_what_it_needs_by_hash() -> None:
    for name in kit.PLATFORMS:
        machine, *_ = kit._SHARED[name]
        lines = pins.for_machine(TEXT, machine, "3.12")
        names = {line.partition("==")[0] for line in lines}
        assert {"av", "openvino", "numpy", "pip", "opencv-contrib-python"} <= names
        assert not names & pins.UNUSED
        assert ("mediapipe" in names) == (name != "linux-arm64")
        assert ("colorama" in names) == (name == "windows-x86_64")
        assert all("--hash=sha256:" in line for line in lines)


def test_the_pins_are_those_of_the_tested_set() -> None:
    tested = (Path(__file__).parents[2] / "constraints.txt").read_text()
    for line in TEXT.splitlines():
        if line[:1].isalpha():
            assert f"\n{line.split()[0]} " in tested


def test_a_marker_that_is_not_understood_is_no_guess() -> None:
    with pytest.raises(ValueError, match="not understood"):
        pins.for_machine("a==1 ; sys_platform in 'x'", kit._SHARED["macos-arm64"][0], "3.12")


def test_the_installer_begins_here_and_stops_at_a_wrong_hash(made: Path, tmp_path: Path) -> None:
    needs = (made / "requirements.txt").read_text().splitlines()
    assert needs[-1].startswith("blur-faces==") and "--hash=sha256:" in needs[-1]
    done = installed(made, tmp_path / "blur")
    assert done.returncode and "blur was not installed" in done.stderr
    assert (tmp_path / "blur" / ("Scripts" if sys.platform == "win32" else "bin")).is_dir()


def test_the_installer_refuses_another_machine_and_another_python(
    made: Path, tmp_path: Path
) -> None:
    script = made / kit.INSTALLER
    text = script.read_text()
    script.write_text(text.replace(f'PYTHON = "{HERE}"', 'PYTHON = "3.99"'))
    assert "for Python 3.99" in installed(made, tmp_path / "blur").stderr
    script.write_text(text.replace(f'CHIP = "{platform.machine()}"', 'CHIP = "abacus"'))
    assert "on abacus" in installed(made, tmp_path / "blur").stderr
    assert not (tmp_path / "blur").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(UsageError, match="not empty"):
        kit.collect(tmp_path, "linux-x86_64", "3.12")
