"""Cores of this process, and the threads that its codecs take of them."""

from __future__ import annotations

import os

ALLOTTED_CORES = "BLUR_CORES"
"""Environment variable with the number of cores that a worker process may use."""


def cpu_count() -> int:
    """Cores of this process: the number the batch allotted to it, else its affinity."""
    if allotted := os.environ.get(ALLOTTED_CORES):
        return int(allotted)
    return _machine_cores()


def _machine_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_MOST_THREADS = 16
"""Most threads of a codec, as FFmpeg itself chooses; some codecs refuse more than 32."""


def codec_threads() -> int:
    """Threads of an encoder: the cores of this process where it has a part of the
    machine, else 0 (FFmpeg's choice). More threads take more CPU time."""
    cores = cpu_count()
    return min(cores, _MOST_THREADS) if cores < _machine_cores() else 0
