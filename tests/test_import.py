"""Whoever imports `blur` keeps their process as it was."""

from __future__ import annotations

import subprocess
import sys

_CHECK = """
import importlib, logging, os, pkgutil, signal
import av, cv2, PIL.Image
import blur

def state():
    return {
        "threads of OpenCV": cv2.getNumThreads(),
        "largest picture of Pillow": PIL.Image.MAX_IMAGE_PIXELS,
        "HEIF in Pillow": {"HEIF"} & {*PIL.Image.OPEN, *PIL.Image.SAVE},
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "mask of modes": os.umask(os.umask(0)),
        "signals": {s: signal.getsignal(s) for s in signal.valid_signals()},
        "log handlers": list(logging.getLogger().handlers),
        "log of FFmpeg": av.logging.get_level(),
    }

before = state()
for module in pkgutil.walk_packages(blur.__path__, "blur."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
after = state()
for name in before:
    if before[name] != after[name]:
        print(name, before[name], "->", after[name])
"""


def test_importing_every_module_changes_nothing_in_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
