#!/usr/bin/env python3
"""Cost of covering: CPU milliseconds a frame, on one core, without decoding and encoding.

python tests/bench/paint.py                  all fills, 1080p, four faces of 60 to 200 pixels
python tests/bench/paint.py --size 3840x2160 --faces 20
"""

from __future__ import annotations

import argparse
import statistics
import time

import av
import cv2
import numpy as np
import paths  # noqa: F401  makes blur importable

from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.data.plan import Mark, Track
from blur.settings import CoverSettings, FillName

FRAMES = 40
"""Over which the median is taken."""


def picture(name: str, width: int, height: int) -> av.VideoFrame:
    """A picture of soft shapes with grain, in the pixel format `name`."""
    rng = np.random.default_rng(0)
    shapes = rng.integers(0, 255, (height // 60, width // 60, 3)).astype(np.float32)
    large = cv2.resize(shapes, (width, height), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(large + rng.normal(0, 2, large.shape), 0, 255).astype(np.uint8)
    return av.VideoFrame.from_ndarray(noisy, format="rgb24").reformat(format=name)


def walking(count: int, face: int, width: int, height: int) -> list[Track]:
    """`count` faces, `face` pixels wide, spread over the picture, each a few pixels a frame on."""
    rng = np.random.default_rng(1)
    columns = int(np.ceil(np.sqrt(count * width / height)))
    rows = -(-count // columns)
    tracks = []
    for i in range(count):
        x = (i % columns + 0.5) * width / columns
        y = (i // columns + 0.5) * height / rows
        step = rng.uniform(-3, 3, 2)
        boxes = [
            (x + step[0] * frame, y + step[1] * frame, face, 1.3 * face, 5)
            for frame in range(FRAMES)
        ]
        marks, scores = np.full(FRAMES, Mark.DETECTED, np.uint8), np.ones(FRAMES, np.float32)
        tracks.append(Track(i, 0, np.array(boxes, np.float32), marks, scores))
    return tracks


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--faces", type=int, default=4)
    parser.add_argument("--formats", nargs="+", default=["yuv420p", "yuv420p10le"])
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    cv2.setNumThreads(1)
    print(f"{given.size}, {given.faces} faces: CPU ms a frame, median (least)")
    for name in given.formats:
        source = picture(name, width, height)
        for face in (60, 120, 200):
            tracks = walking(given.faces, face, width, height)
            covers = Covers(tracks, [(0, FRAMES)], CoverSettings(), width, height)
            cells = []
            for fill in FillName:
                made, spent = make_fill(CoverSettings(fill=fill)), []
                for frame in range(FRAMES):
                    start = time.process_time()
                    paint(source, covers.at(frame), made)
                    spent.append(1000 * (time.process_time() - start))
                cells.append(f"{fill} {statistics.median(spent):5.2f} ({min(spent):.2f})")
            print(f"{name:12} faces {face:3} px wide   " + "   ".join(cells), flush=True)


if __name__ == "__main__":
    main()
