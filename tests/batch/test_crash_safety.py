"""Kill whole batches at random moments: nothing half is left, nothing finished is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_clips import film, frame_hashes

from blur.errors import Exit, OutputError
from blur.store.folder import WorkFolder
from blur.store.ledger import load_record, read_ledger
from blur.store.report import State, load_report

KILLS = 60
CLIPS = 10
SERIES = 2
PROGRAM = Path(__file__).parents[1] / "support" / "green_faces.py"


def start(inputs: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, PROGRAM, "run", inputs, "-o", out, "--level", "fast"]
    return subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def run_and_kill(inputs: Path, out: Path, chance: random.Random) -> int | None:
    """The exit code, or None when the batch was killed before it ended.

    It is killed a moment after it has made some more files: on a slow machine as on a fast one,
    some are killed while they start, some at the first clip, some at a later one.
    """
    process = start(inputs, out)
    enough = files(out) + chance.randrange(9)
    while files(out) < enough and process.poll() is None:
        time.sleep(0.01)
    try:
        return process.wait(chance.uniform(0, 0.3))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def files(out: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(out))


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Of each finished clip, the inode of its output and how often it was begun."""
    folder = WorkFolder(out)
    try:
        entries = read_ledger(folder)[0]
    except OutputError:
        return {}  # killed before the ledger was made
    records = [(entry, load_record(folder, entry.place)) for entry in entries]
    return {
        entry.name: ((out / record.output).stat().st_ino, entry.attempts)
        for entry, record in records
        if record is not None
    }


def tree(out: Path) -> dict[str, list[str]]:
    outputs = [p for p in sorted(out.rglob("*.mp4")) if ".blur" not in p.parts]
    return {str(p.relative_to(out)): frame_hashes(p) for p in outputs}


def kill_and_resume(inputs: Path, folder: Path, whole: dict[str, list[str]]) -> int:
    """Batch after batch, each killed and resumed until done, for a share of the kills.

    Returns the number of batches.
    """
    chance = random.Random(folder.name)
    kills = batches = 0
    while kills < KILLS // SERIES:
        batches += 1
        out = folder / str(batches)
        done: dict[str, tuple[int, int]] = {}
        code = None
        while code is None:
            if kills < KILLS // SERIES:
                code = run_and_kill(inputs, out, chance)
                kills += code is None
            else:
                code = start(inputs, out).wait(600)
            now = finished(out)
            assert done.items() <= now.items(), "a finished clip was lost or done again"
            done = now
        assert code == Exit.OK
        assert tree(out) == whole
        assert not list(out.rglob("*.part"))
        assert {e.state for e in read_ledger(WorkFolder(out))[0]} == {State.DONE}
    return batches


@pytest.mark.slow
def test_killed_batches_resume_to_the_same_result(tmp_path):
    inputs = tmp_path / "in"
    for i in range(CLIPS):
        film(inputs / f"day {i % 3}" / f"{i}.mp4", frames=20 + 5 * i, seed=i, face=True)
    before = {p: p.read_bytes() for p in inputs.rglob("*.mp4")}
    assert start(inputs, tmp_path / "whole").wait(600) == Exit.OK
    whole = tree(tmp_path / "whole")
    assert len(whole) == CLIPS
    assert all(c.tracks for c in load_report(tmp_path / "whole").clips)

    with ThreadPoolExecutor(SERIES) as pool:  # most of a short batch is one core's work
        series = [
            pool.submit(kill_and_resume, inputs, tmp_path / f"series {i}", whole)
            for i in range(SERIES)
        ]
    print(f"{KILLS} kills in {sum(s.result() for s in series)} batches")
    assert {p: p.read_bytes() for p in inputs.rglob("*.mp4")} == before


@pytest.mark.slow
def test_workers_end_when_the_batch_is_killed_alone(tmp_path):
    import psutil

    for i in range(3):
        film(tmp_path / "in" / f"{i}.mp4", frames=400, seed=i)
    process = start(tmp_path / "in", tmp_path / "out")
    until = time.monotonic() + 60
    while not (children := psutil.Process(process.pid).children(recursive=True)):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(2)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
