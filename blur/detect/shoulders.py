"""Heads above shoulders, from every side: MediaPipe's pose detector, which needs no face to see.

Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020 (arXiv:2006.10204). The
anchors and the decoding are those of MediaPipe's public options for this network.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from blur.data.arrays import Picture
from blur.data.boxes import wrapped
from blur.detect import weights
from blur.detect.anchors import anchors, answers
from blur.detect.detections import Detections
from blur.detect.network import Outputs
from blur.detect.network_openvino import OpenVinoNetwork

NAME = "shoulders"
SIDE = 224
"""Pixels of the network's square input: fixed."""
REACH = 4.5
"""Face sizes on the side of a picture that suits the network. On 63 faces of 24 pixels and more it
saw 86 % of those from 45 pixels on at score 0.2, 50 % of smaller ones, and a head in 2 % of places
without a face; at 3 face sizes 97 %, 88 % and 12 %, at 9 69 %, 50 % and 0 %."""

_GRIDS = ((28, 2), (14, 2), (7, 6))  # cells a side, and anchors in each: strides 8, 16, 3 x 32
_CROWN, _SHOULDERS = slice(6, 8), slice(8, 10)
"""Columns of x, y above the head and midway between the shoulders; the others are a box of fixed
size, the hips and a circle."""
_MIDDLE = 0.51
"""Share of the way from crown to shoulders at which a face's centre lies: median over those 63
faces; larger makes lower boxes."""
_HEIGHT = 0.55  # face heights in that way, median likewise; larger makes larger boxes
_ASPECT = 0.77  # width over height of a face, CenterFace's median; larger makes wider boxes


class Shoulders:
    """Boxes are where the face is, or would be if the head were turned; `angle` is the body's lean.

    A complement of face detectors: it sees backs of heads, and misses small heads, babies and heads
    that fill the picture. Always on the processor; `detect` may be called from any thread.
    """

    name = NAME
    family = NAME

    def __init__(self, *, threads: int | None = None) -> None:
        self._network = OpenVinoNetwork(
            NAME, weights.verified(NAME), middle=127.5, scale=1 / 127.5, threads=threads
        )

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        """The heads on each picture, which is scaled to SIDE pixels first if it has another size.

        Boxes in pixels of the picture. Raises DetectorError.
        """
        squares, scales = [], []
        for picture in pictures:
            scale = SIDE / max(1, *picture.shape[:2])
            squares.append(picture if picture.shape == (SIDE, SIDE, 3) else _square(picture, scale))
            scales.append(scale)
        found = self._network.run(squares, lambda outputs, _: decode(outputs, threshold))
        for each, scale in zip(found, scales, strict=True):
            each.boxes[:, :4] /= scale
        return found

    def close(self) -> None:
        self._network.close()


def decode(outputs: Outputs, threshold: float) -> Detections:
    """Heads in pixels of the network's input, best first; raises DetectorError unless the answer is
    finite."""
    scores, rows = answers(outputs, 12, NAME)
    likely = np.flatnonzero(scores >= threshold)
    points = anchors(SIDE, _GRIDS)[likely]
    crown, middle = rows[likely, _CROWN] + points, rows[likely, _SHOULDERS] + points
    way = middle - crown
    length = np.hypot(*way.T)
    centre = crown + _MIDDLE * way
    lean = wrapped(np.degrees(np.arctan2(-way[:, 0], way[:, 1])))
    sizes = length[:, None] * [_HEIGHT * _ASPECT, _HEIGHT]
    boxes = np.column_stack([centre, sizes, lean]).astype(np.float32)
    sized = length > 0
    return Detections.of(boxes[sized], scores[likely][sized], NAME).suppressed()


def _square(picture: Picture, scale: float) -> Picture:
    """The picture with its longer side scaled to SIDE, at the top left corner of a black square."""
    height, width = (max(1, round(length * scale)) for length in picture.shape[:2])
    out = np.zeros((SIDE, SIDE, 3), np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out[:height, :width] = cv2.resize(picture, (width, height), interpolation=way)
    return out
