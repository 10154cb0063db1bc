"""Ctrl-C, SIGTERM and a closed terminal: the first stops cleanly, the second immediately."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from blur.errors import Interrupted

_ONE_REQUEST = 0.5
"""Seconds within which signals count as one request: some tools signal the process and its group.
A larger value delays the second Ctrl-C."""
_LOOK = 0.5
"""Seconds between two looks for a file that asks to stop; more delay a pause."""


class Stop:
    """A request to stop, which whoever works looks at from time to time.

    After `requested`, tasks end at their next report of progress; `at_once` also ends those that
    report none.
    """

    def __init__(self) -> None:
        self.requested = False
        self.at_once = False
        self._first = 0.0

    def now(self) -> None:
        """Wait for no task any more. May be called in any thread."""
        self.requested = self.at_once = True

    @contextmanager
    def on_file(self, asked: Path) -> Iterator[None]:
        """Stop cleanly inside the context once the file `asked` appears.

        A program that did not start this process, or that runs on Windows, can ask in no other
        way. A file from before is removed first: raises OSError if it cannot be.
        """
        asked.unlink(missing_ok=True)
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(_LOOK):
                if os.path.lexists(asked):
                    self.requested = True
                    return

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            ended.set()
            looking.join()
            with suppress(OSError):
                asked.unlink(missing_ok=True)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Catch SIGINT, SIGTERM and SIGHUP inside the context; `nohup` keeps SIGHUP ignored.

        The first sets `requested`; a later one raises Interrupted wherever the program stands.
        Outside the main thread Python cannot catch signals, and they are left alone.
        """

        def handle(number: int, frame: FrameType | None) -> None:
            if not self.requested:
                self._first = time.monotonic()
            elif time.monotonic() - self._first > _ONE_REQUEST:
                self.at_once = True  # should the error be lost where it is raised
                raise Interrupted("stopped at once")
            self.requested = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        caught = [signal.SIGINT, signal.SIGTERM]
        hangup = getattr(signal, "SIGHUP", None)  # Windows has none
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
            caught.append(hangup)
        before = {number: signal.signal(number, handle) for number in caught}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
