import os
import subprocess
import sys

import pytest

from blur.detect.quiet import native_chatter_dropped

LINES = [
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n",
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
    b"W0000 00:00:1795437176.333062   15908 inference_feedback_manager.cc:114] Feedback\n",
]


def test_drops_chatter_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    with native_chatter_dropped():
        os.write(2, LINES[0] + b"E0000 00:00:1795437176.333062 1 x.cc:1] broken\n" + LINES[2])
        print("from Python", file=sys.stderr)
    os.write(2, b"after\n")
    said = capfd.readouterr().err
    assert sorted(said.splitlines()) == [
        "E0000 00:00:1795437176.333062 1 x.cc:1] broken",
        "after",
        "from Python",
    ]


def test_an_error_inside_comes_out_with_what_was_said(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), native_chatter_dropped():
        os.write(2, LINES[1] + b"the reason\n")
        raise ZeroDivisionError
    assert capfd.readouterr().err == "the reason\n"


def test_detectors_start_and_look_in_silence() -> None:
    code = """
import numpy as np
from blur.detect.registry import DETECTORS, load_detector
for name in DETECTORS:
    load_detector(name).detect([np.full((200, 300, 3), 90, np.uint8)] * 3, 0.3)
raise SystemExit("but errors are heard")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr.strip()) == ("", "but errors are heard")
