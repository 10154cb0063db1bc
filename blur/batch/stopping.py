"""Ctrl-C and SIGTERM: once stops cleanly, twice at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from blur.errors import Interrupted


class Stop:
    """Whether the batch was asked to stop."""

    def __init__(self) -> None:
        self.requested = False

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Catch SIGINT and SIGTERM inside the context.

        The first one sets `requested`; the second raises Interrupted where the program stands.
        Outside the main thread, where Python cannot catch them, signals are left alone.
        """

        def handle(number: int, frame: FrameType | None) -> None:
            if self.requested:
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
