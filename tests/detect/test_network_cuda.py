"""The networks for NVIDIA chips: their graphs on the CPU, and on a chip if the machine has one."""

import functools
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.detect import devices, network_cuda, weights
from blur.detect.centerface import CenterFace
from blur.detect.devices import CUDA
from blur.detect.network import Network, Outputs
from blur.detect.network_cuda import CudaNetwork
from blur.detect.network_openvino import OpenVinoNetwork
from blur.detect.yunet import YuNet
from blur.errors import BlurError, DetectorError, Exit, SetupError

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

ON_CPU = "CPUExecutionProvider"
OLD_DRIVER = (
    "/src/cuda_call.cc:146 CudaCall CUDA failure 35: CUDA driver version is insufficient for CUDA"
    " runtime version ; GPU=-1 ; hostname=ward-7 ; file=/src/cuda_execution_provider.cc"
)

NETWORKS = pytest.mark.parametrize(("name", "bgr"), [("centerface", False), ("yunet", True)])
DETECTORS = pytest.mark.parametrize("kind", [CenterFace, YuNet])


@pytest.fixture(scope="module")
def chip() -> None:
    if why := network_cuda.obstacle():
        pytest.skip(str(why))


def runtime(session: object, *providers: str) -> SimpleNamespace:
    """An ONNX Runtime with these providers, whose sessions are `session()`."""
    return SimpleNamespace(
        get_available_providers=lambda: list(providers),
        SessionOptions=onnxruntime.SessionOptions,
        InferenceSession=session,
    )


def yunet(**options: str) -> CudaNetwork:
    return CudaNetwork("yunet", weights.read("yunet"), bgr=True, **options)


def answers(network: Network, pictures: list[Picture]) -> list[Outputs]:
    return network.run(pictures, lambda outputs, _: {k: v.copy() for k, v in outputs.items()})


def check_answers(name: str, bgr: bool, astronaut: Picture, within: float, **options: str) -> None:
    """Answers are OpenVINO's, for a picture that fills its input and for one with padding."""
    pictures = [astronaut, np.ascontiguousarray(astronaut[20:350, 90:430])]
    content = weights.read(name)
    ours = answers(CudaNetwork(name, content, bgr=bgr, **options), pictures)
    known = answers(OpenVinoNetwork(name, content, bgr=bgr, precision="f32"), pictures)
    for mine, theirs in zip(ours, known, strict=True):
        assert list(mine) == list(theirs)
        for output in theirs:
            np.testing.assert_allclose(mine[output], theirs[output], rtol=0, atol=within)


def check_faces(kind: type[CenterFace | YuNet], astronaut: Picture, within: float) -> None:
    (ours,) = kind(device=CUDA).detect([astronaut], 0.3)
    (known,) = kind(precision="f32").detect([astronaut], 0.3)
    assert len(ours) == len(known) > 0
    np.testing.assert_allclose(ours.boxes, known.boxes, rtol=0, atol=100 * within)
    np.testing.assert_allclose(ours.scores, known.scores, rtol=0, atol=within)


@NETWORKS
def test_the_graph_answers_as_openvino_does(name: str, bgr: bool, astronaut: Picture) -> None:
    check_answers(name, bgr, astronaut, 1e-4, provider=ON_CPU)


@DETECTORS
def test_a_detector_on_the_graph_finds_the_same(
    kind: type[CenterFace | YuNet], astronaut: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_cpu = functools.partial(CudaNetwork, provider=ON_CPU)
    monkeypatch.setattr(network_cuda, "CudaNetwork", on_cpu)
    check_faces(kind, astronaut, 1e-4)


@NETWORKS
def test_a_chip_answers_as_openvino_does(
    name: str, bgr: bool, astronaut: Picture, chip: None
) -> None:
    check_answers(name, bgr, astronaut, 1e-3)


@DETECTORS
def test_a_detector_on_a_chip_finds_the_same(
    kind: type[CenterFace | YuNet], astronaut: Picture, chip: None
) -> None:
    assert CUDA in devices.devices()
    check_faces(kind, astronaut, 1e-3)


def refused() -> BlurError:
    """The error of opening a network on the chip, which must not be among the devices."""
    assert CUDA not in devices.devices()
    with pytest.raises(BlurError) as caught:
        devices.open_network("yunet", weights.read("yunet"), device=CUDA)
    assert 'pip install "blur-faces[nvidia]"' in caught.value.remedy
    return caught.value


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_libraries_that_are_missing_are_named(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(network_cuda, "runtime", network_cuda.runtime.__wrapped__)
    error = refused()
    assert error.exit_code == Exit.SETUP
    assert missing in error.problem


def test_a_runtime_for_processors_only_is_no_runtime_for_chips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network_cuda, "runtime", lambda: runtime(None, ON_CPU))
    error = refused()
    assert isinstance(error, SetupError)
    assert "pip uninstall onnxruntime" in error.remedy


def test_it_never_goes_on_on_the_processor_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def session(content: bytes, options: object, **_: object) -> object:
        return onnxruntime.InferenceSession(content, options, providers=[ON_CPU])

    fallen_back = runtime(session, "CUDAExecutionProvider", ON_CPU)
    monkeypatch.setattr(network_cuda, "runtime", lambda: fallen_back)
    error = refused()
    assert error.exit_code == Exit.USAGE
    assert "nvidia-smi" in error.remedy


def test_a_driver_that_cannot_be_used_is_told_without_the_name_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def session(*_: object, **__: object) -> object:
        raise RuntimeError(OLD_DRIVER)

    monkeypatch.setattr(network_cuda, "runtime", lambda: runtime(session, "CUDAExecutionProvider"))
    error = refused()
    assert error.exit_code == Exit.USAGE
    assert error.problem.endswith("insufficient for CUDA runtime version")


def test_a_picture_that_fails_is_an_error_without_the_name_of_the_machine(
    astronaut: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(onnxruntime.InferenceSession):
        """Fails on every picture after the first, with which a network is opened."""

        runs = 0

        def run(self, *given: object) -> object:
            self.runs += 1
            if self.runs > 1:
                raise onnxruntime.capi.onnxruntime_pybind11_state.Fail(OLD_DRIVER)
            return super().run(*given)

    monkeypatch.setattr(network_cuda, "runtime", lambda: runtime(Failing, ON_CPU))
    there = yunet(provider=ON_CPU)
    with pytest.raises(DetectorError, match=r"yunet failed: CUDA failure 35: [^;]*version$"):
        answers(there, [astronaut])


def test_an_error_while_decoding_is_the_detectors() -> None:
    def fail(outputs: Outputs, width: int) -> None:
        raise ValueError("no sense in it")

    with pytest.raises(DetectorError, match="yunet failed: no sense in it"):
        yunet(provider=ON_CPU).run([np.zeros((64, 64, 3), np.uint8)], fail)
