"""Films whose frames carry their numbers, to be read again after any encoding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

_SIDE = 16
"""Pixels of a bit; larger survives a coarser encoding and a smaller copy."""
_BITS = 12


def stamped(picture: npt.NDArray[np.uint8], number: int) -> npt.NDArray[np.uint8]:
    """A copy of the RGB picture with the number in its last rows, white bits for ones."""
    made = picture.copy()
    bits = [255 * (number >> bit & 1) for bit in range(_BITS)]
    row = np.kron(np.array([bits], np.uint8), np.ones((_SIDE, _SIDE), np.uint8))
    made[-_SIDE:, : row.shape[1]] = row[..., None]
    return made


def numbers(path: Path, scale: float = 1.0) -> list[int]:
    """The number in each frame; `scale` is the picture's size beside the stamped one's."""
    side = _SIDE * scale
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            gray = frame.to_ndarray(format="gray")
            row = gray[int(gray.shape[0] - side / 2)]
            bits = [row[int((bit + 0.5) * side)] > 127 for bit in range(_BITS)]
            found.append(sum(int(on) << bit for bit, on in enumerate(bits)))
    return found


def film(path: Path, pts: Sequence[int], time_base: Fraction, size: tuple[int, int]) -> None:
    """A gray film of the (width, height) with numbered frames at `pts`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blank = np.full((size[1], size[0], 3), 90, np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 30)
        stream.width, stream.height = size
        stream.pix_fmt, stream.time_base = "yuv420p", time_base
        stream.codec_context.time_base = time_base
        stream.options = {"preset": "ultrafast"}
        for number, time in enumerate(pts):
            frame = av.VideoFrame.from_ndarray(stamped(blank, number), "rgb24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
