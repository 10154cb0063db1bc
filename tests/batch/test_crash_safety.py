"""Kill whole batches at random moments: nothing half is left, nothing finished is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_clips import film, frame_hashes

from blur.batch.ledger import load_record, read
from blur.batch.report import State
from blur.batch.workdir import WorkFolder
from blur.errors import Exit, OutputError

KILLS = 60
CLIPS = 10
LATEST = 4.0


def start(inputs: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "blur", "run", inputs, "-o", out, "--level", "fast"]
    return subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def run_and_kill(inputs: Path, out: Path, seconds: float) -> int | None:
    """The exit code, or None when the batch was killed before it ended."""
    process = start(inputs, out)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Of each finished clip, the inode of its output and how often it was begun."""
    folder = WorkFolder(out)
    try:
        entries = read(folder)[0]
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


@pytest.mark.slow
def test_killed_batches_resume_to_the_same_result(tmp_path):
    chance = random.Random(7)
    inputs = tmp_path / "in"
    for i in range(CLIPS):
        film(inputs / f"day {i % 3}" / f"{i}.mp4", frames=20 + 5 * i, seed=i)
    before = {p: p.read_bytes() for p in inputs.rglob("*.mp4")}
    began = time.monotonic()
    assert start(inputs, tmp_path / "whole").wait(600) == Exit.OK
    latest = min(LATEST, 0.7 * (time.monotonic() - began))
    whole = tree(tmp_path / "whole")
    assert len(whole) == CLIPS

    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        out = tmp_path / f"out {rounds}"
        done: dict[str, tuple[int, int]] = {}
        code = None
        while code is None:
            limit = chance.uniform(0.2, latest) if kills < KILLS else 120
            code = run_and_kill(inputs, out, limit)
            kills += code is None
            now = finished(out)
            assert done.items() <= now.items(), "a finished clip was lost or done again"
            done = now
        assert code == Exit.OK
        assert tree(out) == whole
        assert not list(out.rglob("*.part"))
        assert {e.state for e in read(WorkFolder(out))[0]} == {State.DONE}
    assert {p: p.read_bytes() for p in inputs.rglob("*.mp4")} == before
    print(f"{kills} kills in {rounds} batches")


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
