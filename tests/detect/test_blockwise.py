"""Networks quantized in blocks become plain ones that OpenVINO reads."""

from __future__ import annotations

import numpy as np
import pytest

from blur.detect import blockwise, weights
from blur.detect.blockwise import dequantized
from blur.detect.network_openvino import core
from blur.detect.recogniser import NAME
from blur.errors import SetupError


def test_every_weight_is_plain_and_the_picture_is_the_only_input() -> None:
    network = dequantized(weights.read(NAME))
    assert b"DequantizeLinear" not in network
    assert len(network) > 3 * len(weights.read(NAME))
    model = core().read_model(network, b"")
    assert [i.any_name for i in model.inputs] == ["data"]
    assert list(model.outputs[0].shape) == [1, 128]


def test_blocks_have_scales_and_zeros_of_their_own() -> None:
    values = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)
    scales, zeros = np.array([[1, 10], [2, 0]], np.float32), np.array([[0, 3], [5, 0]], np.float32)
    found = blockwise._dequantized(values, scales, zeros, axis=1, block_size=2)
    np.testing.assert_array_equal(found, [[1, 2, 0, 10], [0, 2, 0, 0]])


@pytest.mark.parametrize("content", [b"\xff\xff\xff\xff", b"\x3a\x04\x0a\x7f\x00\x00", b"\x3a"])
def test_another_file_is_an_error(content: bytes) -> None:
    with pytest.raises(SetupError, match="no block-quantized ONNX"):
        dequantized(content)
