"""Every command of docs/tasks.md does what the page says, in its order and as it is written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import cv2
import known_person
import pytest
from click.testing import CliRunner

from blur.cli.main import main
from blur.data.arrays import Picture

PAGE = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()
COMMANDS = re.findall(r"^    (blur .+)$", PAGE, re.M)
LONG = ("blur run", "blur review")
"""Commands that other tests run to their end; here they are only read."""


def given(command: str, code: str) -> list[str]:
    return [code if word == "CODE" else word for word in shlex.split(command)[1:]]


@pytest.fixture
def place(tmp_path: Path, astronaut: Picture, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with FOOTAGE, COVERED and SURGEON.jpg."""
    faces = {"a.mp4": (known_person.person(1), known_person.elsewhere(2, x=300))}
    made = known_person.make(tmp_path, astronaut, faces)
    made.rename(tmp_path / "COVERED")
    (tmp_path / "FOOTAGE").mkdir()
    portrait = cv2.flip(astronaut[:260, 100:350], 1)
    cv2.imwrite(str(tmp_path / "SURGEON.jpg"), portrait[..., ::-1])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_work_as_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("keep_command", "edit_commands"):
        monkeypatch.setattr(f"blur.cli.{room}.keep_off_network", lambda: None)
    monkeypatch.setattr("blur.cli.main.keep_memory_private", lambda: None)
    monkeypatch.setattr("blur.cli.main.steady", lambda: None)
    code, ran = "", []
    for command in COMMANDS:
        words = given(command, code)
        if command.startswith(LONG):
            with main.commands[words[0]].make_context(words[0], words[1:]):
                continue
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, (command, done.output)
        ran.append(command)
        if "--sheet" in command:
            sheet = (place / "SURGEON.html").read_text()
            code = re.findall(r"--confirm ([\w-]+)", done.output + sheet)[-1]
    assert len(ran) == 4
    assert list((place / "COVERED" / "markers").rglob("*.edl"))
    listed = CliRunner().invoke(main, ["edits", "list", "COVERED", "a.mp4"])
    assert "agreed in writing" in listed.output
