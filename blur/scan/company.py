"""The company of a place: how many faces are about, and whose body it lies on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blur.data.plan import Box
from blur.scan.link import Tracklet

_BODY = (2.2, 0.75, 5.0, 1.9)
"""Where hands, prints and folds look like faces: widths beside a proven face, at most; heights
below it, at least and at most; sizes in its widths, at most. A larger least drops less, larger
others more."""
_LEVEL = 45.0  # degrees up to which a proven face is upright and has its body below
CROWD = 4
"""Well seen faces at a time, from which nothing is dropped: a weak sighting is likely a further
face, and faces in front lie on the bodies behind them. Larger drops more in crowds."""
_SAME_FACE = 2.0
"""Widths between tracklets that no frame near shows together, within which they count as one face
of a crowd; larger drops more in crowds. Three people who duck and cross leave six at a time."""
_SAME_TIME = 8
"""Frames within which a proven face's box tells where its body is, and faces tell of a crowd;
larger drops more on bodies and less in crowds."""


def count_faces(tracklets: Sequence[Tracklet], frame: int) -> int:
    """The faces seen within `_SAME_TIME` of a frame; pieces of one face's way count once."""
    faces: list[list[tuple[set[int], Box]]] = []
    for tracklet in tracklets:
        apart = np.abs(tracklet.frames - frame)
        seen = set(tracklet.frames[apart <= _SAME_TIME].tolist())
        if not seen:
            continue
        piece = seen, Box(*tracklet.boxes[int(apart.argmin())].tolist())
        own = next((f for f in faces if all(_may_be_one(piece, other) for other in f)), None)
        if own is None:
            faces.append(own := [])
        own.append(piece)
    return len(faces)


def _may_be_one(piece: tuple[set[int], Box], other: tuple[set[int], Box]) -> bool:
    (seen, a), (seen_too, b) = piece, other
    away = math.hypot(a.cx - b.cx, a.cy - b.cy)
    return not seen & seen_too and away < _SAME_FACE * max(a.w, b.w)


def boxes_at(faces: Sequence[Tracklet], frame: int) -> list[npt.NDArray[np.float32]]:
    """The boxes, at about a frame, of those faces that are seen then."""
    rows = [int(np.abs(face.frames - frame).argmin()) for face in faces]
    return [
        face.boxes[row]
        for face, row in zip(faces, rows, strict=True)
        if abs(int(face.frames[row]) - frame) <= _SAME_TIME
    ]


def lies_below(box: Box, face: npt.NDArray[np.float32]) -> bool:
    """Whether a place lies where the body of an upright face is."""
    x, y, w, h, angle = Box(*face.tolist())
    beside, above, below, large = _BODY
    return (
        abs(angle) <= _LEVEL
        and math.sqrt(box.w * box.h) < large * w
        and abs(box.cx - x) < beside * w
        and above * h < box.cy - y < below * h
    )
