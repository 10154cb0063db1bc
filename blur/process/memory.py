"""Memory that one stage of the work leaves behind goes back to the system before the next."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_back() -> None:
    """Free what nobody holds any more. glibc keeps it for this process otherwise: after a scan or
    a render of 4K some hundred megabytes, and the next stage fills others."""
    gc.collect()  # pictures in cycles would keep the heap around them
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # other libraries of C have no such call
            ctypes.CDLL(None).malloc_trim(0)
