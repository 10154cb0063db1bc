#!/usr/bin/env python3
"""Deadlocks between two threads that make a process's first calls of a library at once.

    python tests/bench/first_calls.py                     100 processes for each suspect
    python tests/bench/first_calls.py --starts 20 cv2 av  some

A process that does not end within --seconds hangs. Exit code 1 if any did, or failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paths
from made_clips import film
from PIL import Image

_PROGRAM = """
import faulthandler, sys, threading
faulthandler.dump_traceback_later({seconds}, exit=True)
import numpy as np
{before}
barrier = threading.Barrier(2)
errors = []
def first(side):
    barrier.wait()
    try:
        {call}
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=first, args=(side,)) for side in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
sys.exit(repr(errors[0]) if errors else 0)
"""
_PICTURE = "picture = np.full((96, 128, 3), 90, np.uint8); grey = picture[..., 0].copy()\n"
SUSPECTS = {
    "numpy": ("", "import numpy.fft, numpy.linalg, numpy.random; np.linalg.svd(np.eye(9)); "
              "np.random.default_rng(1).normal(size=9); np.fft.fft(np.eye(9))"),
    "scipy": ("", "import scipy.ndimage, scipy.optimize; "
              "scipy.ndimage.gaussian_filter(np.eye(9), 1); "
              "scipy.optimize.linear_sum_assignment(np.eye(9))"),
    "cv2-import": (_PICTURE, "import cv2; cv2.resize(picture, (64, 64))"),
    "cv2": ("import cv2\n" + _PICTURE,
            "cv2.calcOpticalFlowPyrLK(grey, grey, np.float32([[[9, 9]]]), None); "
            "cv2.GaussianBlur(picture, (5, 5), 1); cv2.imencode('.jpg', picture)"),
    "av-import": ("", "import av; av.open({clip!r}).close()"),
    "av": ("import av",
           "[f.to_ndarray(format='rgb24') for f in av.open({clip!r}).decode(video=0)]"),
    "pillow": ("", "from PIL import Image; Image.open({still!r}).convert('L')"),
    "heif": ("from blur.media.open import read", "import pillow_heif; from PIL import Image; "
             "pillow_heif.register_heif_opener(); Image.open({still!r}).load()"),
    "openvino-core": ("from blur.detect.network_openvino import core", "core().available_devices"),
    "yunet": (_PICTURE + "from blur.detect.registry import load_detector",
              "load_detector('yunet').detect([picture], 0.3)"),
    "centerface": (_PICTURE + "from blur.detect.registry import load_detector",
                   "load_detector('centerface').detect([picture], 0.3)"),
    "two-networks": (_PICTURE + "from blur.detect.registry import load_detector",
                     "load_detector(('yunet', 'centerface')[side]).detect([picture], 0.3)"),
    "blazeface": (_PICTURE + "from blur.detect.registry import load_detector",
                  "load_detector('blazeface-full').detect([picture], 0.3)"),
    "blazeface-beside-openvino": (_PICTURE + "from blur.detect.registry import load_detector",
                  "load_detector(('blazeface-short', 'yunet')[side]).detect([picture], 0.3)"),
}  # fmt: skip
"""Code before the threads, and the first call in both; `side` is 0 in one and 1 in the other."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("suspects", nargs="*", default=list(SUSPECTS))
    options.add_argument("--starts", type=int, default=100)
    options.add_argument("--seconds", type=float, default=60)
    given = options.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        clip, still = film(Path(scratch) / "a.mp4"), Path(scratch) / "a.png"
        Image.new("RGB", (64, 48), "red").save(still)
        for name in given.suspects:
            before, call = SUSPECTS[name]
            files = {"clip": str(clip), "still": str(still)}
            program = _PROGRAM.format(
                seconds=given.seconds, before=before, call=call.format(**files)
            )
            began, ends = time.monotonic(), []
            for _ in range(given.starts):
                done = subprocess.run(
                    [sys.executable, "-c", program], cwd=paths.ROOT, capture_output=True, text=True
                )
                if done.returncode:
                    ends.append(done.stderr)
            bad += len(ends)
            took = (time.monotonic() - began) / given.starts
            print(
                f"{name}: {len(ends)} of {given.starts} hang or fail; {took:.2f} s each", flush=True
            )
            for text in ends[:1]:
                print(text[-1500:], flush=True)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
