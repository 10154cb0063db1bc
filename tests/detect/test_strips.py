from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13, preprocess

from blur.detect import centerface, weights, yunet
from blur.detect.network import Outputs
from blur.detect.network_openvino import OpenVinoNetwork
from blur.detect.strips import Strips, in_strips

NETWORKS = pytest.mark.parametrize(
    ("name", "strips", "size"),
    [
        ("centerface", centerface._STRIPS, (672, 416)),  # 4, 2 and 2 strips of unequal heights
        ("centerface", centerface._STRIPS, (224, 800)),
        ("yunet", yunet._STRIPS, (992, 544)),
    ],
)


@NETWORKS
def test_strips_give_the_numbers_of_the_whole(
    name: str, strips: Sequence[Strips], size: tuple[int, int]
) -> None:
    width, height = size
    noise = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    answers = [_answer(name, noise, divided) for divided in ((), strips)]
    assert answers[0].keys() == answers[1].keys()
    for output, whole in answers[0].items():
        # To rounding: without AVX-512, layers of other heights are summed in another order.
        np.testing.assert_allclose(answers[1][output], whole, 1e-5, 1e-5, err_msg=output)


def _answer(name: str, picture: np.ndarray, strips: Sequence[Strips]) -> Outputs:
    bgr = name == "yunet"
    network = OpenVinoNetwork(name, weights.read(name), bgr=bgr, threads=1, strips=strips)
    (answer,) = network.run([picture], lambda given, _: {k: v.copy() for k, v in given.items()})
    return answer


def _model(last: str, height: int = 64) -> Any:
    picture = opset13.parameter([1, 3, height, 64], np.float32)
    ends = opset13.relu(opset13.tanh(picture))
    ends.set_friendly_name(last)
    wrapped = preprocess.PrePostProcessor(ov.Model([opset13.relu(ends)], [picture]))
    given = wrapped.input()
    given.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    given.preprocess().convert_element_type(ov.Type.f32)
    given.model().set_layout(ov.Layout("NCHW"))
    return wrapped.build()


def test_a_layer_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="a layer Tanh cannot be divided"):
        in_strips(_model("last"), [Strips("last", 1000)])


def test_a_small_picture_is_left_whole() -> None:
    model = _model("last")
    before = len(model.get_ops())
    in_strips(model, [Strips("last", 3000)])
    assert len(model.get_ops()) == before
