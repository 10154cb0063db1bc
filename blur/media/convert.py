"""Small RGB and grey pictures for looking at, in display geometry."""

from __future__ import annotations

import threading

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from blur.media.geometry import Orientation

_local = threading.local()


def display_rgb(
    picture: av.VideoFrame, orientation: Orientation, width: int, height: int
) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB, C-contiguous, as the picture is shown.

    Scaled and converted in one step from the picture's own planes.
    """
    return _scaled(picture, orientation, width, height, "rgb24")


def display_gray(
    picture: av.VideoFrame, orientation: Orientation, width: int, height: int
) -> npt.NDArray[np.uint8]:
    """(height, width) uint8 luma, C-contiguous, as the picture is shown."""
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
    return np.array(orientation.to_display(array), order="C", copy=True)


def _reformatter(width: int, height: int, pix_fmt: str) -> VideoReformatter:
    """One per thread and target: building swscale's tables costs more than a small picture."""
    cache: dict[tuple[int, int, str], VideoReformatter] = _local.__dict__.setdefault("cache", {})
    if len(cache) > 32:
        cache.clear()
    return cache.setdefault((width, height, pix_fmt), VideoReformatter())
