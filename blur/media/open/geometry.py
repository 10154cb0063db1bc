"""Between stored and display geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from blur.data.plan import Box

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Orientation:
    """The turn from a stored picture to the displayed one: transposed first, then flipped.

    Any of the eight quarter turns and mirror images of a display matrix.
    `stored_width` and `stored_height` are in pixels; continuous coordinates have a pixel's
    centre at +0.5 on both sides.
    """

    stored_width: int
    stored_height: int
    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def from_matrix(cls, width: int, height: int, matrix: Sequence[int]) -> Orientation:
        """The nearest of the eight orientations to FFmpeg's 3x3 display matrix (row major).

        A stored point (p, q) is shown at (a p + c q, b p + d q), with a, b, c, d at the
        positions 0, 1, 3, 4.
        """
        a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(width, height, False, a < 0, d < 0)
        return cls(width, height, True, c < 0, b < 0)

    @property
    def width(self) -> int:
        """Display width in pixels."""
        return self.stored_height if self.transposed else self.stored_width

    @property
    def height(self) -> int:
        """Display height in pixels."""
        return self.stored_width if self.transposed else self.stored_height

    def stored_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) in stored geometry of a picture shown at `width` x `height`."""
        return (height, width) if self.transposed else (width, height)

    def to_display(self, picture: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """(h, w, ...) array of any scale, from stored to display geometry; a view, no copy."""
        shown: npt.NDArray[Any] = picture.swapaxes(0, 1) if self.transposed else picture
        if self.flip_x:
            shown = shown[:, ::-1]
        return shown[::-1] if self.flip_y else shown

    def to_stored(self, picture: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """(h, w, ...) array of any scale, from display to stored geometry; a view, no copy."""
        stored: npt.NDArray[Any] = picture[::-1] if self.flip_y else picture
        if self.flip_x:
            stored = stored[:, ::-1]
        return stored.swapaxes(0, 1) if self.transposed else stored

    def box_to_stored(self, box: Box) -> Box:
        """A display box in stored coordinates; its size, along its own axes, stays."""
        x = self.width - box.cx if self.flip_x else box.cx
        y = self.height - box.cy if self.flip_y else box.cy
        up_x, up_y = _up(box.angle)
        up_x, up_y = (-up_x if self.flip_x else up_x), (-up_y if self.flip_y else up_y)
        if self.transposed:
            x, y, up_x, up_y = y, x, up_y, up_x
        return Box(x, y, box.w, box.h, _angle(up_x, up_y))

    def box_to_display(self, box: Box) -> Box:
        """A stored box in display coordinates."""
        x, y = box.cx, box.cy
        up_x, up_y = _up(box.angle)
        if self.transposed:
            x, y, up_x, up_y = y, x, up_y, up_x
        x = self.width - x if self.flip_x else x
        y = self.height - y if self.flip_y else y
        up_x, up_y = (-up_x if self.flip_x else up_x), (-up_y if self.flip_y else up_y)
        return Box(x, y, box.w, box.h, _angle(up_x, up_y))


def _up(angle: float) -> tuple[float, float]:
    """Unit vector, y down, from chin to forehead of a face turned by `angle` degrees."""
    return math.sin(math.radians(angle)), -math.cos(math.radians(angle))


def _angle(up_x: float, up_y: float) -> float:
    degrees = math.degrees(math.atan2(up_x, -up_y))
    return degrees - 360.0 if degrees >= 180.0 else degrees
