"""`blur keep`: a person is found by a photograph, and kept clear only once somebody confirmed."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import cv2
import known_person
import numpy as np
import pytest
from test_show_commands import blur

from blur.data.arrays import Picture
from blur.errors import Exit
from blur.review.recognise import clip_faces
from blur.store.plans import load_edits
from blur.store.shelf import Shelf


@pytest.fixture
def out(tmp_path: Path, astronaut: Picture) -> Path:
    return known_person.make(
        tmp_path,
        astronaut,
        {
            "a.mp4": (known_person.person(1), known_person.elsewhere(2, x=300)),
            "b.mp4": (known_person.person(1), known_person.elsewhere(2, 15, 20, x=200)),
            "c.mp4": (known_person.elsewhere(1),),
        },
    )


@pytest.fixture
def photograph(tmp_path: Path, astronaut: Picture) -> Path:
    path = tmp_path / "consented.jpg"
    portrait = cv2.flip(astronaut[:260, 100:350], 1)
    cv2.imwrite(str(path), portrait[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return path


def kept(out: Path, name: str) -> list[tuple[int, int, str, bool]]:
    shelf = Shelf(out)
    file = shelf.folder.edits_of(shelf.entry(shelf.find(name)).fingerprint)
    edits = load_edits(file).tracks if file.exists() else ()
    return [(e.path[0].frame, e.path[-1].frame + 1, e.reason, e.confirmed) for e in edits]


def test_found_shown_confirmed(out: Path, photograph: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    listed = blur("keep", out, photograph, "--sheet", sheet)
    assert "a.mp4: cover 1, frames 0-39" in listed
    assert listed.count("b.mp4: cover 1") == 2  # before and after another face came near
    assert "c.mp4" not in listed and "cover 2" not in listed
    assert kept(out, "a.mp4") == kept(out, "b.mp4") == []
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    page = sheet.read_text()
    assert page.count("<section>") == 3 and page.count("data:image/jpeg") >= 6
    code = re.search(r"--confirm (\w+)", page)
    assert code and code[1] not in listed
    said = blur("keep", out, photograph, "--confirm", "00000000", "--reason", "x", code=Exit.USAGE)
    assert "not those of the sheet" in said and kept(out, "a.mp4") == []
    assert "only for a reason" in blur(
        "keep", out, photograph, "--confirm", code[1], code=Exit.USAGE
    )
    blur(
        "keep",
        out,
        photograph,
        "--confirm",
        code[1],
        "--except",
        3,
        "--reason",
        "agreed",
        "--consent",
        "form 12",
    )
    assert kept(out, "a.mp4") == [(0, 40, "agreed", False)]
    assert "keep on 0-39: agreed (consent form 12)" in blur("edits", "list", out, "a.mp4")
    ((start, end, _, _),) = kept(out, "b.mp4")
    assert start == 0 and end <= 15
    again = blur("keep", out, photograph)
    assert "a.mp4" not in again and again.count("b.mp4: cover 1") == 1
    blur("edits", "no-face", out, "c.mp4", 1)
    assert "no-face on 0-39: not a face" in blur("edits", "list", out, "c.mp4")
    no_descriptor_in(out, [path for path in tmp_path.rglob("*") if path != photograph])


def no_descriptor_in(out: Path, files: list[Path]) -> None:
    """No part of a descriptor of the person is in any file, in any way that numbers are stored."""
    shelf = Shelf(out)
    with clip_faces(shelf, shelf.find("a.mp4")) as faces:
        ((face, _),) = faces.faces()
    values = np.array(face.look._values)
    needles = [
        values[i : i + 2].astype(kind).tobytes()
        for i in range(0, 128, 2)
        for kind in ("<f4", "<f8")
    ]
    digits = [f"{abs(value):.5f}".encode() for value in values]
    written = [path for path in files if path.is_file()]
    assert any(path.suffix == ".sqlite" for path in written)
    for path in written:
        content = path.read_bytes()
        assert not any(needle in content for needle in needles), path
        if path.suffix in (".json", ".html", ".txt", ".log"):
            assert sum(number in content for number in digits) < 3, path


def test_a_sheet_never_lies_in_an_output_folder(out: Path, photograph: Path) -> None:
    said = blur("keep", out, photograph, "--sheet", out / "sheet.html", code=Exit.USAGE)
    assert "does not belong into an output folder" in said


def test_a_decision_says_where_faces_met(out: Path) -> None:
    _, *met = blur("edits", "keep", out, "b.mp4", 1, "--reason", "agreed").splitlines()
    assert met and all(line.startswith("cover 1, frames ") for line in met), met
    assert not blur("edits", "keep", out, "b.mp4", 1, "--reason", "sure", "--confirm").splitlines()[
        1:
    ]
    assert len(blur("edits", "keep", out, "a.mp4", 1, "--reason", "agreed").splitlines()) == 1
