import cv2
import numpy as np
import pytest

from blur.data.arrays import Picture
from blur.detect import weights
from blur.detect.yunet import YuNet
from blur.errors import DetectorError


def answer(width: int, height: int) -> dict[str, np.ndarray]:
    """The network's answer for a picture without a face."""
    outputs = {}
    for stride in (8, 16, 32):
        cells = (width // stride) * (height // stride)
        for name, columns in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            outputs[f"{name}_{stride}"] = np.zeros((1, cells, columns), np.float32)
    return outputs


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_decode_by_hand(stride: int) -> None:
    outputs = answer(320, 192)
    cell = 2 * (320 // stride) + 3  # row 2, column 3
    outputs[f"cls_{stride}"][0, cell] = 0.64
    outputs[f"obj_{stride}"][0, cell] = 1.21  # beyond 1 counts as 1
    outputs[f"bbox_{stride}"][0, cell] = [0.5, 0.25, np.log(1.5), np.log(2)]
    found = YuNet.decode(outputs, 320, 0.5)
    expected = [3.5 * stride, 2.25 * stride, 1.5 * stride, 2 * stride, 0]
    np.testing.assert_allclose(found.boxes, [expected], rtol=1e-5)
    assert found.scores.tolist() == pytest.approx([0.8])
    assert found.detectors.tolist() == ["yunet"]


def test_decode_suppresses_across_strides() -> None:
    outputs = answer(320, 192)
    for stride, score in ((8, 0.7), (16, 0.9)):
        cell = (64 // stride) * (320 // stride) + 64 // stride
        outputs[f"cls_{stride}"][0, cell] = outputs[f"obj_{stride}"][0, cell] = score
        outputs[f"bbox_{stride}"][0, cell, 2:] = np.log(40 / stride)
    assert YuNet.decode(outputs, 320, 0.5).scores.tolist() == pytest.approx([0.9])


def test_an_answer_that_is_no_number_is_an_error() -> None:
    outputs = answer(320, 192)
    outputs["obj_16"][0, 7] = np.nan
    with pytest.raises(DetectorError):
        YuNet.decode(outputs, 320, 0.5)


def test_agrees_with_opencv_on_the_same_weights(astronaut: Picture) -> None:
    """OpenCV has its own decoding and its own way to run the network."""
    theirs = cv2.FaceDetectorYN.create(
        "onnx", np.frombuffer(weights.read("yunet"), np.uint8), np.zeros(0, np.uint8), (512, 512)
    )
    _, rows = theirs.detect(astronaut[:, :, ::-1].copy())
    (x, y, w, h), score = rows[0, :4], rows[0, 14]
    ours = YuNet(precision="f32").detect([astronaut], 0.6)[0]
    np.testing.assert_allclose(ours.boxes, [[x + w / 2, y + h / 2, w, h, 0]], atol=0.05)
    np.testing.assert_allclose(ours.scores, [score], atol=1e-3)
