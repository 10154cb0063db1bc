"""Ctrl-C and SIGTERM: once stops cleanly, twice at once."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from blur.errors import Interrupted

_ONE_REQUEST = 0.5
"""Seconds: some tools send one request twice, to the process and to its group."""


class Stop:
    """Whether the batch was asked to stop."""

    def __init__(self) -> None:
        self.requested = False
        self._first = 0.0

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Catch SIGINT and SIGTERM inside the context.

        The first one sets `requested`; a later one raises Interrupted where the program stands.
        Outside the main thread, where Python cannot catch them, signals are left alone.
        """

        def handle(number: int, frame: FrameType | None) -> None:
            if not self.requested:
                self._first = time.monotonic()
            elif time.monotonic() - self._first > _ONE_REQUEST:
                raise Interrupted("stopped at once")
            self.requested = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
