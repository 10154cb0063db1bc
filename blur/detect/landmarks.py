"""MediaPipe's face landmarks: presence of a face on an upright close-up, and its shape.

Near proof of a face, weak evidence against: profiles, masks and blur answer like texture. Kartynnik
et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019
(arXiv:1907.06724).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture
from blur.detect import weights
from blur.detect.network import Outputs
from blur.detect.network_openvino import OpenVinoNetwork
from blur.errors import DetectorError

NAME = "face-landmarks"
SIDE = 192
"""Pixels of the network's square input: fixed."""
_POINTS = 468
_SHAPE, _PRESENCE = _POINTS * 3, 1  # values of the outputs that tell points and presence apart


class Mesh(NamedTuple):
    """A face's `presence`, 0 to 1, and its (468, 2) float32 `points` in pixels of the close-up."""

    presence: float
    points: npt.NDArray[np.float32]


class Landmarks:
    """Always on the processor: 1.8 ms of a core for each close-up."""

    def __init__(self, *, threads: int | None = None) -> None:
        file = weights.verified(NAME)
        self._network = OpenVinoNetwork(NAME, file, scale=1 / 255, threads=threads)

    def look(self, closeups: Sequence[Picture]) -> list[Mesh]:
        """The mesh in each of the upright RGB close-ups, SIDE pixels square, whose middle half to
        two thirds a face fills. Raises DetectorError."""
        for picture in closeups:
            if picture.shape != (SIDE, SIDE, 3):
                raise DetectorError(f"{NAME} takes {SIDE} pixels square, not {picture.shape}")
        return self._network.run(closeups, lambda outputs, _: decode(outputs))

    def close(self) -> None:
        self._network.close()


def decode(outputs: Outputs) -> Mesh:
    """A mesh from the network's answer; raises DetectorError unless it is finite."""
    by_size = {values.size: values.ravel() for values in outputs.values()}
    logit, points = float(by_size[_PRESENCE][0]), by_size[_SHAPE].reshape(_POINTS, 3)
    if not (math.isfinite(logit) and np.isfinite(points).all()):
        raise DetectorError(f"{NAME} answered with numbers that are not finite")
    return Mesh(0.5 + 0.5 * math.tanh(logit / 2), points[:, :2].copy())
