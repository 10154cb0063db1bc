"""Hash lists; the C4 IDs were made by the format's own program, ascmhl 1.2."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from blur.errors import OutputError
from blur.export import mhl
from blur.store.folder import WorkFolder

HI = "c45JwjSStebbqWE4Ukh496L9zUAZE7EbVveaDe4yzmnP5kow3C9JStUszZv73GPusuodQALjBedm4GWKA6f7zrBaKu"
YO = "c42iTKKVZqWa9Rcigf7brXRMapiCBYxf8bJajWkRhjTc2ba1CUSxsbf94RNbD86BMibMVJdPKeKwMH8SCL1x8vsgm8"


@pytest.fixture
def work(tmp_path: Path) -> WorkFolder:
    """Two clips, and files that are no part of a delivery."""
    work = WorkFolder(tmp_path / "out")
    work.create()
    for name, content in {
        "a.mov": "hi\n", "day/b.mov": "yo\n", "report.json": "{}", "markers/a.mov.edl": "x",
        ".blur-00.part": "half",
    }.items():  # fmt: skip
        (work.out / name).parent.mkdir(exist_ok=True)
        (work.out / name).write_text(content)
    return work


def actions(work: WorkFolder, number: int) -> list[tuple[str, str, str]]:
    (file,) = (work.out / "ascmhl").glob(f"{number:04}_out_*Z.mhl")
    entries = ElementTree.parse(file).getroot().iterfind(".//{*}hash")
    return [
        (e.findtext("{*}path"), e.find("{*}c4").get("action"), e.findtext("{*}c4")) for e in entries
    ]


def test_the_hashes_are_those_of_the_formats_own_program(work: WorkFolder) -> None:
    assert mhl.write(work, {}) == mhl.Listed(1, new=2, verified=0)
    assert actions(work, 1) == [("a.mov", "original", HI), ("day/b.mov", "original", YO)]
    text = next((work.out / "ascmhl").glob("*.mhl")).read_text()
    assert os.uname().nodename not in text and str(work.out) not in text


def test_a_second_list_proves_the_first_and_adds_what_is_new(work: WorkFolder) -> None:
    mhl.write(work, {})
    (work.out / "c.mov").write_text("new")
    (work.out / "ascmhl" / "0002_out_half.mhl").write_text("<")  # a process was killed here
    assert mhl.write(work, {}) == mhl.Listed(2, new=1, verified=2)
    assert [(name, action) for name, action, _ in actions(work, 2)] == [
        ("a.mov", "verified"), ("c.mov", "original"), ("day/b.mov", "verified"),
    ]  # fmt: skip


def test_what_changed_is_named_and_nothing_is_written(work: WorkFolder) -> None:
    mhl.write(work, {})
    (work.out / "a.mov").write_text("ho\n")
    with pytest.raises(OutputError, match=r"a\.mov: changed since it was listed"):
        mhl.write(work, {})
    (work.out / "a.mov").unlink()
    with pytest.raises(OutputError, match=r"a\.mov: was listed and is gone"):
        mhl.write(work, {})
    assert not list(work.out.glob("ascmhl/0002*"))
    assert mhl.write(work, {}, anew=True) == mhl.Listed(1, new=1, verified=0)
    assert len(list(work.root.glob("ascmhl-*/*"))) == 2


def test_a_file_that_blur_did_not_make_so_is_refused(work: WorkFolder) -> None:
    made = {"a.mov": hashlib.sha256(b"hi\n").hexdigest(), "day/b.mov": "0" * 64}
    with pytest.raises(OutputError, match=r"day/b\.mov: is not the file that blur made"):
        mhl.write(work, made)


def test_a_list_that_was_changed_is_no_proof(work: WorkFolder) -> None:
    mhl.write(work, {})
    (listed,) = work.out.glob("ascmhl/*.mhl")
    listed.write_text(listed.read_text().replace("a.mov", "z.mov"))
    with pytest.raises(OutputError, match="is not the list that its chain names"):
        mhl.write(work, {})


def test_the_formats_own_program_verifies_the_folder_and_sees_a_change(work: WorkFolder) -> None:
    program = shutil.which("ascmhl")
    if program is None:
        pytest.skip("ascmhl is not installed: it wants an older click than blur")
    mhl.write(work, {})
    mhl.write(work, {})

    def verify() -> int:
        command = [program, "create", "-h", "c4", "-n", str(work.out)]
        return subprocess.run(command, capture_output=True, timeout=60).returncode

    assert verify() == 0
    assert mhl.write(work, {}) == mhl.Listed(4, new=0, verified=2)
    (work.out / "a.mov").write_text("ho\n")
    assert verify() != 0
