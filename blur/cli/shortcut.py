"""Files that start `blur start` by a double click: .desktop, .command or .bat."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from blur.disk import atomic
from blur.disk.places import user_folder
from blur.errors import UsageError
from blur.process import itself

_NAMES = {"linux": "blur.desktop", "darwin": "blur.command", "win32": "blur.bat"}


def desktop() -> Path:
    """The user's desktop. Raises UsageError where there is none."""
    for folder in (_named_desktop(), user_folder() / "Desktop", user_folder() / "OneDrive/Desktop"):
        if folder is not None and folder.is_dir():
            return folder
    raise UsageError("no desktop was found", remedy="name a folder: blur shortcut FOLDER")


def make(folder: Path, system: str = sys.platform) -> Path:
    """Write the launcher of a system; one that is there is replaced. Raises OutputError."""
    system = system if system in _NAMES else "linux"
    file = folder / _NAMES[system]
    ending = "\r\n" if system == "win32" else "\n"
    text = launcher(itself.command("start"), system).replace("\n", ending)
    atomic.write(file, text.encode(), private=False)
    if system != "win32":
        file.chmod(0o755)
    return file


def launcher(command: list[str], system: str) -> str:
    """The launcher's text for a command of absolute paths. Raises UsageError for a path that a
    launcher cannot hold."""
    if any(character in part for part in command for character in '\n\r"'):
        raise UsageError("blur lies in a folder with a quote in its name", remedy="move it")
    if system == "win32":
        # A batch file takes a percent sign for a variable's.
        line = subprocess.list2cmdline(command).replace("%", "%%")
        return f"@echo off\nchcp 65001 >nul\n{line}\nif errorlevel 1 pause\n"
    if system == "darwin":
        return f"#!/bin/sh\nexec {shlex.join(command)}\n"
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Version=1.0\n"
        "Name=blur\n"
        "Comment=Cover the faces in film clips\n"
        f"Exec={' '.join(map(_quoted, command))}\n"
        "Terminal=false\n"
        "Categories=AudioVideo;Video;\n"
    )


def _quoted(argument: str) -> str:
    """An argument of the key Exec, quoted twice: once for Exec, once for a value of any key."""
    if re.fullmatch(r"[\w./-]+", argument, re.ASCII):
        return argument
    for character in "\\`$":
        argument = argument.replace(character, "\\" + character)
    return f'"{argument}"'.replace("\\", "\\\\").replace("%", "%%")


def _named_desktop() -> Path | None:
    """The desktop that the session names in its own language (`~/Schreibtisch`)."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or user_folder() / ".config") / "user-dirs.dirs"
    try:
        found = re.search(r'^XDG_DESKTOP_DIR="(.+)"$', config.read_text("utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    return Path(found[1].replace("$HOME", str(user_folder()))) if found else None
