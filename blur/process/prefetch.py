"""Threads: a stage of the pipeline runs a few items ahead of the next; calls, and viewers of the
same items, run side by side."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TypeVar, TypeVarTuple

from blur.settings.cores import cpu_count

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

AHEAD = 3
"""Items that a stage may run ahead, enough to keep decoding busy; each holds a picture's memory."""
BEHIND = 8
"""Items that a viewer may be behind, which evens out its dear ones; each holds a picture's memory,
and `pursue._LEAD` bounds them."""

_WAIT = 0.2
"""Seconds between two signs of life; larger answers a stop later."""


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterable[T], depth: int = AHEAD) -> Generator[T, None, None]:
    """Yield `items` in order, made by a thread at most `depth` items ahead of their use.

    An error of `items` is raised here, in its place. Closing the iterator stops the thread and
    closes `items`.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(depth)
    stopped = threading.Event()

    def put(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        error: BaseException | None = None
        iterator = iter(items)
        try:
            for item in iterator:
                if not put(item):
                    break
        except BaseException as caught:  # raised again in the reader's thread
            error = caught
        finally:
            if close := getattr(iterator, "close", None):
                close()
        put(_End(error))

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        thread.join()


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of `calls`, in order; as many calls at once as there are cores."""
    if len(calls) < 2 or cpu_count() == 1:
        return [call() for call in calls]
    with ThreadPoolExecutor(cpu_count(), thread_name_prefix="together") as threads:
        return list(threads.map(lambda call: call(), calls))


def in_turn(
    calls: Iterable[Callable[[], T]],
    count: int,
    stopped: threading.Event,
    waits: Callable[[], None],
) -> Generator[T, None, None]:
    """The results of `calls`, in order; `count` calls at once, in threads, and as many that wait
    for those before.

    `waits` is called in the reader's thread, several times a second, as long as it waits. An error
    is raised in its place. Then, and at an early end, `stopped` tells the calls under way to end,
    and they are awaited.
    """

    def result(future: Future[T]) -> T:
        while not future.done():
            wait([future], _WAIT)
            waits()
        return future.result()

    with ThreadPoolExecutor(count, thread_name_prefix="in_turn") as threads:
        waiting: deque[Future[T]] = deque()
        try:
            for call in calls:
                if len(waiting) == 2 * count:
                    yield result(waiting.popleft())
                waiting.append(threads.submit(call))
            while waiting:
                yield result(waiting.popleft())
        finally:
            stopped.set()
            for future in waiting:
                future.cancel()


def viewed(
    items: Iterable[tuple[*Ts]], viewers: Sequence[Callable[[*Ts], object]]
) -> Iterator[tuple[*Ts]]:
    """Yield `items`, each shown to every viewer; all are, once the iterator ends.

    A viewer sees them in order, in a thread of its own where there are several cores, up to
    `BEHIND` items late. Raises the errors of `items` and viewers.
    """
    if cpu_count() == 1:
        for item in items:
            for view in viewers:
                view(*item)
            yield item
        return
    with ExitStack() as stack:
        threads = [stack.enter_context(ThreadPoolExecutor(1, "viewer")) for _ in viewers]
        views: list[deque[Future[object]]] = [deque() for _ in viewers]
        for item in items:
            for thread, view, waiting in zip(threads, viewers, views, strict=True):
                if len(waiting) == BEHIND:
                    waiting.popleft().result()
                waiting.append(thread.submit(view, *item))
            yield item
        for waiting in views:
            for future in waiting:
                future.result()
