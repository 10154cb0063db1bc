import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blur.detect import network_openvino, weights
from blur.detect.compiled import Kept
from blur.detect.network import Outputs, Precision
from blur.detect.network_openvino import OpenVinoNetwork
from blur.errors import DetectorError


def picture(width: int, height: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def yunet() -> OpenVinoNetwork:
    return OpenVinoNetwork("yunet", weights.read("yunet"), threads=2)


def test_answers_come_in_order_with_their_width(yunet: OpenVinoNetwork) -> None:
    widths = [32, 320, 64, 96, 320, 32, 32, 32]
    answers = yunet.run(
        [picture(width, 64) for width in widths],
        lambda outputs, width: (width, outputs["cls_8"].shape[1] // 8 * 8),
    )
    assert answers == [(width, width) for width in widths]


def test_an_error_while_decoding_leaves_the_network_usable(yunet: OpenVinoNetwork) -> None:
    def fail(outputs: object, width: int) -> None:
        raise ValueError("no sense in it")

    for _ in range(5):  # more often than there are requests
        with pytest.raises(DetectorError, match="yunet failed: no sense in it"):
            yunet.run([picture(64, 64)] * 4, fail)
    assert yunet.run([picture(64, 64)] * 4, lambda outputs, width: width) == [64] * 4


def test_sizes_used_last_stay_compiled(
    yunet: OpenVinoNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 4 megapixels of them; the size that was used longest ago is made ready again."""
    yunet.close()
    ready: list[int] = []
    imported = Kept.imported

    def noting(self: Kept, key: tuple[int, ...], make: Callable[..., Any]) -> Any:
        ready.append(key[2])
        return imported(self, key, make)

    monkeypatch.setattr(Kept, "imported", noting)
    for width in (1024, 1056, 1088, 1024, 1120, 1024, 1056):
        yunet.run([picture(width, 1024)], lambda outputs, width: None)
    assert ready == [1024, 1056, 1088, 1120, 1056]


def test_what_was_compiled_once_is_read_again_and_answers_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)]

    def joined(outputs: Outputs, width: int) -> np.ndarray:
        return np.concatenate([outputs[name].ravel() for name in sorted(outputs)])

    def answer(precision: Precision) -> np.ndarray:
        yunet = OpenVinoNetwork("yunet", weights.read("yunet"), bgr=True, precision=precision)
        return yunet.run(shown, joined)[0]

    compiled = {precision: answer(precision) for precision in ("f32", "bf16")}
    monkeypatch.delattr(Kept, "put")  # nothing is compiled any more
    for precision, before in compiled.items():
        assert np.array_equal(answer(precision), before)


def test_other_threads_run_while_a_network_works(yunet: OpenVinoNetwork) -> None:
    """The caller can decode the next pictures meanwhile: the interpreter is not held."""
    large = [picture(1920, 1920)]
    yunet.run(large, lambda outputs, width: None)

    def longest_wait() -> float:
        """Of another thread, as a share of a run."""
        waits, done = [0.0], threading.Event()

        def tick() -> None:
            last = time.perf_counter()
            while not done.is_set():
                time.sleep(0.001)
                now = time.perf_counter()
                waits.append(now - last)
                last = now

        thread = threading.Thread(target=tick)
        thread.start()
        start = time.perf_counter()
        yunet.run(large, lambda outputs, width: None)
        took = time.perf_counter() - start
        done.set()
        thread.join()
        return max(waits) / took

    # A busy machine lets a thread wait as well; it does not each time.
    assert min(longest_wait() for _ in range(8)) < 0.5


def test_another_device_gets_the_network_without_what_only_processors_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = network_openvino.core()

    class Core:
        def read_model(self, *given: object) -> object:
            return real.read_model(*given)

        def compile_model(self, model: object, device: str, config: dict[object, object]) -> object:
            assert device == "NPU"
            assert [str(key) for key in config] == ["NUM_STREAMS"]
            return real.compile_model(model, "CPU", config)

    monkeypatch.setattr(network_openvino, "core", Core)
    there = OpenVinoNetwork("yunet", weights.read("yunet"), threads=2, device="NPU")
    assert there.run([picture(64, 64)], lambda outputs, width: width) == [64]


FIRST_TENSORS = """
import faulthandler, threading
from blur.detect.network_openvino import devices
devices()
import numpy as np, openvino as ov
from openvino import opset13 as op
faulthandler.dump_traceback_later(20, exit=True)
image = op.parameter([1, 3, 64, 64], np.float32)
compiled = ov.Core().compile_model(ov.Model([op.relu(image)], [image]), "CPU")
requests = [compiled.create_infer_request() for _ in range(2)]
together = threading.Barrier(2)
def touch(request):
    together.wait()
    request.get_input_tensor().data[0]
threads = [threading.Thread(target=touch, args=(request,)) for request in requests]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_may_fill_a_processs_first_tensors_together() -> None:
    """OpenVINO 2026.4 alone deadlocks here in a quarter of all processes."""
    for _ in range(10):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_TENSORS], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


ON_THE_PROCESSOR = """
import numpy as np
from blur.detect.registry import load_detector
load_detector("yunet").detect([np.zeros((64, 64, 3), np.uint8)], 0.5)
print(open("/proc/self/maps").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_detector_on_the_processor_loads_no_other_chips_driver() -> None:
    command = [sys.executable, "-c", ON_THE_PROCESSOR]
    libraries = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "openvino_intel_cpu_plugin" in libraries
    assert "openvino_intel_gpu_plugin" not in libraries


class _Processor:
    """OpenVINO's core, but for the processor's name and abilities."""

    def __init__(self, name: str, abilities: list[str]) -> None:
        self._properties = {"FULL_DEVICE_NAME": name, "OPTIMIZATION_CAPABILITIES": abilities}
        self.compile_model = network_openvino.core().compile_model

    def get_property(self, device: str, name: str) -> Any:
        return self._properties[name]


@pytest.mark.parametrize(
    ("name", "abilities", "pays"),
    [("AMD EPYC 9554", ["FP32", "BF16"], True), ("Intel Xeon E5", ["FP32"], False)],
)
def test_bf16_is_taken_from_processors_that_are_faster_in_it(
    monkeypatch: pytest.MonkeyPatch, name: str, abilities: list[str], pays: bool
) -> None:
    processor = _Processor(name, abilities)
    monkeypatch.setattr(network_openvino, "core", lambda: processor)
    assert network_openvino.bf16_pays.__wrapped__() == pays


def test_on_intel_a_network_in_bf16_tells_whether_it_runs_on_the_matrix_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.exists():
        pytest.skip("the processor's abilities are read from /proc/cpuinfo")
    processor = _Processor("Intel", ["BF16"])
    monkeypatch.setattr(network_openvino, "core", lambda: processor)
    assert network_openvino.bf16_pays.__wrapped__() == ("amx_bf16" in flags.read_text())


def test_operations_that_no_size_decides_are_folded_once(yunet: OpenVinoNetwork) -> None:
    """Else each size that is compiled folds six hundred of them again."""
    kinds = {operation.get_type_name() for operation in yunet._model.get_ops()}
    assert "ShapeOf" not in kinds
    assert yunet.run([picture(64, 96)], lambda outputs, _: outputs["cls_8"].shape[1]) == [96]


def test_a_network_is_not_read_where_its_sizes_are_kept(yunet: OpenVinoNetwork) -> None:
    def cells(network: OpenVinoNetwork) -> list[int]:
        return network.run([picture(64, 96)], lambda outputs, _: outputs["cls_8"].shape[1])

    expected = cells(yunet)
    again = OpenVinoNetwork("yunet", weights.read("yunet"), threads=2)
    assert cells(again) == expected
    assert "_model" not in vars(again)


def test_a_file_is_read_once_and_refused_if_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "shoulders.tflite"
    file.write_bytes(weights.read("shoulders"))
    square = np.zeros((224, 224, 3), np.uint8)

    def network(scale: float) -> OpenVinoNetwork:
        return OpenVinoNetwork("shoulders", file, scale=scale, threads=2)

    first = network(1.0)
    assert first.run([square], lambda outputs, _: len(outputs)) == [2]
    again, other = network(1.0), network(0.5)
    assert again.run([square], lambda outputs, _: len(outputs)) == [2]
    assert "_model" not in vars(again)
    file.write_bytes(weights.read("shoulders") + b"0")
    with pytest.raises(DetectorError, match="changed while it was in use"):
        other.run([square], lambda outputs, _: None)
