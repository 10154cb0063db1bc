#!/usr/bin/env python3
"""Milliseconds per picture of each detector, by input size, precision and pictures in one call.

    python tests/bench/detectors.py [--threads N] [--repeat N]

Best of the repeats: other work on the machine only adds. Pictures are noise: a network takes equal
time for any picture.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np
import paths  # noqa: F401  makes blur importable

from blur.detect.detections import Detector
from blur.process import sandbox
from blur.settings.cores import cpu_count

SIZES = ((640, 384), (960, 544), (1280, 736))
"""(width, height), pixels."""


def detectors(threads: int) -> Iterator[tuple[str, Detector]]:
    """Each detector, and its precision."""
    from blur.detect.blazeface import BlazeFace
    from blur.detect.centerface import CenterFace
    from blur.detect.yunet import YuNet

    for precision in ("f32", None):
        yield precision or "preferred", CenterFace(threads=threads, precision=precision)
        yield precision or "preferred", YuNet(threads=threads, precision=precision)
    for name in ("blazeface-short", "blazeface-full"):
        yield "f32", BlazeFace(name, threads=threads)


def best_ms(detector: Detector, width: int, height: int, pictures: int, repeat: int) -> float:
    """Least milliseconds per picture over `repeat` calls, after one that warms up."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    batch = [noise] * pictures
    detector.detect(batch, 0.5)
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        detector.detect(batch, 0.5)
        best = min(best, time.perf_counter() - start)
    return best / pictures * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=cpu_count())
    parser.add_argument("--repeat", type=int, default=15)
    arguments = parser.parse_args()
    sandbox.keep_openvino_quiet()
    import openvino

    preferred = openvino.Core().get_property("CPU", "INFERENCE_PRECISION_HINT")
    print(f"{arguments.threads} threads; preferred precision: {preferred.to_string()}")
    print(f"{'detector':16} {'precision':10} {'size':>9} {'1 picture':>10} {'of 8':>10}  ms")
    for precision, detector in detectors(arguments.threads):
        for width, height in SIZES:
            alone, together = (
                best_ms(detector, width, height, pictures, arguments.repeat) for pictures in (1, 8)
            )
            size = f"{width}x{height}"
            print(f"{detector.name:16} {precision:10} {size:>9} {alone:10.1f} {together:10.1f}")


if __name__ == "__main__":
    main()
