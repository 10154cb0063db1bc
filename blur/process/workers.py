"""Tasks in worker processes of this machine, which may crash, hang or swell alone."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

import psutil

from blur.errors import Interrupted, WorkerLost
from blur.process.executor import Outcome, Task, Tell, outcome_of
from blur.process.orphans import end_quietly, send
from blur.process.stop import Stop
from blur.settings.cores import ALLOTTED_CORES, cpu_count

_REPORT_EVERY = 0.1
"""Seconds between a worker's progress reports; fewer cost more time on both ends."""
_START_WITHIN = 60.0
"""Seconds that a new worker may take beyond the stall timeout: its first task brings imports."""
_LEAVE_WITHIN = 5.0
"""Seconds that a worker has to end before it is killed."""
ARENAS = "MALLOC_ARENA_MAX"
"""Environment variable of glibc, read as a process starts: the number of its heaps. With a heap for
each thread, a worker on 1080p holds 90 MB more and is no faster."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", ALLOTTED_CORES)
"""Environment variables that cap the threads of native libraries and of blur in a worker."""


_TERMINAL = {signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)}
"""Signals from a terminal to all processes at once; the batch decides on them for its workers."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection[Any, Any]
    task: Task | None = None
    ready: bool = False
    heard: float = field(default_factory=time.monotonic)


class ProcessExecutor:
    """Up to `slots` worker processes, started when first needed.

    A worker that dies, shows no progress for `stall_timeout` seconds or outgrows its share of
    `memory_limit` bytes fails its task with WorkerLost and is replaced. The shares are equal, or
    in proportion to the tasks' `memory` where that is more; an `alone` task may have all. Workers
    end with this process, however it ends. `threads` caps the threads of native libraries in each;
    the last tasks have more, by their `sharers`, or long clips would end on single cores.
    """

    def __init__(
        self,
        tell: Tell,
        stop: Stop,
        *,
        slots: int,
        threads: int,
        stall_timeout: float,
        memory_limit: int,
    ) -> None:
        self.slots = slots
        self._tell = tell
        self._stop = stop
        self._stop_sent = False
        self._threads = threads
        self._stall_timeout = stall_timeout
        self.memory = memory_limit
        self._context = mp.get_context("spawn")  # a fork would copy threads' locks
        self._workers: list[_Worker] = []

    def expect(self, tasks: int) -> None:
        slots = max(1, min(self.slots, tasks))
        threads = max(self._threads, cpu_count() // slots)
        if threads != self._threads:  # workers hired so far have fewer
            self._lay_off()
        self.slots, self._threads = slots, threads

    def start(self, task: Task) -> None:
        worker = next((w for w in self._workers if w.task is None), None) or self._hire()
        worker.task = task
        worker.heard = time.monotonic()
        with contextlib.suppress(OSError):  # wait() notices a dead worker
            worker.pipe.send(task)

    def wait(self, seconds: float) -> list[Outcome]:
        busy = [w for w in self._workers if w.task is not None]
        if self._stop.requested and not self._stop_sent:
            self._stop_sent = True
            for worker in busy:
                with contextlib.suppress(OSError):
                    worker.pipe.send(None)
        wait_for([w.pipe for w in busy], timeout=seconds)
        outcomes = [outcome for w in busy for outcome in self._hear(w)]
        outcomes += [self._dismiss(w, why) for w in busy if w.task and (why := self._fault(w))]
        return outcomes

    def _hire(self) -> _Worker:
        os.environ.setdefault(ARENAS, "2")
        end_quietly()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, self._threads, cpu_count()), daemon=True
        )
        with _terminal_unheard():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _hear(self, worker: _Worker) -> list[Outcome]:
        """Receive all messages of a worker."""
        while True:
            try:
                if not worker.pipe.poll():
                    return []
                message = worker.pipe.recv()
            except (EOFError, OSError):
                worker.process.join(_LEAVE_WITHIN)
                return [self._dismiss(worker, _epitaph(worker.process.exitcode))]
            worker.ready = True
            worker.heard = time.monotonic()
            if isinstance(message, Outcome):
                worker.task = None
                return [message]
            if message is not None:
                self._tell(*message)

    def _fault(self, worker: _Worker) -> str | None:
        # Memory first: a swelling worker slows the machine, and then shows no progress either.
        with contextlib.suppress(psutil.NoSuchProcess):
            used = psutil.Process(worker.process.pid).memory_info().rss
            limit = self.memory * self._part(worker)
            if used > limit:
                return f"needed more than {limit / 2**30:.1f} GiB of memory"
        patience = self._stall_timeout + (0 if worker.ready else _START_WITHIN)
        if time.monotonic() - worker.heard > patience:
            return f"showed no progress for {self._stall_timeout:g} s"
        return None

    def _part(self, worker: _Worker) -> float:
        """The share of `memory` that a worker may take."""
        assert worker.task is not None
        if worker.task.alone:
            return 1.0
        needed = sum(w.task.memory for w in self._workers if w.task is not None)
        return max(1 / self.slots, worker.task.memory / max(1, needed))

    def _dismiss(self, worker: _Worker, why: str) -> Outcome:
        assert worker.task is not None
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()
        return Outcome(worker.task, error=WorkerLost(why))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lay_off()

    def _lay_off(self) -> None:
        for worker in self._workers:
            worker.pipe.close()  # an idle worker ends by itself
            if worker.task is not None:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join(_LEAVE_WITHIN)
            worker.process.kill()
        self._workers.clear()


def _epitaph(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"its worker process ended (exit code {exit_code})"
    name = signal.Signals(-exit_code).name
    hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"its worker process was killed by {name}{hint}"


@contextlib.contextmanager
def _terminal_unheard() -> Iterator[None]:
    """Block the terminal's signals in this thread; a process started meanwhile begins deaf to them.

    Otherwise Ctrl-C would kill a worker that has not yet begun to ignore it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection[Any, Any], threads: int, cores: int) -> None:
    """A worker's life: confined first, then one task after another, on `threads` of `cores`."""
    from blur.process.sandbox import keep_memory_private, keep_off_network
    from blur.process.streams import steady

    steady()
    keep_memory_private()
    keep_off_network()
    # Ctrl-C and the end of a terminal reach the whole group; only the batch answers them.
    for number in _TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TERMINAL)
    for variable in THREADS:
        os.environ[variable] = str(threads)
    # OpenCV's idle threads spin, on cores that decoders and encoders keep busy.
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    stopped = threading.Event()
    threading.Thread(target=_listen, args=(pipe, tasks, stopped), daemon=True).start()
    while True:
        task = tasks.get()
        shared = cores // task.sharers if task.sharers else threads
        os.environ[ALLOTTED_CORES] = str(max(threads, shared))
        send(pipe, None)  # ready: the imports of the first task may take long
        send(pipe, outcome_of(task, _Reporter(pipe, task.key, stopped)))


def _listen(
    pipe: Connection[Any, Any], tasks: queue.SimpleQueue[Task], stopped: threading.Event
) -> None:
    """Receive tasks while the main thread works; exit the process when the batch is gone."""
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(1)
        if message is None:
            stopped.set()
        else:
            tasks.put(message)


class _Reporter:
    """Sends progress a few times a second; raises Interrupted after a request to stop."""

    def __init__(self, pipe: Connection[Any, Any], key: int, stopped: threading.Event) -> None:
        self._pipe = pipe
        self._key = key
        self._stopped = stopped
        self._sent = 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if self._stopped.is_set():
            raise Interrupted("stopped on request")
        now = time.monotonic()
        if now - self._sent >= _REPORT_EVERY or done == total:
            send(self._pipe, (self._key, stage, done, total))
            self._sent = now
