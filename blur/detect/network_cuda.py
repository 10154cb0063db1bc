"""A convolutional network on an NVIDIA chip, by ONNX Runtime's CUDA provider.

Pictures go one at a time: concurrent clips share the chip. An unusable chip is an error, where ONNX
Runtime by default would go on, slowly, on the CPU.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from blur.data.arrays import Picture
from blur.detect import weights
from blur.detect.network import Outputs, T, fill, padded_size
from blur.errors import BlurError, DetectorError, SetupError, UsageError, install

_PICTURE = "picture"
"""The input's name in an adapted network."""
_PROVIDER = "CUDAExecutionProvider"
_OPTIONS = {
    # TF32's 19-bit numbers would move the scores under the thresholds.
    "use_tf32": "0",
    # The default times every algorithm for each new picture size.
    "cudnn_conv_algo_search": "HEURISTIC",
    # The default doubles its memory at each step, and several clips share the chip's.
    "arena_extend_strategy": "kSameAsRequested",
}
"""For CUDA; the CPU's provider ignores them."""

_ERRORS_ONLY = 3

_INSTALL = install("nvidia")
_REPAIR = (
    "see that `nvidia-smi` lists the chip under a driver of 580 or later and, on Linux, that"
    f" /dev/nvidia-uvm is there (sudo nvidia-modprobe -u -c=0), then {_INSTALL};"
    " or leave out --device cuda"
)


class CudaNetwork:
    """A `Network`; another `provider` of ONNX Runtime runs its graph elsewhere.

    Raises SetupError without ONNX Runtime or its provider, and UsageError without a usable chip.
    """

    def __init__(
        self, name: str, onnx: bytes, *, bgr: bool = False, provider: str = _PROVIDER
    ) -> None:
        onnxruntime = runtime()
        if provider not in onnxruntime.get_available_providers():
            raise SetupError(
                "ONNX Runtime is installed without its provider for NVIDIA chips",
                remedy=f"pip uninstall onnxruntime onnxruntime-gpu; {_INSTALL}",
            )
        self._name = name
        self._session = _session(onnxruntime, adapted(onnx, bgr=bgr), provider)
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, pictures: Sequence[Picture], decode: Callable[[Outputs, int], T]) -> list[T]:
        try:
            return [self._look(picture, decode) for picture in pictures]
        except BlurError:
            raise
        except Exception as error:  # ONNX Runtime's errors share no narrower type
            raise DetectorError(f"{self._name} failed: {_cause(error)}") from error

    def close(self) -> None:
        del self._session

    def _look(self, picture: Picture, decode: Callable[[Outputs, int], T]) -> T:
        width, height = padded_size(picture)
        padded = np.empty((1, height, width, 3), np.uint8)
        fill(padded[0], picture)
        answer = self._session.run(self._outputs, {_PICTURE: padded})
        return decode(dict(zip(self._outputs, answer, strict=True)), width)


def obstacle() -> BlurError | None:
    """The error of a detector on this machine's NVIDIA chip, or None. Takes a second or two."""
    try:
        CudaNetwork("yunet", weights.read("yunet")).close()
    except BlurError as error:
        return error
    return None


def adapted(content: bytes, *, bgr: bool) -> bytes:
    """The ONNX network for (1, height, width, 3) pictures as they lie in memory, of any size.

    CenterFace declares a fixed 10 x 3 x 32 x 32 input; like YuNet it is fully convolutional.
    """
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_model_from_string(content)
    graph = model.graph
    constants = {constant.name for constant in graph.initializer}
    (planes,) = (each.name for each in graph.input if each.name not in constants)
    channels = [2, 1, 0] if bgr else [0, 1, 2]
    graph.initializer.append(helper.make_tensor("channels", TensorProto.INT64, [3], channels))
    nodes = [
        helper.make_node("Cast", [_PICTURE], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["numbers", "channels"], ["ordered"], axis=3),
        helper.make_node("Transpose", ["ordered"], [planes], perm=[0, 3, 1, 2]),
        *graph.node,
    ]
    picture = helper.make_tensor_value_info(_PICTURE, TensorProto.UINT8, [1, "height", "width", 3])
    del graph.node[:], graph.input[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.input.append(picture)
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    ready: bytes = model.SerializeToString()
    return ready


def _session(onnxruntime: Any, network: bytes, provider: str) -> Any:
    """The network after one picture: a chip too old for the library fails on its first."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(
            network, options, providers=[(provider, _OPTIONS)], enable_fallback=False
        )
        session.run(None, {_PICTURE: np.zeros((1, 32, 32, 3), np.uint8)})
    except Exception as error:  # no narrower type, as in `run`
        raise UsageError(f"no NVIDIA chip can be used: {_cause(error)}", remedy=_REPAIR) from error
    if provider not in session.get_providers():
        raise UsageError("ONNX Runtime finds no NVIDIA chip that it can use", remedy=_REPAIR)
    return session


def _cause(error: Exception) -> str:
    """CUDA's own message, without the machine's name and other details of ONNX Runtime's."""
    said = re.search(r"CU\w+ failure \d+: [^;]*\w", str(error))
    return said[0] if said else str(error)


@functools.cache
def runtime() -> Any:
    """ONNX Runtime, its telemetry off. Raises SetupError."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # from 1.29 on, importing it reports
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError as error:
        raise SetupError(
            f"the libraries for NVIDIA chips do not load: {error}", remedy=_INSTALL
        ) from error
    onnxruntime.disable_telemetry_events()  # to Windows
    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    with contextlib.redirect_stdout(sys.stderr):  # it prints missing libraries
        onnxruntime.preload_dlls()
    return onnxruntime
