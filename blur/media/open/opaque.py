"""Films with alpha as players show them: over black.

The pixels that alpha hides stand in the samples, and an output without alpha would show them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import av
import numpy as np
import numpy.typing as npt

_PACKED = ("rgba", "bgra", "argb", "abgr")
_FULL = 2  # AVCOL_RANGE_JPEG


def opaque(picture: av.VideoFrame) -> av.VideoFrame:
    """The picture composited on black, its alpha opaque; pictures without alpha as they are.

    Formats other than planar ones and 8-bit packed RGB become RGBA.
    """
    if not has_alpha(picture.format.name):
        return picture
    if _alpha_place(picture.format.name) is None:
        deep = picture.format.components[0].bits > 8
        picture = picture.reformat(format="rgba64le" if deep else "rgba")
    picture.make_writable()
    _composite(_channels(picture), picture)
    return picture


@lru_cache
def has_alpha(name: str) -> bool:
    parts = av.VideoFormat(name).components
    return name == "pal8" or any(part.is_alpha for part in parts)


@lru_cache
def _alpha_place(name: str) -> int | None:
    """The channel of alpha among `_channels`; None for formats without such channels."""
    if name in _PACKED or name == "rgba64le":
        return name.index("a")
    if name == "pal8":
        return None  # a single plane of indices: alpha stands in the palette
    video = av.VideoFormat(name)
    parts = video.components
    planar = len({part.plane for part in parts}) == len(parts)
    whole = {part.bits for part in parts} <= set(range(8, 17)) and not name.endswith(
        ("be", "msble")
    )
    if not planar or not whole or "f16" in name or "f32" in name:
        return None
    return next(part.plane for part in parts if part.is_alpha)


def _channels(picture: av.VideoFrame) -> list[npt.NDArray[Any]]:
    """Writable (height, width) samples of each channel."""
    kind = np.uint16 if picture.format.components[0].bits > 8 else np.uint8
    size = np.dtype(kind).itemsize
    found: list[npt.NDArray[Any]] = []
    count = 4 if picture.format.name in (*_PACKED, "rgba64le") else 1
    for plane in picture.planes:
        rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // size)
        shown = rows[: plane.height, : plane.width * count]
        found += [shown[:, channel::count] for channel in range(count)]
    return found


def _composite(channels: list[npt.NDArray[Any]], picture: av.VideoFrame) -> None:
    place = _alpha_place(picture.format.name)
    assert place is not None
    bits = picture.format.components[0].bits
    top = (1 << bits) - 1
    alpha = channels[place].astype(np.float32) / top
    if (alpha == 1).all():
        return
    limited = not picture.format.is_rgb and picture.color_range != _FULL
    for number, samples in enumerate(channels):
        if number == place:
            continue
        chroma = not picture.format.is_rgb and number in (1, 2) and len(channels) > 2
        black = 1 << (bits - 1) if chroma else 16 << (bits - 8) if limited else 0
        down, across = -(-len(alpha) // len(samples)), -(-alpha.shape[1] // samples.shape[1])
        share = alpha[::down, ::across]
        samples[:] = np.round(black + (samples - np.float32(black)) * share)
    channels[place][:] = top
