"""Compiled networks, kept while the process lives.

Between clips the detectors leave memory to the encoder, and the next clip needs the same networks:
to compile them all again takes two seconds of a core, to read them again a third of that. They are
kept in a file, for each holds its weights; the file has no name and goes with the process.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import threading
from collections.abc import Hashable
from typing import IO


class Kept:
    """Compiled networks by key; safe between threads."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._spans: dict[Hashable, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        """What was put under `key`, if anything was."""
        with self._lock:
            if self._file is None or key not in self._spans:
                return None
            start, length = self._spans[key]
            self._file.seek(start)
            return self._file.read(length)

    def put(self, key: Hashable, content: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):  # a full disk: it will be compiled again
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="blur-", buffering=0)  # noqa: SIM115
            start = self._file.seek(0, io.SEEK_END)
            if self._file.write(content) == len(content):
                self._spans[key] = start, len(content)
