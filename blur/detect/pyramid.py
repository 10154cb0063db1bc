"""Large pictures: tiles of a fixed size in pixels, at native size and every halving of it.

A view of a whole large picture, or of a share of it, shrinks its small faces out of sight.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from blur.data.arrays import Gray, Picture
from blur.detect.views import GRAY, SizedFrame, View, tiles

COARSE = 1280
"""Pixels, longest side of the last level, at most, which looks at whole pictures cover; larger
leaves them smaller faces."""
LARGE_FILM = 4096
"""Pixels, longest side beyond which a film is looked at in tiles as well, over time; a photograph,
which has no time to share looks over, from COARSE on. Larger is cheaper and misses small faces."""

TILE = 960
"""Pixels, side of the square tiles: all of one shape share a compiled network in every turn. Larger
takes more memory."""
_OVERLAP = 192
"""Pixels that neighbours share, at least. A face so large is under half of it two halvings on, and
whole there; larger costs more tiles."""
_CLEAR = 72
"""Pixels, size of a face, at least, on the level for its close-ups, which show it at 36 to 71;
larger takes levels on which scaling down to a close-up drops pixels."""


class Pyramid:
    """A (h, w) or (h, w, 3) uint8 picture, native first, halved while its longest side is over
    `coarse` pixels."""

    def __init__(self, picture: Picture | Gray, coarse: int = COARSE) -> None:
        self._levels = [picture]
        while max(self._levels[-1].shape[:2]) > coarse:
            self._levels.append(_halved(self._levels[-1]))

    def tiles(self, side: int = TILE) -> Iterator[View]:
        """Square tiles, one after another, of every level but the last; small ones are padded."""
        for level in self._levels[:-1]:
            (height, width), native = level.shape[:2], self._levels[0].shape
            to_native = np.diag([native[1] / width, native[0] / height, 1.0])
            for tile in tiles(level, (side, side), _OVERLAP):
                yield View(_squared(tile.picture, side), to_native @ tile.to_frame)

    def for_face(self, size: float) -> tuple[Gray, float]:
        """The smallest level on which a face of `size` native pixels is clear, and the native
        pixels per pixel of it."""
        halvings = int(np.log2(max(1.0, size / _CLEAR)))
        level = self._levels[min(halvings, len(self._levels) - 1)]
        return level, len(self._levels[0]) / len(level)

    @property
    def smallest(self) -> View:
        """The last level, whole."""
        (height, width), native = self._levels[-1].shape[:2], self._levels[0].shape
        return View(self._levels[-1], np.diag([native[1] / width, native[0] / height, 1.0]))


def needs_tiles(width: int, height: int, still: bool) -> bool:
    """Whether looks at the whole picture of a photograph or film miss small faces."""
    return max(width, height) > (COARSE if still else LARGE_FILM)


def turned(view: View, quarter_turns: int) -> View:
    """A view, turned counter-clockwise."""
    again = SizedFrame(view.picture).whole(max(view.picture.shape), quarter_turns)
    return View(again.picture, view.to_frame @ again.to_frame)


def _halved(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = max(1, (width + 1) // 2), max(1, (height + 1) // 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _squared(picture: Picture, side: int) -> Picture:
    height, width = picture.shape[:2]
    if (height, width) == (side, side):
        return picture
    out = np.full((side, side, 3), GRAY, np.uint8)
    out[:height, :width] = picture
    return out
