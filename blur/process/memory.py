"""Memory goes back to the system between two stages of the work."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_back() -> None:
    """Return freed heap to the system.

    glibc would keep it for this process: hundreds of megabytes after a scan or render of 4K, beside
    those that the next stage fills.
    """
    gc.collect()  # pictures in reference cycles would hold the heap around them
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # musl and others have no such call
            ctypes.CDLL(None).malloc_trim(0)
