import threading
import time

import numpy as np
import pytest

from blur.detect import network_openvino, weights
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
    yunet.close()
    monkeypatch.setattr(network_openvino, "_COMPILED_PIXELS", 3 * 64 * 64)
    for width in (32, 64, 96, 32):
        yunet.run([picture(width, 64)], lambda outputs, width: None)
    assert list(yunet._compiled) == [(64, 64), (96, 64), (32, 64)]
    yunet.run([picture(640, 64)], lambda outputs, width: None)
    assert list(yunet._compiled) == [(640, 64)]


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
    monkeypatch.delattr(OpenVinoNetwork, "_sized")
    for precision, before in compiled.items():
        assert np.array_equal(answer(precision), before)


def test_other_threads_run_while_a_network_works(yunet: OpenVinoNetwork) -> None:
    """The caller can decode the next pictures meanwhile: the interpreter is not held."""
    large = [picture(1920, 1920)]
    yunet.run(large, lambda outputs, width: None)
    longest, done = 0.0, threading.Event()

    def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    yunet.run(large, lambda outputs, width: None)
    took = time.perf_counter() - start
    done.set()
    thread.join()
    assert longest < took / 2


def test_another_device_gets_the_network_without_what_only_processors_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = network_openvino._core()

    class Core:
        def read_model(self, *given: object) -> object:
            return real.read_model(*given)

        def compile_model(self, model: object, device: str, config: dict[object, object]) -> object:
            assert device == "NPU"
            assert [str(key) for key in config] == ["NUM_STREAMS"]
            return real.compile_model(model, "CPU", config)

    monkeypatch.setattr(network_openvino, "_core", Core)
    there = OpenVinoNetwork("yunet", weights.read("yunet"), threads=2, device="NPU")
    assert there.run([picture(64, 64)], lambda outputs, width: width) == [64]
