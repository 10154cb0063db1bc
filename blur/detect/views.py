"""Views: pictures of a frame for detectors, each with its transform back to the frame.

A view is made by a similarity transform: scaled, cut out or turned, so that a face stands upright
in at least one view, at a size that detectors know.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from blur.data.arrays import Gray, Picture
from blur.data.boxes import Affine, carried
from blur.data.plan import Box
from blur.detect.detections import Detections
from blur.detect.network import padded

MAX_ENLARGE = 2.0
"""Factor by which small pictures are enlarged at most; more only invents pixels."""
GRAY = 114  # grey level, 0-255, of the padding to a network's input size: usual for detectors
_QUARTER = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
"""OpenCV's codes of counter-clockwise quarter turns."""
_CENTRE = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_CORNER = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
"""To and from OpenCV's coordinates, whose origin is a pixel's centre; ours is its corner."""
_SHARED = 0.1
"""Share of a quarter's longest side that its neighbour shows as well; larger keeps larger faces
whole and enlarges less. With quarters 97.2 % of the faces in 14 made 4K pictures are found, without
85.8 %."""
_DARK = 48
"""Mean grey level, 0-255, under which a picture is lifted; larger lifts brighter pictures."""
_BRIGHT, _CAST = 98, 0.4
"""Percentile of a channel that counts as its brightest, and share of the brightest channel's under
which red or green are as good as absent: a face in daylight takes more than the brightest 2 % of a
picture and keeps its colours, a date in white takes less. A larger percentile lets smaller lights
keep them, a larger share takes them from weaker casts. Detectors know faces in daylight: of 98
faces in light of one colour YuNet finds 52 to 69 % with colours, 73 or 74 in grey; under yellow and
sodium lamps 71 and 79 with colours, which are left (`tests/bench/lights.py`)."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture for a detector, and `to_frame`, the transform from its pixels to the frame's."""

    picture: Picture
    to_frame: Affine

    def restored(self, found: Detections) -> Detections:
        """Detections on this view in the frame's pixels."""
        boxes = carried(found.boxes, self.to_frame)
        return Detections(boxes, found.scores, found.detectors)


class SizedFrame:
    """Views of a whole frame; each size of it is made once, for all turns."""

    def __init__(self, frame: Picture) -> None:
        self._sized = functools.cache(functools.partial(_resized, frame))
        self._height, self._width = frame.shape[:2]
        self._longest = max(self._height, self._width)

    def whole(self, longest: int, quarter_turns: int = 0) -> View:
        """The whole frame, its longest side scaled to `longest` pixels, turned counter-clockwise.

        One quarter turn puts a head upright that lies with its crown to the right.
        """
        small = self._sized(longest / self._longest)
        turned = small if quarter_turns % 4 == 0 else cv2.rotate(small, _QUARTER[quarter_turns % 4])
        size = small.shape[1], small.shape[0]
        back = _whole_back(self._width, self._height, size, quarter_turns % 4)
        return View(_padded(turned), back)

    def views(self, longest: int, quarter_turns: int, quartered: bool) -> list[View]:
        """The whole frame in one turned view, or in its upright quarters."""
        return self.quarters(longest) if quartered else [self.whole(longest, quarter_turns)]

    def quarters(self, longest: int) -> list[View]:
        """The whole frame at nearly twice the size of `whole(longest)`, in four tiles of its size:
        they share its compiled network and take no more memory."""
        tile = _scaled(self._width, self._height, longest / self._longest)
        overlap = round(longest * _SHARED)
        large = self._sized((2 * longest - overlap) / self._longest)
        to_frame = np.diag([self._width / large.shape[1], self._height / large.shape[0], 1.0])
        return [View(v.picture, to_frame @ v.to_frame) for v in tiles(large, tile, 0)]


def crop(frame: Picture, box: Box, side: int, reach: float, turn: float = 0.0) -> View:
    """A square around `box`, `reach` times its larger side, scaled to `side` pixels.

    It is turned by the box's angle plus `turn` degrees: a face of the box's angle stands upright
    at 0. Beyond the frame's edge the border's colours continue.
    """
    scale = max(box.w, box.h) * reach / side
    radians = np.radians(box.angle + turn)
    cos, sin = scale * np.cos(radians), scale * np.sin(radians)
    to_frame = np.array([[cos, -sin, box.cx], [sin, cos, box.cy], [0, 0, 1]])
    to_frame[:2, 2] -= to_frame[:2, :2] @ (side / 2, side / 2)
    picture = cv2.warpAffine(
        frame,
        (_CORNER @ to_frame @ _CENTRE)[:2],
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return View(np.asarray(picture, np.uint8), to_frame)


def tiles(frame: Picture, size: tuple[int, int], overlap: int) -> list[View]:
    """Tiles of at most `size` (width, height) that cover the frame, flush with its edges.

    Neighbours share at least `overlap` pixels, so any face up to `overlap` is whole in a tile.
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
    """A picture in light of one colour in grey, and a dark one with its tones spread like
    daylight's; others unchanged."""
    picture = _without_cast(picture)
    mean = float(picture[::8, ::8].mean())
    if mean >= _DARK:
        return picture
    top = max(8.0, float(np.percentile(picture[::4, ::4], 99.5)))
    middle = max(1e-3, float(np.median(picture[::4, ::4])) / top)
    gamma = min(1.0, max(0.35, np.log(0.4) / np.log(min(middle, 0.99))))
    table = np.clip((np.arange(256) / top), 0, 1) ** gamma * 255
    return np.asarray(table.astype(np.uint8)[picture])


def _without_cast(picture: Picture) -> Picture:
    """The brightest channel in grey if the light lacks red or green, which faces need: night
    vision, an emergency lamp, a screen."""
    shown = picture[::8, ::8].reshape(-1, 3)
    place = len(shown) * _BRIGHT // 100
    red, green, blue = (int(v) for v in np.partition(shown, place, axis=0)[place])
    if min(red, green) >= _CAST * max(red, green, blue):
        return picture
    brightest = int(np.argmax((red, green, blue)))
    return np.repeat(picture[..., brightest, np.newaxis], 3, axis=2)


def thumbnail(gray: Gray, longest: int) -> Gray:
    """A gray picture whose longest side is `longest` pixels, each the mean of all it stands for."""
    height, width = gray.shape
    size = _scaled(width, height, longest / max(height, width))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resized(frame: Picture, scale: float) -> Picture:
    height, width = frame.shape[:2]
    size = _scaled(width, height, scale)
    if size == (width, height):
        return frame
    # Down to half size, linear scaling costs no detections and takes a tenth of the time.
    way = cv2.INTER_AREA if scale <= 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size, interpolation=way), np.uint8)


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _whole_back(width: int, height: int, size: tuple[int, int], quarter_turns: int) -> Affine:
    w, h = size
    unturn = [
        np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        np.array([[0, -1, w], [1, 0, 0], [0, 0, 1]]),
        np.array([[-1, 0, w], [0, -1, h], [0, 0, 1]]),
        np.array([[0, 1, 0], [-1, 0, h], [0, 0, 1]]),
    ][quarter_turns]
    # Both sides round to whole pixels; a common scale is off by under half a pixel.
    scale = max(width, height) / max(w, h)
    return np.asarray(np.diag([scale, scale, 1.0]) @ unturn)


def _padded(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = padded(height), padded(width)
    if size == (height, width):
        return np.ascontiguousarray(picture)
    out = np.full((*size, 3), GRAY, np.uint8)
    out[:height, :width] = picture
    return out
