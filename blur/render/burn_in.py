"""A draft mark for screeners: a text, the clip's name and the time code, written over the picture.

It lies over covers and clear samples alike, outside the promise that clear samples keep their bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from blur.cover.colour import native
from blur.cover.layout import PlaneLayout, layout_of
from blur.cover.window import full_range
from blur.data.plan import Box
from blur.data.timecode import shifted
from blur.media.open.clip_info import ClipInfo
from blur.render.lettering import Lettering, drawable, lettering

_SIZE = 1 / 24
"""Letters' size in the picture's shorter side; larger hides more of the picture."""

_EDGE = 0.03
"""Distance of the mark from the picture's edges, in its shorter side."""

_ZERO = "00:00:00:00"


@dataclass(frozen=True, slots=True)
class BurnIn:
    """Writes `text` at the top left, the clip's `name` at the bottom left and the time code at the
    bottom right, upright as displayed. `start` is the first frame's time code, "" for zero."""

    text: str
    name: str
    info: ClipInfo
    start: str

    @property
    def note(self) -> str:
        """The report's words about it."""
        return f'"{self.text}", the name and the time code are burnt in: a screener, not a master'

    def write(self, picture: av.VideoFrame, seconds: Fraction) -> av.VideoFrame:
        """The picture, in a `paintable` format, with the mark of `seconds` after the first frame.

        Written in place if nothing else holds its planes, else in a copy.
        """
        picture.make_writable()
        _put(picture, self.info, self.text, right=False, bottom=False)
        _put(picture, self.info, drawable(self.name), right=False, bottom=True)
        if not self.info.still:
            rate = self.info.rate
            _put(
                picture,
                self.info,
                shifted(self.start or _ZERO, rate, round(seconds * rate)),
                right=True,
                bottom=True,
            )
        return picture


def _put(picture: av.VideoFrame, info: ClipInfo, text: str, *, right: bool, bottom: bool) -> None:
    """Write a text into a corner of the displayed picture."""
    wide, tall = info.square
    shorter, (across, down) = min(wide, tall), info.pixel
    made = _set(
        text,
        max(6, round(shorter * _SIZE)),
        wide * (0.5 if bottom else 1 - 2 * _EDGE),
        across,
        down,
    )
    height, width = made.rim.shape
    edge_x, edge_y = shorter * _EDGE / across, shorter * _EDGE / down
    x = info.width - edge_x - width / 2 if right else edge_x + width / 2
    y = info.height - edge_y - height / 2 if bottom else edge_y + height / 2
    turn = info.orientation
    middle = turn.box_to_stored(Box(x, y, width, height))
    _blend(picture, Lettering(*map(turn.to_stored, made)), middle.cx, middle.cy)


@lru_cache(maxsize=8)
def _set(text: str, size: int, widest: float, across: float, down: float) -> Lettering:
    """A text for pixels that are seen `across` wide and `down` high."""
    made = lettering(text, size, widest)
    height, width = made.rim.shape
    shape = max(1, round(width / across)), max(1, round(height / down))
    return Lettering(*(cv2.resize(mask, shape, interpolation=cv2.INTER_AREA) for mask in made))


def _blend(picture: av.VideoFrame, made: Lettering, cx: float, cy: float) -> None:
    """Write white letters with a black rim around a point, stored pixels, in all planes."""
    layout = layout_of(picture.format.name)
    colours = [
        native(colour, layout, int(picture.colorspace), full_range(picture, layout))
        for colour in ("#000000", "#ffffff")
    ]
    height, width = made.rim.shape
    left, top = round(cx - width / 2), round(cy - height / 2)
    # From a corner on the grid that all planes share, to the picture's end at most.
    x0, y0 = (
        max(0, left) // layout.step_x * layout.step_x,
        max(0, top) // layout.step_y * layout.step_y,
    )
    x1, y1 = min(left + width, picture.width), min(top + height, picture.height)
    if x0 >= x1 or y0 >= y1:
        return
    masks = [
        _placed(np.asarray(mask), x0 - left, y0 - top, x1 - x0, y1 - y0)
        for mask in (made.rim, made.letters)
    ]
    for number, (plane, samples) in enumerate(
        zip(layout.planes, layout.views(picture), strict=True)
    ):
        rows = slice(y0 // plane.step_y, -(-y1 // plane.step_y))
        columns = slice(x0 // plane.step_x, -(-x1 // plane.step_x))
        part = samples[rows, columns].astype(np.float32)
        for mask, colour in zip(masks, colours, strict=True):
            share = _on_plane(mask, plane, part.shape[:2])
            part += share * (np.array(colour[number], np.float32) - part)
        samples[rows, columns] = layout.trimmed(np.round(part).astype(layout.dtype))


def _placed(mask: npt.NDArray[Any], x: int, y: int, width: int, height: int) -> npt.NDArray[Any]:
    """(height, width) of a mask from its point (x, y) on, zero outside it."""
    out = np.zeros((height, width), np.uint8)
    part = mask[max(0, y) : y + height, max(0, x) : x + width]
    out[max(0, -y) :, max(0, -x) :][: part.shape[0], : part.shape[1]] = part
    return out


def _on_plane(
    mask: npt.NDArray[Any], plane: PlaneLayout, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """(h, w, 1) shares, 0 to 1, of a plane's samples that a mask of pixels covers."""
    below = shape[0] * plane.step_y - mask.shape[0]
    beside = shape[1] * plane.step_x - mask.shape[1]
    mask = cv2.copyMakeBorder(mask, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    small = cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small[..., None] / np.float32(255), np.float32)
