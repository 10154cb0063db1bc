"""Tasks that crash, hang or swell, in real processes."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from blur.batch.schedule import Schedule, drain
from blur.errors import BlurError, DecodeError, Interrupted, WorkerLost
from blur.process.executor import Outcome, SerialExecutor, Task
from blur.process.stop import Stop
from blur.process.workers import ProcessExecutor
from blur.settings.cores import cpu_count


def double(number, progress):
    progress("scan", 1, 2)
    return 2 * number


def whoami(_, progress):
    return os.getpid()


def threads(_, progress):
    import cv2

    return os.environ["OMP_NUM_THREADS"], cpu_count(), cv2.getNumThreads()


def open_socket(_, progress):
    import socket

    socket.socket(socket.AF_INET)


def refuse(_, progress):
    raise DecodeError("cannot", subject="a.mov", remedy="mend it")


def bug(_, progress):
    return {}["missing"]


def crash(how, progress):
    if how == "segfault":
        ctypes.string_at(0)
    if how == "abort":
        os.abort()
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGKILL)


def hang(_, progress):
    time.sleep(60)


def slowly(seconds, progress):
    for i in range(20):
        progress("scan", i, 20)
        time.sleep(seconds / 20)
    return "done"


def swell(_, progress):
    hoard = []
    while True:
        hoard.append(b"x" * 10_000_000)
        time.sleep(0.005)


class Batch:
    """What a batch would do with an executor, for one task after another."""

    def __init__(self, serial=False, **options):
        self.told = []
        self.stop = Stop()

        def tell(*message):
            self.told.append(message)

        limits = {"slots": 2, "threads": 1, "stall_timeout": 30, "memory_limit": 2**31}
        self.executor = (
            SerialExecutor(tell, self.stop)
            if serial
            else ProcessExecutor(tell, self.stop, **{**limits, **options})
        )

    def outcomes(self, *tasks):
        for task in tasks:
            self.executor.start(task)
        outcomes = {}
        until = time.monotonic() + 30
        while len(outcomes) < len(tasks) and time.monotonic() < until:
            outcomes |= {o.task.key: o for o in self.executor.wait(0.2)}
        return outcomes

    def drained(self, *tasks):
        """The outcomes of a schedule of these tasks."""
        events = drain(Schedule(tasks, self.executor.memory), self.executor, self.stop)
        return [event for event in events if isinstance(event, Outcome)]

    def __enter__(self):
        self.executor.__enter__()
        return self

    def __exit__(self, *error):
        self.executor.__exit__(*error)


@pytest.mark.parametrize("serial", [True, False])
def test_results_progress_and_errors_come_back(serial):
    with Batch(serial) as batch:
        outcomes = batch.outcomes(Task(1, double, 21))
        assert outcomes[1].result == 42
        assert (1, "scan", 1, 2) in batch.told
        error = batch.outcomes(Task(2, refuse, None))[2].error
        assert isinstance(error, DecodeError)
        assert (error.problem, error.subject, error.remedy) == ("cannot", "a.mov", "mend it")
        outcome = batch.outcomes(Task(3, bug, None))[3]
        assert type(outcome.error) is BlurError and "KeyError" in outcome.error.problem
        assert "in bug" in outcome.details


def test_workers_are_used_again_and_end_with_the_executor():
    with Batch() as batch:
        first = batch.outcomes(Task(1, whoami, None))[1].result
        assert batch.outcomes(Task(2, whoami, None))[2].result == first
        assert first != os.getpid()
        both = batch.outcomes(Task(3, slowly, 0.5), Task(4, slowly, 0.5))
        assert {o.result for o in both.values()} == {"done"}
        children = psutil.Process().children(recursive=True)
        assert psutil.pid_exists(first)
    assert not psutil.pid_exists(first)
    assert not any(
        c.is_running()
        and "multiprocessing" in str(c.cmdline())
        and "spawn_main" in str(c.cmdline())
        for c in children
    )


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("segfault", "SIGSEGV"),
        ("abort", "SIGABRT"),
        ("exit", "exit code 3"),
        ("kill", "SIGKILL, perhaps for want of memory"),
    ],
)
def test_a_dying_worker_fails_its_own_task_only(how, words):
    with Batch() as batch:
        outcomes = batch.outcomes(Task(1, crash, how), Task(2, slowly, 0.5))
        assert isinstance(outcomes[1].error, WorkerLost)
        assert words in outcomes[1].error.problem
        assert outcomes[2].result == "done"
        assert batch.outcomes(Task(3, double, 1))[3].result == 2


_KILLED = """
import multiprocessing.util, os, signal
from test_workers import Batch, Task, double
spawn = multiprocessing.util.spawnv_passfds
def killed(path, command, fds):
    began = spawn(path, command, fds)
    if "spawn_main" in str(command):
        os.kill(os.getpid(), signal.SIGKILL)
    return began
multiprocessing.util.spawnv_passfds = killed
if __name__ == "__main__":
    with Batch() as batch:
        batch.outcomes(Task(1, double, 1))
"""


def test_workers_of_a_batch_that_is_killed_while_they_start_end_without_a_word(tmp_path):
    """They share its terminal: a traceback there would be read as the batch's own."""
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, script], capture_output=True, env={**os.environ, "PYTHONPATH": paths}
    )  # ends when the worker's own end of the pipe is closed, too
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, b"", b"")


def test_a_worker_without_progress_is_given_up_and_a_slow_one_is_not():
    with Batch(stall_timeout=2) as batch:
        outcomes = batch.outcomes(Task(1, hang, None), Task(2, slowly, 5))
        assert "no progress for 2 s" in outcomes[1].error.problem
        assert outcomes[2].result == "done"


@pytest.mark.parametrize(("alone", "limit"), [(False, "0.3 GiB"), (True, "0.6 GiB")])
def test_a_worker_that_outgrows_its_part_of_the_memory_is_ended(alone, limit):
    with Batch(memory_limit=600_000_000) as batch:
        error = batch.outcomes(Task(1, swell, None, alone=alone))[1].error
        assert isinstance(error, WorkerLost) and limit in error.problem


def test_a_task_may_take_what_it_was_expected_to_need():
    with Batch(memory_limit=600_000_000, slots=8) as batch:
        tasks = Task(1, swell, None, memory=400_000_000), Task(2, slowly, 0.1, memory=200_000_000)
        error = batch.outcomes(*tasks)[1].error
        assert isinstance(error, WorkerLost)
        assert any(limit in error.problem for limit in ("0.4 GiB", "0.6 GiB"))


@pytest.mark.parametrize(
    ("slots", "tasks", "expected"),
    [(8, 100, (8, "1")), (8, 3, (3, "2")), (8, 0, (1, "8")), (2, 1, (1, "8")), (2, 5, (2, "4"))],
)
def test_few_tasks_have_more_threads_each(monkeypatch, slots, tasks, expected):
    monkeypatch.setattr("blur.process.workers.cpu_count", lambda: 8)
    with Batch(slots=slots, threads=8 // slots) as batch:
        first = batch.outcomes(Task(1, whoami, None))[1].result
        batch.executor.expect(tasks)
        outcomes = batch.outcomes(Task(1, threads, None), Task(2, whoami, None))
        assert (batch.executor.slots, outcomes[1].result[0]) == expected
        assert psutil.pid_exists(first) == (expected[1] == str(8 // slots))


@pytest.mark.parametrize(("count", "each"), [(1, 8), (2, 4), (3, 2), (5, 1)])
def test_the_last_tasks_share_all_cores(monkeypatch, count, each):
    monkeypatch.setattr("blur.process.workers.cpu_count", lambda: 8)
    with Batch(slots=4, threads=1) as batch:
        given = batch.drained(*(Task(key, threads, None) for key in range(count)))
        first = min((outcome for outcome in given), key=lambda outcome: outcome.task.key)
        assert first.result[1] == each


def test_a_task_that_nothing_runs_beside_or_waits_for_has_every_core(monkeypatch):
    monkeypatch.setattr("blur.process.workers.cpu_count", lambda: 8)
    with Batch(slots=2, threads=4) as batch:
        cores = [
            {outcome.task.key: outcome.result[1] for outcome in batch.drained(*tasks)}
            for tasks in (
                [Task(1, threads, None), Task(2, threads, None)],
                [Task(3, threads, None)],
                [Task(4, threads, None), Task(5, threads, None)],
            )
        ]
        assert cores == [{1: 4, 2: 4}, {3: 8}, {4: 4, 5: 4}]


@pytest.mark.parametrize("serial", [True, False])
def test_a_stop_ends_tasks_at_their_next_progress(serial):
    with Batch(serial) as batch:
        batch.executor.start(Task(1, slowly, 20))
        if not serial:
            while not batch.told:
                batch.executor.wait(0.1)
        batch.stop.requested = True
        began = time.monotonic()
        outcomes = []
        while not outcomes:
            outcomes = batch.executor.wait(0.2)
        assert isinstance(outcomes[0].error, Interrupted)
        assert time.monotonic() - began < 5


def test_workers_cannot_open_internet_sockets_and_have_their_threads_capped():
    with Batch(threads=3) as batch:
        outcomes = batch.outcomes(Task(1, open_socket, None), Task(2, threads, None))
        assert "Operation not permitted" in outcomes[1].error.problem
        assert outcomes[2].result == ("3", 3, 1)
