"""Where tasks run: the protocol, and its serial form for tests and debugging.

A batch hands tasks to an executor and asks it for outcomes. `SerialExecutor` works in this
very process, `processes.ProcessExecutor` in worker processes, `cluster.ClusterExecutor` on
other machines; the batch cannot tell them apart.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from blur.errors import BlurError, Interrupted, SetupError
from blur.process.stop import Stop

if TYPE_CHECKING:  # the pipeline loads every native library; the batch itself needs none
    from blur.process.progress import Progress

Tell = Callable[[int, str, int, int | None], None]
"""Told (task key, stage, done, total) while a task runs, always in the batch's own thread."""


@dataclass(frozen=True)
class Task:
    """One call to make elsewhere. `call` is a module-level function, both ends pickle.

    `memory` and `disk` are what it is expected to need, in bytes; nothing runs beside it when
    `alone`.
    """

    key: int
    call: Callable[[Any, Progress], Any]
    argument: Any
    memory: int = 0
    disk: int = 0
    alone: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a task ended: with a result, or with an error."""

    task: Task
    result: Any = None
    error: BlurError | None = None
    details: str = ""
    """The traceback of the error, its causes included; empty where a worker was lost."""


class Executor(Protocol):
    """Runs up to `slots` tasks at once. Leaving the context ends every worker.

    When a stop is requested, running tasks end with Interrupted at their next report of progress.
    """

    @property
    def slots(self) -> int: ...

    @property
    def memory(self) -> int | None:
        """Bytes that all tasks together may need; None where each has a machine's part of its
        own and takes nothing from the others."""

    def expect(self, tasks: int) -> None:
        """Hear how many tasks are to come, while none runs: few may have more cores each."""

    def start(self, task: Task) -> None:
        """Take one task; never more than `slots` are taken at a time."""

    def wait(self, seconds: float) -> list[Outcome]:
        """Report progress and return what ended, after at most about `seconds`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class SerialExecutor:
    """One task at a time, in this process."""

    slots = 1
    memory = None

    def __init__(self, tell: Tell, stop: Stop) -> None:
        self._tell = tell
        self._stop = stop
        self._waiting: list[Task] = []

    def expect(self, tasks: int) -> None: ...

    def start(self, task: Task) -> None:
        self._waiting.append(task)

    def wait(self, seconds: float) -> list[Outcome]:
        outcomes = [outcome_of(task, self._progress(task)) for task in self._waiting]
        self._waiting.clear()
        return outcomes

    def _progress(self, task: Task) -> Progress:
        def progress(stage: str, done: int, total: int | None) -> None:
            if self._stop.requested:
                raise Interrupted("stopped on request")
            self._tell(task.key, stage, done, total)

        return progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waiting.clear()


def outcome_of(task: Task, progress: Progress) -> Outcome:
    """Make the call. What it raises becomes an outcome: one clip never ends the batch."""
    try:
        return Outcome(task, result=task.call(task.argument, progress))
    except BlurError as error:
        return Outcome(task, error=error, details=traceback.format_exc())
    except ImportError as error:
        return Outcome(
            task,
            error=SetupError(
                f"a library cannot be loaded: {error}",
                remedy="install blur again; on a Linux server also: libgl1 libegl1 libgles2",
            ),
            details=traceback.format_exc(),
        )
    except Exception as error:
        # A fault of the program, in one clip: it fails by name and the batch goes on.
        return Outcome(
            task,
            error=BlurError(
                f"unexpected {type(error).__name__}: {error}",
                remedy="please report this, with the details from the log",
            ),
            details=traceback.format_exc(),
        )
