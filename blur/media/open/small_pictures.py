"""Small RGB and grey pictures in display geometry: the input of detectors and of people."""

from __future__ import annotations

import functools
import threading

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from blur.media.open.geometry import Orientation

_local = threading.local()

_PQ = 16  # ISO/IEC 23091-2 transfer characteristics


@functools.cache
def _pq_to_sdr() -> npt.NDArray[np.uint8]:
    """(256,) table from PQ's code values (SMPTE ST 2084) to sRGB's, with white at 203 cd/m2.

    In PQ a face in daylight lies in the middle greys, unlike all that detectors were trained on.
    """
    code = np.linspace(0, 1, 256) ** (1 / 78.84375)
    linear = (np.maximum(code - 0.8359375, 0) / (18.8515625 - 18.6875 * code)) ** (1 / 0.1593017578)
    white = np.minimum(linear * 10_000 / 203, 1)
    curve = np.where(white <= 0.0031308, 12.92 * white, 1.055 * white ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)


def display_rgb(
    picture: av.VideoFrame, orientation: Orientation, width: int, height: int
) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB of the upright picture, C-contiguous."""
    return _scaled(picture, orientation, width, height, "rgb24")


def display_gray(
    picture: av.VideoFrame, orientation: Orientation, width: int, height: int
) -> npt.NDArray[np.uint8]:
    """(height, width) uint8 luma of the upright picture, C-contiguous."""
    return _scaled(picture, orientation, width, height, "gray")


def _scaled(
    picture: av.VideoFrame, orientation: Orientation, width: int, height: int, pix_fmt: str
) -> npt.NDArray[np.uint8]:
    stored_width, stored_height = orientation.stored_size(width, height)
    small = _reformatter(stored_width, stored_height, pix_fmt).reformat(
        picture, stored_width, stored_height, pix_fmt, interpolation="AREA", threads=1
    )
    plane = small.planes[0]
    channels = 3 if pix_fmt == "rgb24" else 1
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(stored_height, plane.line_size)
    array = rows[:, : stored_width * channels].reshape(stored_height, stored_width, channels)
    if channels == 1:
        array = array[:, :, 0]
    if picture.color_trc == _PQ:
        array = _pq_to_sdr()[array]
    return np.array(orientation.to_display(array), order="C", copy=True)


def _reformatter(width: int, height: int, pix_fmt: str) -> VideoReformatter:
    """Kept per thread and target: building swscale's tables costs more than a small picture."""
    cache: dict[tuple[int, int, str], VideoReformatter] = _local.__dict__.setdefault("cache", {})
    if len(cache) > 32:
        cache.clear()
    return cache.setdefault((width, height, pix_fmt), VideoReformatter())
