"""YuNet (2023mar): an anchor-free detector at strides 8, 16 and 32.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023
(doi:10.1007/s11633-023-1423-y).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Picture
from blur.data.boxes import bounds
from blur.data.plan import Box
from blur.detect import weights
from blur.detect.detections import NMS_IOU, Detections, nms
from blur.detect.devices import open_network
from blur.detect.network import Outputs, Precision
from blur.detect.strips import Strips
from blur.errors import DetectorError

_NAME = "yunet"
_STRIDES = (8, 16, 32)  # input pixels a cell of each level

_STRIPS = (Strips("MaxPool_18", 240_000),)
"""The layers of 16 to 64 channels at halves and quarters of the input's size."""


class FacePoints(NamedTuple):
    """A face with (5, 2) float32 `points` in pixels of the picture: eyes, nose, corners of the
    mouth; of each pair, the picture's left one first."""

    box: Box
    score: float
    points: npt.NDArray[np.float32]


class YuNet:
    """Fast; finds large faces well, and turned ones better than CenterFace.

    Boxes are tight. `angle` is 0: its landmarks stay upright on a turned face.
    """

    name = _NAME
    family = "yunet"

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
            bgr=True,
            threads=threads,
            precision=precision,
            device=device,
            strips=_STRIPS,
        )

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        return self._network.run(
            pictures, lambda outputs, width: self.decode(outputs, width, threshold)
        )

    def points(self, pictures: Sequence[Picture], threshold: float) -> list[list[FacePoints]]:
        """The faces of each picture with their five points, best first. Raises DetectorError."""
        return self._network.run(
            pictures, lambda outputs, width: self.decode_points(outputs, width, threshold)
        )

    def close(self) -> None:
        self._network.close()

    @staticmethod
    def decode(outputs: Outputs, width: int, threshold: float) -> Detections:
        """Detections from the network's answer to an input `width` pixels wide.

        Raises DetectorError if the answer is not finite.
        """
        found, _ = _decoded(outputs, width, threshold)
        return found.suppressed()

    @staticmethod
    def decode_points(outputs: Outputs, width: int, threshold: float) -> list[FacePoints]:
        """Like `decode`, with the five points."""
        found, cells = _decoded(outputs, width, threshold)
        points = _all(outputs, "kps")[cells.rows].reshape(-1, 5, 2) + cells.corners[:, None]
        points = (points * cells.strides[:, None, None]).astype(np.float32)
        if not np.isfinite(points).all():
            raise DetectorError(f"{_NAME} answered with numbers that are not finite")
        best = nms(bounds(found.boxes), found.scores, NMS_IOU).tolist()
        return [
            FacePoints(Box(*found.boxes[i].tolist()), float(found.scores[i]), points[i])
            for i in best
        ]


class _Cells(NamedTuple):
    """Cells of all levels: their `rows`, left upper `corners` (n, 2) in cells, and `strides`."""

    rows: npt.NDArray[np.intp]
    corners: npt.NDArray[np.intp]
    strides: npt.NDArray[np.intp]


def _decoded(outputs: Outputs, width: int, threshold: float) -> tuple[Detections, _Cells]:
    """Every cell that scores `threshold`, doubles among them, and where the cells are."""
    cells = [outputs[f"cls_{stride}"].shape[1] for stride in _STRIDES]
    faces, objects = (_all(outputs, name)[:, 0].clip(0, 1) for name in ("cls", "obj"))
    scores = np.sqrt(faces * objects)
    if not np.isfinite(scores).all():
        raise DetectorError(f"{_NAME} answered with numbers that are not finite")
    rows = np.flatnonzero(scores >= threshold)
    ends = np.cumsum(cells)
    level = np.searchsorted(ends, rows, side="right")
    stride = np.array(_STRIDES)[level]
    y, x = np.divmod(rows - (ends - cells)[level], width // stride)
    left, up, log_width, log_height = _all(outputs, "bbox")[rows].T
    columns = [x + left, y + up, np.exp(log_width), np.exp(log_height), np.zeros(len(rows))]
    boxes = (np.stack(columns, axis=1) * stride[:, None]).astype(np.float32)
    found = Detections.of(boxes, scores[rows], _NAME)
    return found, _Cells(rows, np.stack([x, y], axis=1), stride)


def _all(outputs: Outputs, name: str) -> npt.NDArray[np.float32]:
    """(cells, values) of all strides."""
    return np.concatenate([outputs[f"{name}_{stride}"][0] for stride in _STRIDES])
