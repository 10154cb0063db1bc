"""Plans as they lie on the disk, the last few kept: the queue and the open clip read the same."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple, TypeAlias

from blur.data.plan import Plan
from blur.disk.fingerprint import file_sha256
from blur.store.plans import load_plan

_KEPT = 2
"""Plans; two hours of clip take some 30 MB, larger reads fewer again."""

Stamp: TypeAlias = tuple[int, int]
"""(mtime in ns, inode)."""


class Read(NamedTuple):
    """A plan and the hash of its file."""

    plan: Plan
    sha256: str | None


_recent: dict[tuple[Path, Stamp | None], Read] = {}
_lock = threading.Lock()


def read_plan(path: Path) -> Read:
    """The plan in a file; raises as `load_plan` does. Who asks while another thread reads it,
    waits for that."""
    with _lock:
        named = path, stamp_of(path)
        found = _recent.pop(named, None)
        if found is None:
            sha256 = file_sha256(path)
            found = Read(load_plan(path), sha256)
        if stamp_of(path) == named[1]:
            _recent[named] = found
        while len(_recent) > _KEPT:
            del _recent[next(iter(_recent))]
        return found


def stamp_of(path: Path) -> Stamp | None:
    """None for an absent file; one that is written anew has another inode."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino
