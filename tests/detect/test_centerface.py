import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blur.data.arrays import Picture
from blur.data.boxes import bounds
from blur.detect.centerface import CenterFace, own_axes, roll
from blur.errors import DetectorError

# Landmarks of an upright face in box sizes: y, x of eyes, nose, mouth corners, as in the network.
UPRIGHT = np.array([0.37, 0.25, 0.37, 0.75, 0.55, 0.5, 0.71, 0.3, 0.71, 0.7], np.float32)


def answer(rows: int, columns: int) -> dict[str, np.ndarray]:
    """The network's answer for a picture without a face, 4 pixels a cell."""
    return {
        "537": np.full((1, 1, rows, columns), 0.01, np.float32),
        "538": np.zeros((1, 2, rows, columns), np.float32),
        "539": np.zeros((1, 2, rows, columns), np.float32),
        "540": np.zeros((1, 10, rows, columns), np.float32),
    }


def put(outputs: dict[str, np.ndarray], row: int, column: int, score: float) -> None:
    """A face 40 wide and 48 high, a quarter cell above and half a cell right of the cell."""
    outputs["537"][0, 0, row, column] = score
    outputs["538"][0, :, row, column] = np.log([48 / 4, 40 / 4])
    outputs["539"][0, :, row, column] = [-0.25, 0.5]
    outputs["540"][0, :, row, column] = UPRIGHT


def test_decode_by_hand() -> None:
    outputs = answer(24, 40)
    put(outputs, 10, 30, 0.75)
    found = CenterFace.decode(outputs, 0.5)
    # x = (30 + 0.5 + 0.5) * 4, y = (10 + 0.5 - 0.25) * 4
    np.testing.assert_allclose(found.boxes, [[124, 41, 40, 48, 0]], atol=1e-3)
    assert found.scores.tolist() == [0.75]
    assert found.detectors.tolist() == ["centerface"]


def test_decode_keeps_scores_from_the_threshold_on() -> None:
    outputs = answer(24, 40)
    put(outputs, 3, 4, 0.25)
    assert len(CenterFace.decode(outputs, 0.25)) == 1
    assert len(CenterFace.decode(outputs, 0.26)) == 0


def test_decode_suppresses_neighbours() -> None:
    outputs = answer(24, 40)
    put(outputs, 10, 20, 0.6)
    put(outputs, 10, 21, 0.75)
    assert CenterFace.decode(outputs, 0.1).scores.tolist() == [0.75]


def test_an_answer_that_is_no_number_is_an_error() -> None:
    outputs = answer(24, 40)
    outputs["537"][0, 0, 5, 5] = np.nan
    with pytest.raises(DetectorError):
        CenterFace.decode(outputs, 0.5)


def turned_landmarks(degrees: float) -> np.ndarray:
    face = UPRIGHT[1::2] * 40 + 1j * UPRIGHT[0::2] * 48
    return (face * np.exp(1j * np.radians(degrees)))[:, None]


@pytest.mark.parametrize("degrees", [-150, -60, 0, 20, 90, 135])
def test_roll_by_hand(degrees: float) -> None:
    """In a picture y points down, so multiplying by i turns clockwise on screen."""
    assert roll(turned_landmarks(degrees))[0] == pytest.approx(degrees, abs=0.5)


@given(st.floats(20, 200), st.floats(0.6, 1.0), st.floats(-75, 75))
def test_own_axes_undo_the_bounds_of_a_turned_ellipse(
    height: float, aspect: float, degrees: float
) -> None:
    box = np.array([[0, 0, height * aspect, height, degrees]], np.float32)
    x1, y1, x2, y2 = bounds(box)[0]
    w, h = own_axes(np.array([x2 - x1], np.float32), np.array([y2 - y1], np.float32), box[:, 4])
    assert np.hypot(w, h) == pytest.approx(np.hypot(*box[0, 2:4]), rel=1e-3)
    # Far from 45 degrees exactly; near it, at worst, the usual aspect of a face.
    slack = 0.02 if abs(abs(degrees) - 45) > 35 else 0.25
    assert w[0] / h[0] == pytest.approx(aspect, abs=slack)


def test_own_axes_leave_upright_boxes_as_they_are() -> None:
    w, h = own_axes(np.array([40.0]), np.array([70.0]), np.array([0.0]))
    assert (w[0], h[0]) == pytest.approx((40, 70))


@pytest.fixture(scope="module")
def detector() -> CenterFace:
    return CenterFace()


@pytest.mark.parametrize("degrees", [-45, -20, 0, 30])
def test_a_turned_head_carries_its_angle(
    detector: CenterFace, astronaut: Picture, degrees: float
) -> None:
    # cv2 turns counter-clockwise.
    turn = cv2.getRotationMatrix2D((224, 118), -degrees, 1)
    turn[:, 2] += 32
    found = detector.detect([cv2.warpAffine(astronaut, turn, (512, 512))], 0.5)[0]
    assert len(found) == 1
    cx, cy, w, h, angle = found.boxes[0]
    assert np.hypot(cx - 256, cy - 150) < 20
    assert angle == pytest.approx(degrees, abs=12)
    assert (w, h) == pytest.approx((88, 119), rel=0.2)
