"""A convolutional network on OpenVINO.

On CPUs a batch of n pictures is no faster than n calls (measured: it falls out of the cache); a
single-threaded stream on each core is. So each picture is a request of its own, and as many are in
flight as there are threads; fewer of large pictures.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from blur.data.arrays import Picture
from blur.detect.compiled import Kept
from blur.detect.network import Outputs, Precision, T, fill, padded_size
from blur.detect.strips import Strips, in_strips
from blur.errors import DetectorError
from blur.process import sandbox
from blur.settings.cores import cpu_count

_Requests = queue.SimpleQueue[Any]
"""Idle inference requests of one input size."""

_LARGE = 500_000
"""Pixels from which a picture has all threads to itself; larger runs more large pictures side by
side, each for 30 MB and more. On two cores: 90 MB less, no slower."""
_COMPILED_PIXELS = 4_000_000
"""Pixels of all input sizes that stay compiled, the last used first; larger saves a twentieth of a
second for each size used again, and costs up to 80 bytes a pixel and thread."""

_kept = Kept()
_outputs: dict[bytes, list[str]] = {}
"""Names of the outputs of networks that were read, by the digest of their content."""
_starting = threading.Lock()


class OpenVinoNetwork:
    """A `Network` on one of `devices()`; `open_network` documents the arguments.

    `content` is an ONNX network, or the file of a TFLite one, which takes pictures of a single
    size. `middle` is subtracted from the samples, and `scale` multiplies them, before they enter.
    """

    def __init__(
        self,
        name: str,
        content: bytes | Path,
        *,
        bgr: bool = False,
        middle: float = 0.0,
        scale: float = 1.0,
        threads: int | None = None,
        precision: Precision | None = None,
        device: str = "CPU",
        strips: Sequence[Strips] = (),
    ) -> None:
        self._name = name
        self._strips = strips
        self._device = device
        self._bgr = bgr
        self._threads = threads or cpu_count()
        self._precision = precision or ("f32" if device == "CPU" and not bf16_pays() else None)
        self._middle, self._scale = middle, scale
        self._content = content
        self._digest = digest_of(content)
        if self._digest not in _outputs:
            _outputs[self._digest] = [output.any_name for output in self._model.outputs]
        self._outputs = _outputs[self._digest]
        self._compiled: OrderedDict[tuple[int, int], _Requests] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, pictures: Sequence[Picture], decode: Callable[[Outputs, int], T]) -> list[T]:
        results: list[T] = []
        in_flight: deque[tuple[_Requests, Any, int]] = deque()

        def finish_oldest() -> None:
            idle, request, width = in_flight.popleft()
            try:
                request.wait()
                results.append(decode(self._answer(request), width))
            finally:
                idle.put(request)

        try:
            for picture in pictures:
                size = padded_size(picture)
                idle = self._requests(size)
                request = None
                while request is None:
                    try:
                        # Waiting with requests in flight may deadlock with another thread.
                        request = idle.get(block=not in_flight)
                    except queue.Empty:
                        finish_oldest()
                in_flight.append((idle, request, size[0]))
                fill(request.get_input_tensor().data[0], picture)
                request.start_async()
            while in_flight:
                finish_oldest()
        except (RuntimeError, ValueError) as error:
            raise DetectorError(f"{self._name} failed: {error}") from error
        finally:
            for idle, request, _ in in_flight:
                with contextlib.suppress(RuntimeError):  # another error is already being raised
                    request.wait()
                idle.put(request)
        return results

    @functools.cached_property
    def _model(self) -> Any:
        """The network as it was read; compiled ones that are kept need none."""
        if isinstance(self._content, Path):  # OpenVINO reads TFLite from files only
            model = core().read_model(str(self._content))
            if digest_of(self._content) != self._digest:
                raise DetectorError(f"{self._name} failed: its file changed while it was in use")
            return model
        return _folded(core().read_model(self._content, b""))

    def close(self) -> None:
        """Free the compiled networks."""
        with self._lock:
            self._compiled.clear()
        _kept.forget_pages()  # imported networks read their weights from these

    def _requests(self, size: tuple[int, int]) -> _Requests:
        """Idle requests for inputs of this width and height."""
        with self._lock:
            if size not in self._compiled:
                self._compiled[size] = self._compile(*size)
            self._compiled.move_to_end(size)
            pixels = sum(width * height for width, height in self._compiled)
            while len(self._compiled) > 1 and pixels > _COMPILED_PIXELS:
                (width, height), _ = self._compiled.popitem(last=False)
                pixels -= width * height
            return self._compiled[size]

    def _answer(self, request: Any) -> Outputs:
        # By position: a compiled model may rename its outputs.
        return {name: request.get_output_tensor(i).data for i, name in enumerate(self._outputs)}

    def _compile(self, width: int, height: int) -> _Requests:
        import openvino as ov
        from openvino import properties

        streams = 1 if width * height > _LARGE else self._threads
        config: dict[Any, Any] = {properties.num_streams: streams}
        if self._device == "CPU":
            config[properties.inference_num_threads] = self._threads
            # Pinned, the threads of two processes would share the first core.
            config[properties.hint.enable_cpu_pinning] = False
        if self._precision is not None:
            config[properties.hint.inference_precision] = getattr(ov.Type, self._precision)
        network = self._ready(width, height, config)
        idle = _Requests()
        # A spare request keeps all streams busy while an answer is decoded.
        for _ in range(streams + 1):
            idle.put(network.create_infer_request())
        return idle

    def _ready(self, width: int, height: int, config: dict[Any, Any]) -> Any:
        how = self._bgr, self._middle, self._scale, tuple(self._strips)
        key = self._digest, how, width, height
        return compiled(key, lambda: self._sized(width, height), self._device, config)

    def _sized(self, width: int, height: int) -> Any:
        """The network for (height, width, 3) pictures as they lie in memory."""
        import openvino as ov
        from openvino import preprocess

        model = self._model.clone()
        channels_last = model.input().partial_shape[-1] == 3
        model.reshape([1, height, width, 3] if channels_last else [1, 3, height, width])
        wrapped = preprocess.PrePostProcessor(model)
        picture = wrapped.input()
        picture.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
        picture.preprocess().convert_element_type(ov.Type.f32)
        picture.model().set_layout(ov.Layout("NHWC" if channels_last else "NCHW"))
        if self._bgr:
            picture.preprocess().reverse_channels()
        if self._middle:
            picture.preprocess().mean(self._middle)
        if self._scale != 1.0:
            picture.preprocess().scale(1 / self._scale)
        built = wrapped.build()
        if self._strips:
            in_strips(built, self._strips)
        return built


def digest_of(content: bytes | Path) -> bytes:
    """The SHA-256 of a network, or of its file."""
    whole = content.read_bytes() if isinstance(content, Path) else content
    return hashlib.sha256(whole).digest()


def compiled(
    key: tuple[Hashable, ...], read: Callable[[], Any], device: str, config: dict[Any, Any]
) -> Any:
    """The network that `read` gives, compiled; kept under `key` for the next call.

    Kept for CPUs only: other drivers may refuse to export theirs.
    """
    import openvino as ov

    key = *key, device, str(config)
    known = _kept.imported(
        key,
        lambda content: core().import_model(ov.Tensor(content, shared_memory=True), device, config),
    )
    if known is not None:
        return known
    made = core().compile_model(read(), device, config)
    if device == "CPU":
        _kept.put(key, made.export_model().getbuffer())
    return made


def _folded(model: Any) -> Any:
    """An ONNX network with all folded that no picture's size decides: a third of its operations,
    many of which only bring biases into shape, is left to clone and to compile for each size."""
    from openvino.passes import ConstantFolding, Manager

    model.reshape([1, 3, -1, -1])
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return model


def devices() -> list[str]:
    """The CPU, and chips with a driver, by OpenVINO's names."""
    return list(core().available_devices)


@functools.cache
def bf16_pays() -> bool:
    """Whether the processor multiplies bf16 faster than f32.

    OpenVINO prefers bf16 wherever the instructions are. On Intel's processors only AMX is faster:
    with AVX-512 alone, as virtual machines often have it, CenterFace takes 1.5 times as long as in
    f32 (2026.4). A convolution of bf16 tells which units it runs on.
    """
    if "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return False
    if "Intel" not in core().get_property("CPU", "FULL_DEVICE_NAME"):
        return True
    import numpy as np
    import openvino as ov
    from openvino import opset13, properties

    picture = opset13.parameter([1, 64, 16, 16], np.float32)
    weights = opset13.constant(np.ones((64, 64, 1, 1), np.float32))
    result = opset13.convolution(picture, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    config = {properties.hint.inference_precision: ov.Type.bf16}
    compiled = core().compile_model(ov.Model([result], [picture]), "CPU", config)
    run = [op.get_rt_info() for op in compiled.get_runtime_model().get_ops()]
    return any("amx" in info["primitiveType"].astype(str) for info in run)


def core() -> Any:
    """OpenVINO's core, made once per process and kept off the network."""
    with _starting:
        return _first_core()


@functools.cache
def _first_core() -> Any:
    sandbox.keep_openvino_quiet()
    import openvino

    # Two threads whose `Tensor.data` is the process's first deadlock (OpenVINO 2026.4): call it
    # here, under the lock, before any thread has a tensor.
    _ = openvino.Tensor(openvino.Type.u8, openvino.Shape([1])).data
    return openvino.Core()
