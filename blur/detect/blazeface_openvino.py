"""BlazeFace on OpenVINO, from MediaPipe's own weights: for machines without a MediaPipe wheel.

Scaling, anchors, decoding and weighted suppression are those of MediaPipe's public options for
these networks, so boxes and scores agree with MediaPipe's, but for squares that reach over a
picture's left or top edge: MediaPipe shifts those inside, here they stay where the face is.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats, Picture
from blur.detect import weights
from blur.detect.anchors import anchors, answers
from blur.detect.blazeface import FLOOR, tight
from blur.detect.detections import NMS_IOU, Detections
from blur.detect.network import Outputs
from blur.detect.network_openvino import OpenVinoNetwork

Squares = npt.NDArray[np.float32]
"""(n, 4) x, y, width, height."""

_GRIDS = {
    "blazeface-short": (128, ((16, 2), (8, 6))),
    "blazeface-full": (192, ((48, 1),)),
}
"""Pixels of the square input, then cells a side and anchors in each: strides 8 and 3 x 16; 4."""


class BlazeFaceOpenVino:
    """The `BlazeFace` of machines where MediaPipe is not installed; answers alike."""

    family = "blazeface"

    def __init__(self, name: str, *, threads: int | None = None) -> None:
        self.name = name
        self._side = _GRIDS[name][0]
        self._network = OpenVinoNetwork(
            name,
            weights.verified(name),
            middle=127.5,
            scale=1 / 127.5,
            threads=threads,
            precision="f32",  # MediaPipe's; bf16 moves scores by up to 0.06
        )

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        inputs = [_letterboxed(picture, self._side) for picture in pictures]
        found_of = self._network.run(inputs, lambda outputs, _: decode(outputs, self.name))
        found = []
        for picture, (squares, scores) in zip(pictures, found_of, strict=True):
            height, width = picture.shape[:2]
            longer = max(height, width)
            squares *= longer / self._side
            squares[:, :2] -= (longer - width) / 2, (longer - height) / 2
            all_faces = Detections.of(tight(squares, self.name), scores, self.name)
            found.append(all_faces.take(all_faces.scores >= threshold))
        return found

    def close(self) -> None:
        """Free the compiled network; the detector cannot be used afterwards."""
        self._network.close()


def decode(outputs: Outputs, name: str) -> tuple[Squares, npt.NDArray[np.float32]]:
    """Squares in pixels of the network's input, and their scores, best first.

    Raises DetectorError unless the answer is finite.
    """
    scores, rows = answers(outputs, 16, name)
    likely = np.flatnonzero(scores >= FLOOR)
    likely = likely[np.argsort(-scores[likely], kind="stable")]
    sizes = rows[likely, 2:4]
    squares = np.hstack([rows[likely, :2] + anchors(*_GRIDS[name])[likely] - sizes / 2, sizes])
    whole = (sizes > 0).all(axis=1)
    return _averaged(squares[whole].astype(np.float32), scores[likely][whole])


def _averaged(
    squares: Squares, scores: npt.NDArray[np.float32]
) -> tuple[Squares, npt.NDArray[np.float32]]:
    """The best square of each heap that overlaps it, as the heap's mean weighted by scores."""
    kept, best = [], []
    while len(scores):
        near = _overlap(squares) > NMS_IOU
        near[0] = True
        kept.append(np.average(squares[near], axis=0, weights=scores[near]))
        best.append(scores[0])
        squares, scores = squares[~near], scores[~near]
    return np.array(kept, np.float32).reshape(-1, 4), np.array(best, np.float32)


def _overlap(squares: Squares) -> Floats:
    """IoU of each square with the first."""
    low, high = squares[:, :2], squares[:, :2] + squares[:, 2:]
    shared = np.clip(np.minimum(high, high[0]) - np.maximum(low, low[0]), 0, None).prod(axis=1)
    areas = squares[:, 2:].prod(axis=1)
    return np.asarray(shared / (areas + areas[0] - shared), np.float64)


def _letterboxed(picture: Picture, side: int) -> Picture:
    """The picture scaled into the middle of a black square of `side` pixels.

    Bilinear between four samples, as MediaPipe does: a smoother scaling changes scores.
    """
    height, width = picture.shape[:2]
    longer = max(height, width)
    step = longer / side
    back = np.array([[step, 0, (width - longer) / 2], [0, step, (height - longer) / 2]], np.float64)
    made = cv2.warpAffine(
        picture, back, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return np.asarray(made, np.uint8)
