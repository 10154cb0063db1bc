"""CenterFace: a heat map of face centres with sizes, offsets and five landmarks.

Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019
(arXiv:1911.03599).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blur.detect import weights
from blur.detect.detections import Detections, Picture
from blur.detect.network import Outputs, Precision, open_network
from blur.detect.nms import suppressed
from blur.errors import DetectorError

Floats = npt.NDArray[np.float32]

_NAME = "centerface"
_STRIDE = 4
_NMS_IOU = 0.3

# The network's outputs by name: heat, log sizes (h, w), offsets (y, x), landmarks (y, x) x 5.
_HEAT, _SIZES, _OFFSETS, _LANDMARKS = "537", "538", "539", "540"

# Landmarks of an upright face in units of its size, as x + iy: eyes, nose, mouth corners.
_FACE = np.array([-0.5 - 0.44j, 0.5 - 0.44j, -0.09j, -0.4 + 0.36j, 0.4 + 0.36j])
_FACE -= _FACE.mean()

# Measured on photographs turned by known angles: from this score on, and up to this roll, all
# but 3 % of the estimates are within 30 degrees; weaker or steeper ones are as good as none.
_ROLL_SCORE = 0.5
_ROLL_LIMIT = 75.0

_ASPECT = 0.77
"""Width over height of the boxes of upright faces, median."""


class CenterFace:
    """Sees small and masked faces well; faces turned by more than 45 degrees badly.

    Boxes are tight: forehead to chin, ear to ear. Sure faces carry their roll as angle.
    """

    name = _NAME
    family = "centerface"

    def __init__(
        self,
        *,
        threads: int | None = None,
        precision: Precision | None = None,
        device: str = "CPU",
    ) -> None:
        self._network = open_network(
            _NAME, weights.read(_NAME), threads=threads, precision=precision, device=device
        )

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        return self._network.run(pictures, lambda outputs, _: decode(outputs, threshold))

    def close(self) -> None:
        self._network.close()


def decode(outputs: Outputs, threshold: float) -> Detections:
    """Detections out of the network's answer; raises DetectorError when that is no number."""
    heat = outputs[_HEAT][0, 0]
    if not np.isfinite(heat).all():
        raise DetectorError(f"{_NAME} answered with something that is no number")
    cells = np.flatnonzero(heat >= threshold)
    y, x = np.divmod(cells, heat.shape[1])
    height, width = np.exp(outputs[_SIZES][0][:, y, x]) * _STRIDE
    up, left = outputs[_OFFSETS][0][:, y, x]
    # Landmarks are relative to the box's top left corner, in units of its size; so is the roll.
    marks = outputs[_LANDMARKS][0][:, y, x].reshape(5, 2, -1)
    scores = heat.ravel()[cells]
    angles = roll(marks[:, 1] * width + 1j * marks[:, 0] * height)
    angles[(scores < _ROLL_SCORE) | (np.abs(angles) > _ROLL_LIMIT)] = 0.0
    centres = np.stack([x + 0.5 + left, y + 0.5 + up]) * _STRIDE
    sizes = own_axes(width, height, angles)
    boxes = np.stack([*centres, *sizes, angles], axis=1).astype(np.float32)
    return suppressed(Detections.of(boxes, scores, _NAME), _NMS_IOU)


def roll(landmarks: npt.NDArray[np.complexfloating]) -> Floats:
    """Degrees, clockwise on screen, by which (5, n) landmarks x + iy are turned from upright.

    The turn of the similarity transform that fits an upright face best (least squares).
    """
    turns = _FACE.conj() @ (landmarks - landmarks.mean(axis=0))
    return np.asarray(np.degrees(np.angle(turns)), np.float32)


def own_axes(width: Floats, height: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """Width and height along a turned face's own axes, from its upright bounds.

    An ellipse w by h, turned by a, has bounds with W2 + H2 = w2 + h2 and W2 - H2 =
    (w2 - h2) cos 2a (squares of sizes). The network's boxes follow that. Near 45 degrees the
    second says nothing, so the usual aspect of a face steps in.
    """
    total = width**2 + height**2
    usual = total * (_ASPECT**2 - 1) / (_ASPECT**2 + 1)
    double = np.radians(2 * angles)
    weight = 0.05 * np.sin(double) ** 2
    difference = (width**2 - height**2) * np.cos(double) + weight * usual
    difference /= np.cos(double) ** 2 + weight
    difference = np.clip(difference, -0.9 * total, 0.9 * total)
    return np.sqrt((total + difference) / 2), np.sqrt((total - difference) / 2)
