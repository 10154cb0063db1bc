from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from blur.cli import shortcut
from blur.errors import UsageError

ODD = "/opt/b lur's $HOME `x` 100%\\"


def test_each_system_s_launcher_starts_this_very_blur(tmp_path: Path) -> None:
    for system, name in (
        ("linux", "blur.desktop"),
        ("darwin", "blur.command"),
        ("win32", "blur.bat"),
    ):
        made = shortcut.make(tmp_path, system)
        assert made == tmp_path / name and sys.executable in made.read_text()
        assert (stat.S_IMODE(made.stat().st_mode) == 0o755) == (system != "win32")
        assert (b"\r\n" in made.read_bytes()) == (system == "win32")
    shortcut.make(tmp_path, "linux")  # again, over the old one


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell of POSIX")
def test_a_launcher_of_macos_runs_a_command_in_any_folder(tmp_path: Path) -> None:
    folder = tmp_path / ODD.strip("/").replace("/", " ")
    folder.mkdir()
    program = folder / "program"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    program.chmod(0o755)
    made = tmp_path / "blur.command"
    made.write_text(shortcut.launcher([str(program), "start", ODD], "darwin"))
    made.chmod(0o755)
    assert subprocess.check_output([made], text=True) == f"start|{ODD}|"


@pytest.mark.skipif(sys.platform != "linux", reason="desktop entries are of Linux")
def test_a_desktop_entry_holds_any_folder(tmp_path: Path) -> None:
    """Read back as the specification says: the value's escapes first, then Exec's own quotes."""
    text = shortcut.launcher([ODD, "-m", "blur", "start"], "linux")
    line = next(line for line in text.splitlines() if line.startswith("Exec="))
    value = line.removeprefix("Exec=").replace("\\\\", "\\").replace("%%", "%")
    assert subprocess.check_output(["sh", "-c", f'printf "%s|" {value}'], text=True) == (
        f"{ODD}|-m|blur|start|"
    )
    if checker := shutil.which("desktop-file-validate"):
        (tmp_path / "blur.desktop").write_text(text)
        subprocess.run([checker, tmp_path / "blur.desktop"], check=True)


def test_a_batch_file_keeps_percent_signs_and_refuses_quotes() -> None:
    assert '"C:\\a b\\100%%\\python.exe" -m' in shortcut.launcher(
        ["C:\\a b\\100%\\python.exe", "-m", "blur"], "win32"
    )
    with pytest.raises(UsageError, match="quote"):
        shortcut.launcher(['/a"b'], "win32")


def test_the_desktop_is_found_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no desktop"):
        shortcut.desktop()
    (tmp_path / "Desktop").mkdir()
    assert shortcut.desktop() == tmp_path / "Desktop"
    (tmp_path / "Schreibtisch").mkdir()
    (tmp_path / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Schreibtisch"\n')
    assert shortcut.desktop() == tmp_path / "Schreibtisch"
