"""Which task runs next: in the order given, as many as memory carries, suspects alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from blur.batch.executor import Executor, Outcome, Task
from blur.batch.stopping import Stop

_WAIT = 0.5


class Schedule:
    """Tasks waiting to run. `memory` is what the tasks in flight may need together, in bytes."""

    def __init__(self, tasks: Iterable[Task], memory: int) -> None:
        self._tasks = list(tasks)
        self._memory = memory

    def put_back(self, task: Task) -> None:
        """Queue a task again, to run after all others with nothing beside it."""
        self._tasks.append(replace(task, alone=True))

    def take(self, in_flight: Collection[Task]) -> Task | None:
        """The next task that may start beside those in flight, if there is one."""
        if not in_flight:
            return self._tasks.pop(0) if self._tasks else None
        free = self._memory - sum(task.memory for task in in_flight)
        if any(task.alone for task in in_flight):
            return None
        for i, task in enumerate(self._tasks):
            if task.memory <= free and not task.alone:
                return self._tasks.pop(i)
        return None


def drain(
    schedule: Schedule,
    executor: Executor,
    stop: Stop,
    on_start: Callable[[Task], None],
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Run the schedule until it is empty, or until those in flight ended after a stop.

    `on_outcome` may put a task back.
    """
    in_flight: dict[int, Task] = {}
    while True:
        while len(in_flight) < executor.slots and not stop.requested:
            task = schedule.take(in_flight.values())
            if task is None:
                break
            in_flight[task.key] = task
            on_start(task)
            executor.start(task)
        if not in_flight:
            return
        for outcome in executor.wait(_WAIT):
            del in_flight[outcome.task.key]
            on_outcome(outcome)
