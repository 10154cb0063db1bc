"""The next task to run: in the order given, within memory and disk, suspects alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from blur.errors import BlurError, DiskFull, Interrupted, WorkerLost
from blur.process.executor import Executor, Outcome, Task
from blur.process.stop import Stop

_WAIT = 0.5
"""Seconds to wait for outcomes at a time; more answer a stop or a freed disk later."""
_DISK_MARGIN = 1 << 20
"""Bytes kept free for the ledger, and to come free before a task that filled it runs again."""


class Schedule:
    """Tasks waiting to run.

    `memory` is the bytes that tasks in flight may need together; None if they share none, and then
    none needs to run alone. `room` returns the free bytes of the disk that they write to.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        memory: int | None,
        room: Callable[[], int] = lambda: sys.maxsize,
    ) -> None:
        self.tasks = list(tasks)
        self._memory = memory
        self._room = room

    def retry(self, outcome: Outcome) -> bool:
        """Queue a failed task again, if another try may help; returns whether it does.

        A task that lost its worker runs once more, with nothing beside it; a task that found the
        disk full, when there is more room.
        """
        task = outcome.task
        if isinstance(outcome.error, DiskFull):
            self.tasks.append(replace(task, disk=max(task.disk, self._room() + _DISK_MARGIN)))
            return True
        if isinstance(outcome.error, WorkerLost) and not task.alone:
            self.tasks.append(replace(task, alone=True))
            return True
        return False

    def take(self, in_flight: Collection[Task]) -> Task | None:
        """Take the next task that may start beside those in flight; None if there is none."""
        room = self._room() - _DISK_MARGIN - sum(task.disk for task in in_flight)
        crowded = any(task.alone for task in in_flight)
        for i, task in enumerate(self.tasks):
            if task.disk > max(0, room):
                continue
            if not in_flight or self._memory is None:
                return self.tasks.pop(i)
            memory = self._memory - sum(task.memory for task in in_flight)
            if task.memory <= memory and not task.alone and not crowded:
                return self.tasks.pop(i)
        return None

    def drop(self, keys: Collection[int]) -> set[int]:
        """Forget waiting tasks; returns the keys of those that were waiting."""
        dropped = {task.key for task in self.tasks if task.key in keys}
        self.tasks = [task for task in self.tasks if task.key not in dropped]
        return dropped


@dataclass(frozen=True)
class Started:
    task: Task


@dataclass(frozen=True)
class Retried:
    """The task failed with `error`, `details` is its traceback, and waits for another try."""

    task: Task
    error: BlurError
    details: str = ""


@dataclass(frozen=True)
class Paused:
    """No task can start: the disk has no room."""


Event = Started | Retried | Paused | Outcome


def drain(
    schedule: Schedule, executor: Executor, stop: Stop, patience: float = 0.0
) -> Iterator[Event]:
    """Run the schedule until it is empty or, after a stop, until the tasks in flight have ended.

    Yields one Outcome per task, when it has ended for good. Tasks that the disk has no room for
    `patience` seconds after a pause began end with DiskFull. Raises Interrupted when a stop is to
    be at once.
    """
    in_flight: dict[int, Task] = {}
    paused: float | None = None
    while True:
        while len(in_flight) < executor.slots and not stop.requested:
            task = schedule.take(in_flight.values())
            if task is None:
                break
            paused = None
            others = [] if task.alone else [*in_flight.values(), *schedule.tasks]
            task = replace(task, sharers=1 + sum(other.parts for other in others))
            in_flight[task.key] = task
            yield Started(task)
            executor.start(task)
        if in_flight:
            outcomes = executor.wait(_WAIT)
            if stop.at_once:
                raise Interrupted("stopped at once")
            for outcome in outcomes:
                del in_flight[outcome.task.key]
                if outcome.error is not None and schedule.retry(outcome):
                    yield Retried(outcome.task, outcome.error, outcome.details)
                else:
                    yield outcome
        elif stop.requested or not schedule.tasks:
            return
        elif not executor.slots:
            executor.wait(_WAIT)  # for a worker to come
        elif paused is None:
            paused = time.monotonic()
            yield Paused()
        elif time.monotonic() - paused < patience:
            time.sleep(_WAIT)
        else:
            for task in schedule.tasks:
                yield Outcome(task, error=DiskFull("no space left for its output"))
            return
