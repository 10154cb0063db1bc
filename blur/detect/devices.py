"""The devices of this machine, and networks opened on one of them.

Each device's library is imported when it is first asked for: it takes seconds to load.
"""

from __future__ import annotations

from collections.abc import Sequence

from blur.detect.network import Network, Precision
from blur.detect.strips import Strips
from blur.errors import UsageError

CUDA = "CUDA"
"""An NVIDIA chip, driven by ONNX Runtime; every other device is OpenVINO's."""


def open_network(
    name: str,
    onnx: bytes,
    *,
    bgr: bool = False,
    threads: int | None = None,
    precision: Precision | None = None,
    device: str = "CPU",
    strips: Sequence[Strips] = (),
) -> Network:
    """The network on one of `devices()`.

    `bgr` swaps the channels of RGB pictures. `threads` bounds the cores used; None takes all of
    this process. `precision` None takes bf16 on CPUs where it is faster (`bf16_pays`), else f32.
    `strips` divide layers on CPUs, which changes no answer. CUDA uses one core, and f32 always.
    Raises UsageError for a missing device and SetupError for a missing library.
    """
    if device == CUDA:
        from blur.detect.network_cuda import CudaNetwork

        return CudaNetwork(name, onnx, bgr=bgr)
    from blur.detect import network_openvino

    # Asking for all devices loads their drivers: 20 MB in each process.
    if device != "CPU" and device not in network_openvino.devices():
        raise UsageError(
            f"this machine has no device {device} that detectors run on",
            remedy=f"use --device {' or '.join(devices())}",
        )
    return network_openvino.OpenVinoNetwork(
        name,
        onnx,
        bgr=bgr,
        threads=threads,
        precision=precision,
        device=device,
        strips=strips if device == "CPU" else (),
    )


def devices() -> list[str]:
    """The CPU and chips with a driver, by OpenVINO's names, and CUDA if an NVIDIA chip answers."""
    from blur.detect import network_cuda, network_openvino

    return network_openvino.devices() + [CUDA] * (network_cuda.obstacle() is None)
