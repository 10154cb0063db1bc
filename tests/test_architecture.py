"""`docs/architecture.md` against the code: every room is described, every module that it names is
there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = ROOT / "blur"
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def named_in(words: str, folder: Path) -> list[str]:
    """The names in backquotes that are no module, package or folder of `folder`, of media or of
    blur itself."""
    return [
        name
        for name in re.findall(r"`([\w/]+?)/?`", words)
        if not any(
            (place / name).is_dir() or (place / f"{name}.py").is_file()
            for place in (folder, CODE, CODE / "media")
        )
    ]


def test_every_room_stands_in_the_table_and_holds_the_modules_named_there():
    rows = dict(re.findall(r"^\| `(\w+)/`.*? \| (.*) \|$", TEXT, re.MULTILINE))
    rooms = {file.parent.name for file in CODE.glob("*/__init__.py")}
    assert set(rows) == rooms
    assert {room: named for room in rooms if (named := named_in(rows[room], CODE / room))} == {}


def test_files_named_by_their_path_exist():
    paths = re.findall(r"`((?:\w+/)+[\w.]+)`", TEXT)
    assert len(paths) > 20
    for path in paths:
        names = path, f"{path}.py", path.rsplit(".", 1)[0] + ".py"  # `room/module.function`
        folders = ROOT, CODE, CODE / "media", CODE / "review"
        assert any((folder / name).exists() for folder in folders for name in names), path
