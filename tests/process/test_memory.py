from __future__ import annotations

import sys

import numpy as np
import psutil
import pytest

from blur.process import memory


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told to give memory back")
def test_what_nobody_holds_goes_back_to_the_system() -> None:
    def held() -> int:
        return psutil.Process().memory_info().rss

    rows = [np.ones(8_000) for _ in range(2_000)]  # too small for mappings of their own
    last = rows[-1]  # pins the heap's end, so that free() alone gives nothing back
    del rows
    before = held()
    memory.give_back()
    assert before - held() > 60e6
    assert last.sum() == 8_000
