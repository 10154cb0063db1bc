"""Convolutional networks: fed with pictures of any size, from any thread, on any device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from blur.detect.detections import Picture
from blur.errors import UsageError

T = TypeVar("T")

Outputs = dict[str, npt.NDArray[np.float32]]
"""What the network answered for one picture, by output name; valid only while it is decoded."""

Precision = Literal["f32", "bf16", "f16"]

CUDA = "CUDA"
"""The device that is not OpenVINO's: an NVIDIA chip."""

_STEP = 32
"""Input sides must be multiples of this."""


class Network(Protocol):
    """An ONNX network that takes (1, 3, height, width) pictures, 0-255."""

    def run(self, pictures: Sequence[Picture], decode: Callable[[Outputs, int], T]) -> list[T]:
        """What `decode` makes of the network's answer for each picture, in order.

        It is also told the width of the network's input. Raises DetectorError.
        """

    def close(self) -> None:
        """Free what it holds on its device; it cannot be used afterwards."""


def open_network(
    name: str,
    onnx: bytes,
    *,
    bgr: bool = False,
    threads: int | None = None,
    precision: Precision | None = None,
    device: str = "CPU",
) -> Network:
    """The network on one of `devices()`; raises UsageError or SetupError when it cannot run there.

    `bgr` swaps the channels for networks trained on BGR. `threads` bounds the cores used, all of
    this process when None. `precision` None takes what OpenVINO prefers on this device: bf16 where
    a CPU has the instructions (twice as fast), else f32. CUDA takes one core, and f32 always.
    """
    # Imported here: who looks on one device need not load the library of the other.
    if device == CUDA:
        from blur.detect.network_cuda import CudaNetwork

        return CudaNetwork(name, onnx, bgr=bgr)
    from blur.detect import network_openvino

    if device not in network_openvino.devices():
        raise UsageError(
            f"this machine has no device {device} that detectors run on",
            remedy=f"use --device {' or '.join(devices())}",
        )
    return network_openvino.OpenVinoNetwork(
        name, onnx, bgr=bgr, threads=threads, precision=precision, device=device
    )


def devices() -> list[str]:
    """What networks can run on here: the CPU, chips with a driver in OpenVINO's names, and CUDA
    where an NVIDIA chip has answered."""
    from blur.detect import network_cuda, network_openvino

    return network_openvino.devices() + [CUDA] * (network_cuda.obstacle() is None)


def padded_size(picture: Picture) -> tuple[int, int]:
    """Width and height of the network's input: the picture's own, up to the next multiples of 32.

    The picture lies at its top left corner, so coordinates need no correction.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise ValueError(f"not an RGB picture: {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    return -(-width // _STEP) * _STEP, -(-height // _STEP) * _STEP


def fill(tensor: Picture, picture: Picture) -> None:
    """Lay the picture into an input of its padded size, and black beside it."""
    height, width = picture.shape[:2]
    tensor[:height, :width] = picture
    tensor[height:] = 0
    tensor[:height, width:] = 0
