"""Tasks, their outcomes, and the protocol of whoever runs them.

`SerialExecutor` runs tasks in this process, for tests and debugging; `workers.ProcessExecutor` in
worker processes; `cluster.ClusterExecutor` on other machines. Callers cannot tell them apart.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from blur.errors import BlurError, Interrupted, missing_library, refused
from blur.process.stop import Stop

if TYPE_CHECKING:
    from blur.process.progress import Progress

Tell = Callable[[int, str, int, int | None], None]
"""Called with (task key, stage, done, total) while a task runs, in the thread that waits for it."""


@dataclass(frozen=True)
class Task:
    """One call to make elsewhere: `call(argument, progress)`, a module-level function; all pickles.

    `memory` and `disk` are bytes that it is expected to need. Nothing runs beside an `alone` task.
    `parts` tasks come of it, side by side. `sharers` tasks, this one included, run, wait or come
    when it begins, and share the cores: the fewer, the more it may use. 0 where nobody counted.
    """

    key: int
    call: Callable[[Any, Progress], Any]
    argument: Any
    memory: int = 0
    disk: int = 0
    alone: bool = False
    parts: int = 1
    sharers: int = 0


@dataclass(frozen=True)
class Outcome:
    """The end of a task, with a result or an error."""

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
        """Bytes that all tasks together may need; None if they share no memory."""

    def expect(self, tasks: int) -> None:
        """Prepare for a number of tasks, while none runs: few of them get more cores each."""

    def start(self, task: Task) -> None:
        """Begin a task. At most `slots` tasks may be in flight."""

    def wait(self, seconds: float) -> list[Outcome]:
        """Report progress and return the outcomes so far, after at most about `seconds`."""

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
    """Make the call. Errors become outcomes, so that a clip never ends the batch."""
    try:
        return Outcome(task, result=task.call(task.argument, progress))
    except BlurError as error:
        return Outcome(task, error=error, details=traceback.format_exc())
    except ImportError as error:
        return Outcome(task, error=missing_library(error), details=traceback.format_exc())
    except OSError as error:
        return Outcome(task, error=refused(error), details=traceback.format_exc())
    except Exception as error:
        # A fault of the program in one clip: the batch goes on.
        return Outcome(
            task,
            error=BlurError(
                f"unexpected {type(error).__name__}: {error}",
                remedy="please report this, with the details from the log",
            ),
            details=traceback.format_exc(),
        )
