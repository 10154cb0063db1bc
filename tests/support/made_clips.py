"""Small real clips for whole batches."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np

GREEN = np.array([0, 255, 0])
"""The colour of a face for detectors that know no better, see `green_faces`."""


def film(
    path: Path,
    *,
    frames: int = 20,
    width: int = 128,
    height: int = 96,
    seed: int = 0,
    face: bool = False,
    since: int = 0,
    keys: int = 250,
):
    """Encode coloured blocks that move sideways; every seed gives other blocks.

    With `face`, a green one of 24 pixels moves with them from frame `since` on. A key frame comes
    every `keys` frames.

    The width is a multiple of 128: at others, x264's AVX-512 code reads memory that it did not
    set, and two encodes of the same pictures may differ.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    picture = colours.repeat(8, 0).repeat(8, 1)
    with av.open(f"file:{path}", "w") as container:
        stream = container.add_stream("libx264", 25, options={"g": str(keys)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(frames):
            if face and i == since:
                picture[32:56, 40:64] = GREEN
            frame = av.VideoFrame.from_ndarray(np.roll(picture, 4 * i, 1), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def frame_hashes(path: Path) -> list[str]:
    """A hash of each decoded picture with its time."""
    with av.open(f"file:{path}") as container:
        return [
            hashlib.sha256(f"{f.pts} {f.time_base}".encode() + f.to_ndarray().tobytes()).hexdigest()
            for f in container.decode(video=0)
        ]
