"""Compiled networks, kept while the process lives.

Detectors are unloaded between clips to leave memory to the encoder. Compiling their networks again
takes two seconds of a core, importing them a third. Each holds its weights, so they are kept in a
file, which has no name and disappears with the process.
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
        """`make(content)` of the network under `key`, or None if there is none.

        The result may keep pointers into `content`, whose address stays valid.
        """
        with self._lock:
            view = self._views.get(key)
        if view is None:
            return None
        made = make(np.frombuffer(view, np.uint8))
        _forget(view)
        return made

    def forget_pages(self) -> None:
        """Return the memory of all pages read so far to the system."""
        with self._lock:
            for view in self._views.values():
                _forget(view)

    def put(self, key: Hashable, content: Any) -> None:
        """Keep a compiled network: bytes, or a buffer of them."""
        with self._lock, contextlib.suppress(OSError):  # disk full: it is compiled again
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="blur-", buffering=0)  # noqa: SIM115
            start = -(-self._file.seek(0, 2) // mmap.ALLOCATIONGRANULARITY)
            start = self._file.seek(start * mmap.ALLOCATIONGRANULARITY)
            if self._file.write(content) == len(content):
                self._views[key] = mmap.mmap(
                    self._file.fileno(), len(content), access=mmap.ACCESS_COPY, offset=start
                )


def _forget(view: mmap.mmap) -> None:
    """Release the pages; the next access reads the file again."""
    if hasattr(mmap, "MADV_DONTNEED"):
        view.madvise(mmap.MADV_DONTNEED)
