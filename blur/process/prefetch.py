"""Threads: a stage of the pipeline runs a few items ahead of the next; calls run side by side."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from blur.settings.cores import cpu_count

T = TypeVar("T")

AHEAD = 3
"""Items that a stage may run ahead, enough to keep decoding busy; each holds a picture's memory."""


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
