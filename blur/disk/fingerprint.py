"""Hashes of file contents: of every byte, or of samples, which is quick."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from blur.data.plan import Fingerprint

_BLOCK = 32 * 1024
"""Bytes of a sample; larger ones notice smaller differences and read longer."""
_BLOCKS = 8
"""Samples of a file, the first at its start and the last at its end."""
_CHUNK = 16 * 2**20
"""Bytes between two reports of progress; a larger value notices a stop later."""
_SETTLED = 2_000_000_000
"""Nanoseconds after a file's last change from which its status tells of a next change: clocks of
file systems tick up to two seconds apart. A larger value reads fresh files more often."""

_read: dict[tuple[int, ...], str] = {}
"""SHA-256 of the files that this process read, by their status."""


def fingerprint(path: Path, tell: Callable[[int, int], None] | None = None) -> Fingerprint:
    """Size in bytes, SHA-256 of samples (see `sampled`) and of every byte.

    A process reads a file once, as long as the file's status stays. `tell` hears of bytes done and
    their total. Raises OSError.
    """
    before = _status(path)
    quick = sampled(path)
    whole = _read.get(before)
    if whole is None:
        whole = sha256(path, tell)
        changed_ns = before[-1]
        if before == _status(path) and time.time_ns() - changed_ns > _SETTLED:
            _read[before] = whole
    return Fingerprint(quick.size, quick.sampled, whole)


def sampled(path: Path) -> Fingerprint:
    """Size in bytes, and SHA-256 over eight 32 KiB blocks spread evenly over the file.

    Files of up to 256 KiB are hashed whole. Of larger ones a truncated or replaced one is noticed;
    a change between the blocks is not: uncompressed clips of one size can agree. Raises OSError.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size <= _BLOCK * _BLOCKS:
            file.seek(0)
            digest.update(file.read())
        else:
            for i in range(_BLOCKS):
                file.seek((size - _BLOCK) * i // (_BLOCKS - 1))
                digest.update(file.read(_BLOCK))
    return Fingerprint(size, digest.hexdigest())


def sha256(path: Path, tell: Callable[[int, int], None] | None = None) -> str:
    """SHA-256 of every byte of a file; `tell` as in `fingerprint`. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if tell is not None:
                tell(file.tell(), size)
    return digest.hexdigest()


def file_sha256(path: Path) -> str | None:
    """SHA-256 of a work file; None if there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _status(path: Path) -> tuple[int, ...]:
    now = path.stat()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
