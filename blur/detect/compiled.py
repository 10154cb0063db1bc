"""Compiled networks, kept while the process lives.

Between clips the detectors leave memory to the encoder, and the next clip needs the same networks:
to compile them all again takes two seconds of a core, to import them a third of that. They are kept
in a file, for each holds its weights; the file has no name and goes with the process.
"""

from __future__ import annotations

import contextlib
import mmap
import tempfile
import threading
from collections.abc import Callable, Hashable
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

Content = npt.NDArray[np.uint8]


class Kept:
    """Compiled networks by key; safe between threads."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._views: dict[Hashable, mmap.mmap] = {}
        self._lock = threading.Lock()

    def imported(self, key: Hashable, make: Callable[[Content], T]) -> T | None:
        """What `make` makes of the network under `key`; None when there is none.

        What is made may go on to point into the content: it stays where it is.
        """
        with self._lock:
            view = self._views.get(key)
        if view is None:
            return None
        made = make(np.frombuffer(view, np.uint8))
        _forget(view)
        return made

    def forget_pages(self) -> None:
        """Give back the memory in which what is kept has been read."""
        with self._lock:
            for view in self._views.values():
                _forget(view)

    def put(self, key: Hashable, content: Any) -> None:
        """Keep a network, given as bytes or a buffer of them."""
        with self._lock, contextlib.suppress(OSError):  # a full disk: it will be compiled again
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="blur-", buffering=0)  # noqa: SIM115
            start = -(-self._file.seek(0, 2) // mmap.ALLOCATIONGRANULARITY)
            start = self._file.seek(start * mmap.ALLOCATIONGRANULARITY)
            if self._file.write(content) == len(content):
                self._views[key] = mmap.mmap(
                    self._file.fileno(), len(content), access=mmap.ACCESS_COPY, offset=start
                )


def _forget(view: mmap.mmap) -> None:
    """Give pages back, which are read from the file again should they be needed."""
    if hasattr(mmap, "MADV_DONTNEED"):
        view.madvise(mmap.MADV_DONTNEED)
