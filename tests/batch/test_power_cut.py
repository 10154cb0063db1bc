"""Killed between a rename and its folder's sync: each clip is done or done again, none is lost."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from fake_corridor import write_clip
from made_clips import film, frame_hashes

from blur.batch.display import Lines
from blur.errors import Exit
from blur.store.folder import WorkFolder
from blur.store.ledger import load_record, read_ledger
from blur.store.report import State, load_report

PROGRAM = Path(__file__).parents[1] / "support" / "dying_batch.py"


def batch(how: str, number: int, inputs: Path, out: Path, **environment) -> tuple[int, str]:
    """The batch's exit code, and the last rename before its death."""
    done = subprocess.run(
        [sys.executable, PROGRAM, how, str(number), inputs, out],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (Exit.OK, -signal.SIGKILL), done.stderr
    return done.returncode, done.stdout.strip()


def content(out: Path) -> dict[str, object]:
    return {
        str(path.relative_to(out)): frame_hashes(path) if path.read_bytes()[4:8] == b"ftyp" else ""
        for path in out.rglob("*.mp4")
    }


def survive_each_rename(how: str, inputs: Path, folder: Path, **environment) -> list[str]:
    """Kill one batch after another, each at a later rename; returns the renamed files in order."""
    whole = None
    met: list[str] = []
    for number in itertools.count(1):
        out = folder / str(number)
        log = folder / "calls.log"
        log.unlink(missing_ok=True)
        variables = environment | {"FAKE_CORRIDOR_LOG": str(log)}
        code, name = batch(how, number, inputs, out, **variables)
        if code == Exit.OK:
            assert content(out) == whole
            return met
        met.append(name)
        folder_of_work = WorkFolder(out)
        entries = read_ledger(folder_of_work)[0] if folder_of_work.ledger.exists() else []
        recorded = [r for e in entries if (r := load_record(folder_of_work, e.place))]
        films = {r.output: (out / r.output).stat().st_ino for r in recorded}
        code, _ = batch(how, 0, inputs, out, **variables)
        assert code == Exit.OK, name
        calls = Counter(log.read_text().splitlines()) if log.exists() else Counter()
        assert not any(calls[f"render {r.name}"] > 1 for r in recorded), "a finished clip is lost"
        assert films == {name: (out / name).stat().st_ino for name in films}, "it is done again"
        whole = whole or content(out)
        assert content(out) == whole and len(whole) == len(list(inputs.iterdir())), name
        report = load_report(out)
        assert report is not None and report.exit_code == Exit.OK
        assert {entry.state for entry in read_ledger(folder_of_work)[0]} == {State.DONE}
        assert not [p for p in out.rglob("*") if p.name.endswith(".part")], name
    raise AssertionError


@pytest.mark.parametrize("how", ["killed", "unplugged"])
def test_killed_at_the_rename_of_an_output(how, tmp_path):
    write_clip(tmp_path / "in" / "a.mov")
    for number in (2, 3):  # the plan is the first, the output the second, the record the third
        out = tmp_path / str(number)
        code, name = batch(how, number, tmp_path / "in", out)
        assert code == -signal.SIGKILL and (number != 2 or name == "a.mp4")
        assert batch(how, 0, tmp_path / "in", out)[0] == Exit.OK
        assert (out / "a.mp4").read_text().startswith("covered")
        assert load_report(out).clips[0].state is State.DONE


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "unplugged"])
def test_killed_at_any_rename(how, tmp_path):
    for name in ("a.mov", "b.mov"):
        write_clip(tmp_path / "in" / name)
    met = survive_each_rename(how, tmp_path / "in", tmp_path / "out", KEY="1")
    assert {"0001.mp4", "0002.mp4", "names.csv", "report.json"} <= set(met)
    assert len(met) == 8, met  # beside these, two plans and two records


@pytest.mark.slow
def test_killed_at_any_rename_of_the_real_corridor(tmp_path):
    """After a mend, too: a run from the mended plan would encode its splices otherwise."""
    film(tmp_path / "in" / "a.mp4", frames=60, face=True, since=40)
    met = survive_each_rename("killed", tmp_path / "in", tmp_path / "out", LATE="1")
    assert met.count("a.mp4") == 1 and ".a.mp4.part" in met  # audited under a name of its own
    [plan] = (tmp_path / "out").glob("1/.blur/plans/*")
    assert [met.count(plan.with_suffix(s).name) for s in (".json", ".mended")] == [2, 1], met


def test_the_name_of_an_output_is_on_the_disk_before_the_output(fake, tmp_path):
    """A power cut takes what only the write-ahead log holds; a strange file would be refused."""
    fake.clip("a.mov")
    names = []

    class Unplugging(Lines):
        def start(self, key, name):
            ledger = WorkFolder(fake.out).ledger
            (tmp_path / "cut.sqlite").write_bytes(ledger.read_bytes())
            with closing(sqlite3.connect(tmp_path / "cut.sqlite")) as db:
                names.extend(db.execute("SELECT output FROM clips"))

    fake.run(display=Unplugging(sys.stderr))
    assert names == [("a.mp4",)]


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_kill_during_the_audit_leaves_nothing_unaudited_to_see(tmp_path):
    film(tmp_path / "in" / "a.mp4", frames=12, face=True)
    out = tmp_path / "out"
    code, _ = batch("audit", 1, tmp_path / "in", out)
    assert code == -signal.SIGKILL
    assert [path.name for path in out.iterdir()] == [".blur"]
    [part] = WorkFolder(out).root.rglob("*.part")
    assert part.stat().st_mode & 0o777 == 0o600 and part.stat().st_size
    assert batch("audit", 0, tmp_path / "in", out)[0] == Exit.OK
    assert not part.exists() and not part.parent.exists()
    assert (out / "a.mp4").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
