"""The executor that the settings ask for; batch and review get theirs here."""

from __future__ import annotations

from collections.abc import Callable

from blur.errors import SetupError, install
from blur.process.executor import Executor, SerialExecutor, Tell
from blur.process.memory import usable_memory
from blur.process.stop import Stop
from blur.process.workers import ProcessExecutor
from blur.settings import BatchSettings
from blur.settings.cores import cpu_count


def make_executor(
    tell: Tell,
    stop: Stop,
    settings: BatchSettings,
    *,
    say: Callable[[str], None],
    identity: Callable[[], dict[str, str]],
    serial: bool = False,
) -> Executor:
    """Serial (in this process), on a cluster, or in worker processes, as `settings` say.

    `identity`, a module-level function, describes an installation: cluster workers whose answer
    differs from this machine's get no task. `say` hears of them. Raises SetupError.
    """
    if serial:
        return SerialExecutor(tell, stop)
    if settings.cluster:
        try:
            from blur.process.cluster import ClusterExecutor
        except ModuleNotFoundError as error:
            raise SetupError("Dask is not installed", remedy=install("cluster")) from error
        return ClusterExecutor(tell, stop, settings, say, identity)
    # Single-threaded workers on every core get the most done: two do six equal clips on two
    # cores in 0.6 of the time that one with two threads takes.
    slots = settings.jobs or cpu_count()
    return ProcessExecutor(
        tell,
        stop,
        slots=slots,
        threads=max(1, cpu_count() // slots),
        stall_timeout=settings.stall_timeout,
        memory_limit=usable_memory(),
    )
