"""An output folder that someone prepared: links and names that lead out of it reach nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from blur.disk import atomic
from blur.errors import Exit, OutputError
from blur.settings import CoverSettings, FillName, Settings
from blur.store.folder import WorkFolder
from blur.store.ledger import load_record, read_ledger, save_record
from blur.store.shelf import Shelf

OTHER = Settings(cover=CoverSettings(fill=FillName.SOLID))


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Another person's folder, with a file for every name that blur might write."""
    folder = tmp_path / "victim"
    for name in ("a.mp4", "file", "plans/x.json", "records/x.json", "day 1/a.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
    return folder


def tree(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        str(p.relative_to(folder)): (p.read_text(), p.stat().st_mode, p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file()
    }


FOLDERS = (".blur", *(f".blur/{n}" for n in ("plans", "edits", "records", "segments", "checks")))
FILES = tuple(f".blur/{n}" for n in ("ledger.sqlite", "ledger.sqlite-wal", "lock", "errors.log"))


@pytest.mark.parametrize("place", [*FOLDERS, *FILES])
def test_a_link_in_the_work_folder_is_refused(fake, victim: Path, place: str) -> None:
    fake.clip("a.mov")
    fake.clip("b.mov", "broken")
    link = fake.out / place
    link.parent.mkdir(parents=True)
    link.symlink_to(victim if place in FOLDERS else victim / "file")
    before = tree(victim)
    acts: list[Callable[[], object]] = [fake.run, lambda: Shelf(fake.out)]
    acts.append(WorkFolder(fake.out).clear)
    for act in acts:
        with pytest.raises(OutputError, match="is a link"):
            act()
    assert tree(victim) == before


@pytest.mark.parametrize("name", [".blur.part", ".a.mp4.part", "..a.mp4.part.part"])
def test_a_link_where_a_file_is_made_is_replaced(fake, victim: Path, name: str) -> None:
    fake.clip("a.mov")
    fake.out.mkdir()
    (fake.out / name).symlink_to(victim / "file")
    before = tree(victim)
    assert fake.run().exit_code == Exit.OK
    assert tree(victim) == before
    assert "a.mp4" in fake.outputs


def test_a_clip_whose_folder_is_a_link_fails_alone(fake, victim: Path) -> None:
    fake.clip("day 1/a.mov")
    fake.clip("b.mov")
    fake.out.mkdir()
    (fake.out / "day 1").symlink_to(victim / "day 1")
    before = tree(victim)
    report = fake.run()
    assert [c.error and c.error.problem for c in report.clips] == [
        None,
        report.clips[1].error.problem,
    ]
    assert "is a link" in report.clips[1].error.problem
    assert tree(victim) == before

    (fake.out / "day 1").unlink()
    assert fake.run().exit_code == Exit.OK
    (fake.out / "day 1").rename(fake.out / "elsewhere")
    (fake.out / "day 1").symlink_to(victim / "day 1")  # between two runs
    assert fake.run(settings=OTHER).exit_code == Exit.FAILED
    assert tree(victim) == before


@pytest.mark.parametrize(
    "name", ["../victim/a.mp4", "%2e%2e/victim/a.mp4", "/victim", ".blur/lock"]
)
def test_a_ledger_cannot_name_an_output_elsewhere(fake, victim: Path, name: str) -> None:
    fake.clip("a.mov")
    fake.run()
    name = f"{victim}/a.mp4" if name == "/victim" else name
    with sqlite3.connect(WorkFolder(fake.out).ledger) as db:
        db.execute("UPDATE clips SET output = ?", (name,))
    before = tree(victim)
    report = fake.run(settings=OTHER)
    assert tree(victim) == before
    assert (fake.out / "a.mp4").exists() or report.exit_code == Exit.FAILED
    assert WorkFolder(fake.out).ledger.exists()


@pytest.mark.parametrize("change", ["output", "name"])
def test_neither_can_a_record_nor_a_clips_name(fake, victim: Path, change: str) -> None:
    fake.clip("a.mov")
    fake.run()
    folder = WorkFolder(fake.out)
    entry = read_ledger(folder)[0][0]
    record = next(folder.records.iterdir())
    inside = '"a.mp4"' if change == "output" else '"a.mov"'
    text = record.read_text().replace(f'"{change}":{inside}', f'"{change}":"../victim/a.mp4"')
    assert text != record.read_text()
    record.write_text(text)
    assert load_record(folder, entry.place) is None
    save_record(folder, entry)
    assert load_record(folder, entry.place) == entry
    with sqlite3.connect(folder.ledger) as db:
        db.execute(f"UPDATE clips SET {change} = '../victim/a.mp4'")
    with pytest.raises(OutputError, match="lies outside"):
        Shelf(fake.out)


def test_publishing_follows_no_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "part").symlink_to(victim / "file")
    with pytest.raises(OSError):
        atomic.publish(tmp_path / "part", tmp_path / "final")
    (tmp_path / "final").symlink_to(victim / "file")
    atomic.write(tmp_path / "final", b"new")
    assert (victim / "file").read_text() == "precious"
    assert not (tmp_path / "final").is_symlink()
