"""Pictures of a clip for people to look at, clear or covered. In memory only, never written."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import av
import cv2
import numpy as np
import numpy.typing as npt

from blur.cover.fills import Fill
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.arrays import Picture
from blur.data.frame_map import FrameMap
from blur.data.plan import Box
from blur.media.open.clip_info import ClipInfo
from blur.media.open.seek import Seeker
from blur.media.open.small_pictures import display_rgb

K = TypeVar("K")
V = TypeVar("V")

DECODED = 128 * 2**20
"""Bytes of decoded pictures kept around a playhead; larger steps further without decoding."""
_HEAD = 2.0
"""Box widths on a thumbnail's side; larger shows more around the face."""


class Recent(Generic[K, V]):
    """The most recently used values, up to `limit` bytes as counted by `size`. Thread-safe."""

    def __init__(self, limit: int, size: Callable[[V], int]) -> None:
        self.limit = limit
        self._size = size
        self._held: OrderedDict[K, V] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            if key in self._held:
                self._bytes -= self._size(self._held.pop(key))
            self._held[key] = value
            self._bytes += self._size(value)
            while self._bytes > self.limit and len(self._held) > 1:
                self._bytes -= self._size(self._held.popitem(last=False)[1])


class Pictures:
    """The decoded frames of one file, in any order, from any thread.

    `limit` bytes of them are kept, so that a step back decodes nothing. `pts` are the file's own,
    `held` tells which frames of the plan it shows, all of them for None.
    """

    def __init__(
        self,
        path: Path,
        info: ClipInfo,
        pts: Sequence[int],
        limit: int,
        held: FrameMap | None = None,
    ) -> None:
        self.info, self._shown = info, held
        self._frames = len(pts)
        self._seeker = Seeker(path, info, pts)
        self._recent: Recent[int, av.VideoFrame] = Recent(limit, _bytes)
        self._size = 6 * info.width * info.height  # bytes of a picture; a guess for the first
        self._lock = threading.Lock()
        self._seeker.__enter__()

    def close(self) -> None:
        with self._lock:
            self._seeker.__exit__(None, None, None)

    def holds(self, index: int) -> bool:
        if self._shown is None:
            return 0 <= index < self._frames
        return self._shown.shown[0] <= index <= self._shown.shown[-1]

    def at(self, index: int) -> av.VideoFrame:
        """The frame's picture, the nearest one's where the file leaves it out; shared: never paint
        on it. Raises DecodeError."""
        if self._shown is not None:
            index = self._shown.places(self._shown.nearest(index)).start
        with self._lock:
            picture = self._recent.get(index)
            if picture is None:
                keep = max(1, self._recent.limit // self._size)
                for frame in self._seeker.reach(index, keep):
                    self._recent.put(frame.index, frame.picture)
                picture = frame.picture
                self._size = _bytes(picture)
            return picture


def covered(
    picture: av.VideoFrame, info: ClipInfo, regions: Iterable[Region], fill: Fill
) -> av.VideoFrame:
    """The picture, or a copy of it with `regions` (display coordinates) covered."""
    stored = [region.mapped(info.orientation.box_to_stored) for region in regions]
    return paint(copied(picture), stored, fill) if stored else picture


def copied(picture: av.VideoFrame) -> av.VideoFrame:
    """A copy with planes of its own."""
    twin = blank(picture, picture.width, picture.height)
    for source, target in zip(picture.planes, twin.planes, strict=True):
        old, new = _rows(source), _rows(target)
        width = min(old.shape[1], new.shape[1])
        new[:, :width] = old[:, :width]
    return twin


def blank(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """A picture of another size without content, in the format and colour of `picture`."""
    made = av.VideoFrame(width, height, picture.format.name)
    made.colorspace, made.color_range = picture.colorspace, picture.color_range
    made.color_primaries, made.color_trc = picture.color_primaries, picture.color_trc
    return made


def as_shown(picture: av.VideoFrame, info: ClipInfo, longest: int) -> Picture:
    """The picture as displayed, with square pixels, its longest side at most `longest` pixels."""
    sar = float(info.sample_aspect_ratio)
    width = info.width * (1 / sar if info.orientation.transposed else sar)
    scale = min(1.0, longest / max(width, info.height))
    return display_rgb(
        picture,
        info.orientation,
        max(1, round(width * scale)),
        max(1, round(info.height * scale)),
    )


def thumbnail(picture: av.VideoFrame, info: ClipInfo, box: Box, side: int) -> Picture:
    """(side, side, 3) picture of a face and its surroundings, turned upright."""
    return patch(picture, info, box._replace(w=_HEAD * box.w), side)


def patch(picture: av.VideoFrame, info: ClipInfo, box: Box, side: int) -> Picture:
    """(side, side, 3) picture of the square of a box's width around its centre, turned upright."""
    scale = min(1.0, side / box.w)
    size = max(1, round(info.width * scale)), max(1, round(info.height * scale))
    whole = display_rgb(picture, info.orientation, *size)
    reach = side / (box.w * scale)
    turn = cv2.getRotationMatrix2D((box.cx * scale, box.cy * scale), box.angle, reach)
    turn[:, 2] += side / 2 - np.array([box.cx, box.cy]) * scale
    return np.asarray(cv2.warpAffine(whole, turn, (side, side), borderValue=(29, 32, 37)))


def jpeg(picture: Picture, quality: int = 88) -> bytes:
    ok, coded = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert ok
    return coded.tobytes()


def _bytes(picture: av.VideoFrame) -> int:
    return sum(plane.buffer_size for plane in picture.planes)


def _rows(plane: av.video.plane.VideoPlane) -> npt.NDArray[np.uint8]:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
