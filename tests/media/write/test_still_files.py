"""Photographs' encoders leave their process as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from blur.media.open.clip_info import Colour
from blur.media.write.still_files import save_avif


@pytest.mark.skipif(sys.platform != "linux", reason="reads the scheduler as Linux tells it")
def test_an_avif_leaves_the_scheduler_alone(tmp_path: Path) -> None:
    before = os.sched_getscheduler(0)
    save_avif(tmp_path / "a.avif", np.zeros((64, 64, 3), np.uint16), None, Colour())
    assert os.sched_getscheduler(0) == before
