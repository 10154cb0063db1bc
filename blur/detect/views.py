"""Views: the ways of looking at one frame, and the way back from each to display coordinates.

A view is a picture made from the frame by one similarity transform: smaller, larger, cut out
or turned. Faces stand upright in at least one of them, at a size that detectors know.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from blur.data.boxes import Affine, carried
from blur.data.plan import Box
from blur.detect.detections import Detections, Picture

_PAD = 32
"""Detectors take multiples of 32; a view is made that size so that nobody pads again."""

_GRAY = 114

_QUARTER = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
"""OpenCV's names of counter-clockwise quarter turns."""

_CENTRE = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_CORNER = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
"""OpenCV counts from pixel centres, we from pixel corners."""

_SHARED = 0.1
"""Part of a tile's longest side that it shares with its neighbour, when quartered."""

_DARK = 48
"""Mean level under which a picture is lifted before it is looked at."""


@dataclass(frozen=True, slots=True)
class View:
    """One picture to show to a detector, and `to_frame`: view pixels to frame pixels."""

    picture: Picture
    to_frame: Affine

    def restored(self, found: Detections) -> Detections:
        """Detections on this view, carried to the frame that it was made from."""
        boxes = carried(found.boxes, self.to_frame)
        return Detections(boxes, found.scores, found.detectors)


class Shown:
    """A frame as the looks are shown it: each size of it is made once, whatever the turns."""

    def __init__(self, frame: Picture) -> None:
        self._sized = functools.cache(functools.partial(_resized, frame))
        self._height, self._width = frame.shape[:2]
        self._longest = max(self._height, self._width)

    def whole(self, longest: int, quarter_turns: int = 0) -> View:
        """The whole frame, its longest side scaled to `longest`, turned counter-clockwise.

        A head lying with its crown to the right stands upright after one quarter turn.
        """
        small = self._sized(longest / self._longest)
        turned = small if quarter_turns % 4 == 0 else cv2.rotate(small, _QUARTER[quarter_turns % 4])
        size = small.shape[1], small.shape[0]
        back = _whole_back(self._width, self._height, size, quarter_turns % 4)
        return View(_padded(turned), back)

    def quarters(self, longest: int) -> list[View]:
        """The whole frame at nearly twice the size of `whole(longest)`, in four tiles of that
        size: a detector looks at them with the same network, and in as little memory."""
        tile = _scaled(self._width, self._height, longest / self._longest)
        overlap = round(longest * _SHARED)
        large = self._sized((2 * longest - overlap) / self._longest)
        to_frame = np.diag([self._width / large.shape[1], self._height / large.shape[0], 1.0])
        return [View(v.picture, to_frame @ v.to_frame) for v in tiles(large, tile, 0)]


def crop(frame: Picture, box: Box, side: int, reach: float, turn: float = 0.0) -> View:
    """A square around `box`, `reach` times its larger side, scaled to `side` pixels.

    The square is turned with the box plus `turn` degrees, so that a face of the box's angle
    stands upright. Beyond the frame's edge it continues with the border's colours.
    """
    extent = max(box.w, box.h) * reach
    to_frame = _turned(box.cx, box.cy, box.angle + turn, extent / side, side, side)
    return View(_warped(frame, to_frame, side, side), to_frame)


def tiles(frame: Picture, size: tuple[int, int], overlap: int) -> list[View]:
    """Tiles of at most `size` (width, height) that cover the frame, flush with its edges.

    Neighbours share at least `overlap` pixels: a face up to that size is whole in one of them.
    """
    height, width = frame.shape[:2]
    wide, tall = size
    views = []
    for y in _starts(height, tall, overlap):
        for x in _starts(width, wide, overlap):
            part = frame[y : y + tall, x : x + wide]
            back = np.eye(3)
            back[:2, 2] = x, y
            views.append(View(_padded(part), back))
    return views


def lifted(picture: Picture) -> Picture:
    """A dark picture with its tones spread as daylight has them; others as they are."""
    mean = float(picture[::8, ::8].mean())
    if mean >= _DARK:
        return picture
    top = max(8.0, float(np.percentile(picture[::4, ::4], 99.5)))
    middle = max(1e-3, float(np.median(picture[::4, ::4])) / top)
    gamma = min(1.0, max(0.35, np.log(0.4) / np.log(min(middle, 0.99))))
    table = np.clip((np.arange(256) / top), 0, 1) ** gamma * 255
    return np.asarray(table.astype(np.uint8)[picture])


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resized(frame: Picture, scale: float) -> Picture:
    height, width = frame.shape[:2]
    size = _scaled(width, height, scale)
    if size == (width, height):
        return frame
    resized: Picture = cv2.resize(frame, size, interpolation=_area(scale))
    return resized


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _turned(cx: float, cy: float, degrees: float, pixels: float, width: int, height: int) -> Affine:
    """From a `width` x `height` view, centred on (cx, cy), to the frame."""
    radians = np.radians(degrees)
    linear = pixels * np.array(
        [[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]]
    )
    back = np.eye(3)
    back[:2, :2] = linear
    back[:2, 2] = np.array([cx, cy]) - linear @ np.array([width / 2, height / 2])
    return back


def _warped(frame: Picture, to_frame: Affine, width: int, height: int) -> Picture:
    picture: Picture = cv2.warpAffine(
        frame,
        (_CORNER @ to_frame @ _CENTRE)[:2],
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return picture


def _whole_back(width: int, height: int, size: tuple[int, int], quarter_turns: int) -> Affine:
    w, h = size
    unturn = [
        np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        np.array([[0, -1, w], [1, 0, 0], [0, 0, 1]]),
        np.array([[-1, 0, w], [0, -1, h], [0, 0, 1]]),
        np.array([[0, 1, 0], [-1, 0, h], [0, 0, 1]]),
    ][quarter_turns]
    # The two sides may round differently; the error is under half a pixel, so one scale serves.
    scale = max(width, height) / max(w, h)
    return np.asarray(np.diag([scale, scale, 1.0]) @ unturn)


def _padded(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = _multiple(height), _multiple(width)
    if size == (height, width):
        return np.ascontiguousarray(picture)
    out = np.full((*size, 3), _GRAY, np.uint8)
    out[:height, :width] = picture
    return out


def _multiple(length: int) -> int:
    return -(-length // _PAD) * _PAD


def _area(scale: float) -> int:
    # Down to half size linear loses nothing that detectors miss, in a tenth of the time.
    return int(cv2.INTER_AREA if scale <= 0.5 else cv2.INTER_LINEAR)
