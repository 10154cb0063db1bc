"""The interface of convolutional networks on any device, and the layout of their input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture

T = TypeVar("T")

Outputs = dict[str, npt.NDArray[np.float32]]
"""A network's answer for one picture, by output name; its arrays are reused after `decode`."""

Precision = Literal["f32", "bf16", "f16"]

SIDE_STEP = 32
"""Pixels: input sides are multiples of this, the coarsest stride of every network."""


class Network(Protocol):
    """An ONNX network for (1, 3, height, width) pictures, 0-255."""

    def run(self, pictures: Sequence[Picture], decode: Callable[[Outputs, int], T]) -> list[T]:
        """`decode(outputs, input width in pixels)` of each picture, in order.

        Callable from any thread. Raises DetectorError.
        """

    def close(self) -> None:
        """Free the memory on its device; the network cannot be used afterwards."""


def padded(length: int) -> int:
    """Pixels of an input side for a picture side of `length`: the next multiple of SIDE_STEP."""
    return -(-length // SIDE_STEP) * SIDE_STEP


def padded_size(picture: Picture) -> tuple[int, int]:
    """Width and height of the network's input.

    The picture lies at its top left corner, so coordinates need no correction. Raises ValueError
    unless it is RGB, 8 bit.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise ValueError(f"not an RGB picture: {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    return padded(width), padded(height)


def fill(tensor: Picture, picture: Picture) -> None:
    """Copy the picture into an input of its padded size, with black beside it."""
    height, width = picture.shape[:2]
    tensor[:height, :width] = picture
    tensor[height:] = 0
    tensor[:height, width:] = 0
