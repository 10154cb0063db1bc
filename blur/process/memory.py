"""Memory: the bytes that blur may take here, and heap that goes back between two stages of work.

Containers and services bound memory by control groups (cgroups), version 1 or 2, often nested: the
kernel kills at the smallest limit on the way from a process's own group up to the root.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

_SHARE = 0.8
"""Share of the memory for all workers; the rest is for the system and its file cache."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes in all and bytes free, of the machine or of the tightest group around this process."""

    total: int
    free: int


def memory(root: Path = Path("/")) -> Memory:
    """The memory that this process can get; `root` holds `proc` and `sys`, another in tests."""
    machine = psutil.virtual_memory()
    total, free = machine.total, machine.available
    for limit, used in _limits(root):
        total = min(total, limit)
        free = min(free, max(0, limit - used))
    return Memory(total, free)


def usable_memory() -> int:
    """Bytes that all workers of this machine together may need, within a container's limits."""
    return int(memory().total * _SHARE)


def give_back() -> None:
    """Return freed heap to the system.

    glibc would keep it for this process: hundreds of megabytes after a scan or render of 4K, beside
    those that the next stage fills.
    """
    gc.collect()  # pictures in reference cycles would hold the heap around them
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # musl and others have no such call
            ctypes.CDLL(None).malloc_trim(0)


def _limits(root: Path) -> Iterator[tuple[int, int]]:
    """(limit, use) in bytes of each group that holds this process, from its own up to the root.

    Use leaves out the file cache that the kernel drops first.
    """
    for folder, top in _groups(root):
        for group in (folder, *folder.parents):
            if not group.is_relative_to(top):
                break
            # memory.high slows a process down to a standstill, long before it is killed.
            for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
                if (limit := _number(group / name)) is not None:
                    yield limit, _use(group)
            # Version 1 tells the smallest limit above too, where those groups are out of sight.
            if (limit := _statistic(group, "hierarchical_memory_limit")) is not None:
                yield limit, _use(group)


def _groups(root: Path) -> Iterator[tuple[Path, Path]]:
    """Folder of this process's group, and the folder at which its hierarchy is mounted."""
    places = dict(_memberships(root))
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/mountinfo").read_text(errors="replace").splitlines():
            mount, _, system = line.partition(" - ")
            kind, _, options = system.split(" ")[:3]
            version = 2 if kind == "cgroup2" else 1 if kind == "cgroup" else None
            if version is None or version not in places:
                continue
            if version == 1 and "memory" not in options.split(","):
                continue
            start, at = mount.split(" ")[3:5]
            top = root / _unescaped(at).lstrip("/")
            place, above = PurePosixPath(places[version]), PurePosixPath(_unescaped(start))
            # A container's mount begins at its own group, whose place the kernel tells in full or,
            # in a namespace of groups, as the root.
            inner = place.relative_to(above) if place.is_relative_to(above) else PurePosixPath()
            yield top / inner.as_posix().lstrip("/"), top


def _memberships(root: Path) -> Iterator[tuple[int, str]]:
    """Version of a hierarchy that may bound memory, and the place of this process's group in it."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(errors="replace").splitlines():
            number, controllers, place = line.split(":", 2)
            if number == "0" and not controllers:
                yield 2, place
            elif "memory" in controllers.split(","):
                yield 1, place


def _use(group: Path) -> int:
    """Bytes that a group holds and the kernel cannot drop at once."""
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes") or 0
    cache = _statistic(group, "total_inactive_file") or _statistic(group, "inactive_file") or 0
    return max(0, used - cache)


def _number(file: Path) -> int | None:
    """A limit or a use; None where there is none ("max"), or no such file."""
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return None


def _statistic(group: Path, name: str) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in (group / "memory.stat").read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return None


def _unescaped(path: str) -> str:
    """A path as /proc/self/mountinfo writes it: space, tab, newline and backslash in octal."""
    for code in ("040", "011", "012", "134"):
        path = path.replace(f"\\{code}", chr(int(code, 8)))
    return path
