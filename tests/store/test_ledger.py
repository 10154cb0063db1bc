import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import PurePosixPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from blur.batch.status import status
from blur.errors import DiskFull, OutputError
from blur.store.folder import WorkFolder
from blur.store.ledger import (
    Entry,
    Flight,
    Ledger,
    load_record,
    read_ledger,
    record_file,
    save_record,
)
from blur.store.names import from_text, to_text
from blur.store.report import ClipReport, Problem, State
from blur.store.schema import MIGRATIONS


@pytest.fixture
def folder(tmp_path):
    folder = WorkFolder(tmp_path / "out")
    folder.create()
    return folder


def entry(number: int = 0, **values) -> Entry:
    defaults = {"place": f"../in/{number}.mov", "name": f"{number}.mov", "size": 9, "sampled": "ab"}
    return Entry(**{**defaults, **values})


DONE = entry(
    state=State.DONE,
    attempts=2,
    output="0.mp4",
    output_size=5,
    output_sampled="cd",
    report=ClipReport(
        name="0.mov", state=State.DONE, frames=7, error=Problem("why", "how", 1), notes=["n"]
    ),
)


def test_entries_come_back_as_they_were(folder):
    with closing(Ledger(folder)) as ledger:
        ledger.put([DONE, entry(1)])
    with closing(Ledger(folder)) as ledger:
        assert ledger.entries() == [DONE, entry(1)]
        ledger.put([entry(1, state=State.FAILED)])
        assert ledger.entries() == [DONE, entry(1, state=State.FAILED)]


def test_put_is_all_or_none(folder):
    def entries():
        yield entry(1)
        raise RuntimeError

    with closing(Ledger(folder)) as ledger:
        with pytest.raises(RuntimeError):
            ledger.put(entries())
        assert ledger.entries() == []
        ledger.put([entry(2)])
        assert ledger.entries() == [entry(2)]


def test_status_reads_while_the_batch_writes(folder):
    with closing(Ledger(folder)) as ledger:
        ledger.put([entry(1)])
        ledger.fly([Flight("1.mov", "scan", 3, None)])
        assert read_ledger(folder) == ([entry(1)], [Flight("1.mov", "scan", 3, None)])
    assert read_ledger(folder)[0] == [entry(1)]


def test_status_counts_the_clips_in_work_in_part(folder):
    clips = [entry(1, frames=100, state=State.DONE), entry(2, frames=240), entry(3, frames=10)]
    with closing(Ledger(folder)) as ledger, folder.locked():
        ledger.put(clips)
        ledger.fly([Flight("2.mov", "scan", 120, 240), Flight("3.mov", "scan", 5, None)])
        assert status(folder.out).frames_done == 100 + 60
        ledger.fly([Flight("2.mov", "audit", 240, 240)])
        assert status(folder.out).frames_done == 100 + 240
    assert status(folder.out).frames_done == 100


def test_status_of_a_folder_without_ledger(tmp_path):
    with pytest.raises(OutputError, match="no blur ran here"):
        read_ledger(WorkFolder(tmp_path))


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "garbage", "missing", "page"])
def test_a_damaged_ledger_is_rebuilt_from_records(folder, damage):
    finished = [
        entry(i, state=State.DONE, output=f"{i}.mp4", report=DONE.report) for i in range(300)
    ]
    with closing(Ledger(folder)) as ledger:
        ledger.put(finished)
    for one in finished:
        save_record(folder, one)
    content = folder.ledger.read_bytes()
    match damage:
        case "truncated":
            folder.ledger.write_bytes(content[: len(content) // 2])
        case "zeroed":
            folder.ledger.write_bytes(b"")
        case "garbage":
            folder.ledger.write_bytes(b"not a database" * 1000)
        case "missing":
            folder.ledger.unlink()
        case "page":
            folder.ledger.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])
    with closing(Ledger(folder)) as ledger:
        assert sorted(ledger.entries(), key=lambda e: e.place) == sorted(
            finished, key=lambda e: e.place
        )


def test_a_ledger_of_another_version_is_left_alone(folder):
    with closing(Ledger(folder)) as ledger:
        ledger.put([DONE])
    with closing(sqlite3.connect(folder.ledger)) as db:
        db.execute("PRAGMA user_version = 99")
    before = folder.ledger.read_bytes()
    with pytest.raises(OutputError, match="version 99"):
        Ledger(folder)
    assert folder.ledger.read_bytes() == before


COLUMNS_0_1_0 = (
    "place, name, size, sampled, state, attempts, frames, width, height, output, scan_digest,"
    " render_digest, plan_sha256, edits_sha256, output_size, output_sampled, ended, report"
)
EARLIER_COLUMNS = "place, name, size, sampled, state, attempts, frames"


@pytest.mark.parametrize("columns", [COLUMNS_0_1_0, EARLIER_COLUMNS])
def test_a_ledger_of_version_1_is_read_and_migrated(folder, columns):
    """The schema as blur 0.1.0 made it, also while it had fewer columns under that number."""
    known = columns.split(", ")
    old = {name: getattr(DONE, name) for name in known if name != "report"}
    if "report" in known:
        old["report"] = msgspec.json.encode(DONE.report)
    with closing(sqlite3.connect(folder.ledger)) as db, db:
        keys = columns.replace("place", "place PRIMARY KEY", 1)
        db.execute(f"CREATE TABLE clips ({keys}) WITHOUT ROWID")
        db.execute("CREATE TABLE flights (name, stage, done, total)")
        marks = ", ".join("?" * len(known))
        db.execute(f"INSERT INTO clips VALUES ({marks})", [old[name] for name in known])
        db.execute("PRAGMA user_version = 1")
    expected = DONE if "report" in known else Entry(**old)
    assert read_ledger(folder)[0] == [expected], "status reads it as it is"
    with closing(Ledger(folder)) as ledger:
        assert ledger.entries() == [expected]
        ledger.put([DONE, entry(1, output="1.mp4")])
    with closing(Ledger(folder)) as ledger:
        assert ledger.entries() == [DONE, entry(1, output="1.mp4")]


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(folder, monkeypatch):
    with closing(Ledger(folder)) as ledger:
        ledger.put([DONE])

    def half(db):
        db.execute("ALTER TABLE clips ADD COLUMN more")
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("blur.store.schema.MIGRATIONS", (*MIGRATIONS, half))
        with pytest.raises(DiskFull):
            Ledger(folder)
    with closing(sqlite3.connect(folder.ledger)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert "more" not in {row[1] for row in db.execute("PRAGMA table_info(clips)")}
    with closing(Ledger(folder)) as ledger:
        assert ledger.entries() == [DONE]


def test_every_field_of_an_entry_is_kept(folder):
    done = replace(DONE, proxy="Proxy/0.mp4", proxy_size=6, proxy_sampled="ef")
    values = {field.name: getattr(done, field.name) for field in fields(Entry)}
    full = {
        name: value or {int: 3, float: 2.5}.get(type(value), "text")
        for name, value in values.items()
    }
    with closing(Ledger(folder)) as ledger:
        ledger.put([Entry(**full)])
        assert ledger.entries() == [Entry(**full)]


def test_a_full_disk_is_told_as_such(folder):
    with closing(Ledger(folder)) as ledger:
        ledger._db.execute("PRAGMA max_page_count = 4")
        with pytest.raises(DiskFull):
            ledger.put(entry(i) for i in range(10_000))
        assert ledger.entries() == []


def test_a_moved_clip_takes_its_record_and_output_along(folder):
    save_record(folder, DONE)
    (folder.out / "0.mp4").write_text("covered")
    moved = entry(state=State.DONE, place="../in/elsewhere.mov", output="sub/elsewhere.mp4")
    with closing(Ledger(folder)) as ledger:
        ledger.put([DONE])
        ledger.move(DONE, moved)
        assert ledger.entries() == [moved]
    assert (folder.out / "sub" / "elsewhere.mp4").read_text() == "covered"
    assert not (folder.out / "0.mp4").exists()
    assert load_record(folder, DONE.place) is None
    assert load_record(folder, moved.place) == moved


def test_a_damaged_record_counts_as_none(folder):
    save_record(folder, DONE)
    path = record_file(folder, DONE.place)
    path.write_bytes(path.read_bytes()[:-5])
    assert load_record(folder, DONE.place) is None


def test_work_files_are_private(folder):
    save_record(folder, DONE)
    with closing(Ledger(folder)):
        for path in [folder.root, *folder.root.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path


@given(st.binary(min_size=1).filter(lambda b: b"\0" not in b))
def test_any_path_can_be_written_as_text(raw):
    path = PurePosixPath(raw.decode("utf-8", "surrogateescape"))
    text = to_text(path)
    assert text.isascii() and text.isprintable()
    assert from_text(text) == path


@contextmanager
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_ledger_on_a_full_disk_is_read(tmp_path):
    with small_disk(tmp_path) as disk:
        folder = WorkFolder(disk / "out")
        folder.create()
        with closing(Ledger(folder)) as ledger:
            ledger.put([DONE])
        with pytest.raises(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        assert read_ledger(folder) == ([DONE], [])
        assert status(folder.out).states[State.DONE] == 1
        with pytest.raises(OutputError, match="No space left"):
            folder.create()
        assert sorted(p.name for p in folder.out.iterdir()) == [WorkFolder.NAME]


def test_a_ledger_on_a_read_only_disk_is_read(tmp_path):
    with small_disk(tmp_path) as disk:
        folder = WorkFolder(disk / "out")
        folder.create()
        with closing(Ledger(folder)) as ledger:
            ledger.put([DONE])
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert read_ledger(folder) == ([DONE], [])
        assert status(folder.out).states[State.DONE] == 1
