"""CenterFace: a heat map of face centres with sizes, offsets and five landmarks.

Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019
(arXiv:1911.03599).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture
from blur.detect import weights
from blur.detect.detections import Detections
from blur.detect.devices import open_network
from blur.detect.network import Outputs, Precision
from blur.detect.strips import Strips
from blur.errors import DetectorError

_NAME = "centerface"
_STRIDE = 4  # input pixels a cell

# Outputs by name: heat, log sizes (h, w), offsets (y, x), landmarks (y, x) x 5.
_HEAT, _SIZES, _OFFSETS, _LANDMARKS = "537", "538", "539", "540"

_STRIPS = (Strips("377", 65_000), Strips("387", 130_000), Strips("394", 130_000))
"""The layers of 24 to 144 channels at halves and quarters of the input's size. Strips of half as
many pixels are no faster and take longer to compile; of twice as many, slower by a tenth."""

# Landmarks of an upright face in face sizes, x + iy: eyes, nose, mouth corners.
_FACE = np.array([-0.5 - 0.44j, 0.5 - 0.44j, -0.09j, -0.4 + 0.36j, 0.4 + 0.36j])
_FACE -= _FACE.mean()

_ROLL_SCORE = 0.5
"""Score from which the roll is believed; larger leaves more faces upright. On photographs turned by
known angles all but 3 % of the believed rolls are within 30 degrees."""
_ROLL_LIMIT = 75.0
"""Degrees up to which the roll is believed, measured with `_ROLL_SCORE`; larger believes wrong
ones."""
_ASPECT = 0.77
"""Width over height of an upright face's box, median of CenterFace's; larger widens faces near 45
degrees, whose aspect cannot be measured."""


class CenterFace:
    """Finds small and masked faces well, faces turned by more than 45 degrees badly.

    Boxes are tight: forehead to chin, ear to ear. `angle` is the roll of faces from score 0.5 on.
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
            _NAME,
            weights.read(_NAME),
            threads=threads,
            precision=precision,
            device=device,
            strips=_STRIPS,
        )

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        return self._network.run(pictures, lambda outputs, _: self.decode(outputs, threshold))

    def close(self) -> None:
        self._network.close()

    @staticmethod
    def decode(outputs: Outputs, threshold: float) -> Detections:
        """Detections from one answer of the network; raises DetectorError if it is not finite."""
        heat = outputs[_HEAT][0, 0]
        if not np.isfinite(heat).all():
            raise DetectorError(f"{_NAME} answered with numbers that are not finite")
        cells = np.flatnonzero(heat >= threshold)
        y, x = np.divmod(cells, heat.shape[1])
        height, width = np.exp(outputs[_SIZES][0][:, y, x]) * _STRIDE
        up, left = outputs[_OFFSETS][0][:, y, x]
        # Landmarks count from the box's top left corner in box sizes; the roll needs pixels.
        marks = outputs[_LANDMARKS][0][:, y, x].reshape(5, 2, -1)
        scores = heat.ravel()[cells]
        angles = roll(marks[:, 1] * width + 1j * marks[:, 0] * height)
        angles[(scores < _ROLL_SCORE) | (np.abs(angles) > _ROLL_LIMIT)] = 0.0
        centres = np.stack([x + 0.5 + left, y + 0.5 + up]) * _STRIDE
        sizes = own_axes(width, height, angles)
        boxes = np.stack([*centres, *sizes, angles], axis=1).astype(np.float32)
        return Detections.of(boxes, scores, _NAME).suppressed()


def roll(landmarks: npt.NDArray[np.complexfloating]) -> npt.NDArray[np.float32]:
    """(n,) degrees, clockwise on screen, of (5, n) landmarks x + iy against an upright face.

    The turn of the least-squares similarity transform from an upright face.
    """
    turns = _FACE.conj() @ (landmarks - landmarks.mean(axis=0))
    return np.asarray(np.degrees(np.angle(turns)), np.float32)


def own_axes(
    width: npt.NDArray[np.float32], height: npt.NDArray[np.float32], angles: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Width and height along a turned face's own axes, from the sides of its upright bounds.

    An ellipse w by h, turned by a, has bounds W by H with W2 + H2 = w2 + h2 and W2 - H2 =
    (w2 - h2) cos 2a (squares). Near 45 degrees the second equation vanishes and the usual aspect
    of a face takes its place.
    """
    total = width**2 + height**2
    usual = total * (_ASPECT**2 - 1) / (_ASPECT**2 + 1)
    double = np.radians(2 * angles)
    weight = 0.05 * np.sin(double) ** 2
    difference = (width**2 - height**2) * np.cos(double) + weight * usual
    difference /= np.cos(double) ** 2 + weight
    difference = np.clip(difference, -0.9 * total, 0.9 * total)
    return np.sqrt((total + difference) / 2), np.sqrt((total - difference) / 2)
