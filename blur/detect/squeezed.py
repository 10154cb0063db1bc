"""Pictures pulled wide or pressed tall, brought back for a further look.

Editing programs pull a phone's upright film over a wide picture or press a wide one upright, and
some lenses press. Viewers know the people, detectors are blind to them
(`tests/bench/squeezed.py`).
"""

from __future__ import annotations

import cv2
import numpy as np

from blur.data.arrays import Floats, Picture
from blur.data.boxes import bounds, stretched
from blur.data.plan import Boxes
from blur.detect.detections import Detections
from blur.detect.views import thumbnail

_SIDE = 160
"""Pixels, longest side of the picture whose slopes are measured; larger is slower."""
_DARKEST = 8
"""Grey levels added before the logarithm, by which slopes in shadow count as those in light do;
larger lets bright places decide."""
_WIDE, _TALL = -0.4, 0.5
"""Natural logarithm of the mean slope across over that down, under and over which a picture may be
pulled wide or pressed tall. Nearer 0 catches weaker pulls and looks twice at more other frames."""
_BACK = 2.4
"""Factor by which a picture is brought back; detectors take faces of 1.4 times it, more or less."""
_SURE = {"centerface": 0.6, "yunet": 0.85}
"""By detector, least score of a face that proves a pull; smaller ones prove it on ordinary frames,
of which these do on none."""
_BETTER = 0.25
"""By how much at least it exceeds the frame's own detections there; smaller proves more."""
_LEAST = 0.65, 0.45
"""Least height of a face's box over its width, and width over its height, for covers of a head's
aspect (`blur.cover.head`) to reach over the whole face; larger covers more around it."""


def brought_back(frame: Picture) -> Picture | None:
    """A whole frame without its pull or press, None where it shows none."""
    slopes = _slopes(frame)
    if _WIDE <= slopes <= _TALL:
        return None
    height, width = frame.shape[:2]
    size = (width / _BACK, height) if slopes < _WIDE else (width, height / _BACK)
    wide, tall = (max(1, round(side)) for side in size)
    return np.asarray(cv2.resize(frame, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)


def _slopes(frame: Picture) -> float:
    """Log of a frame's mean slope across over its mean slope down; 0 for pictures too small.

    A pull across by `s` flattens slopes across: of pictures like nature's, to 1 / `s` of those
    down.
    """
    light = np.log(thumbnail(frame[..., 1], _SIDE).astype(np.float32) + _DARKEST)
    if min(light.shape) < 3:
        return 0.0
    across = float(np.abs(light[1:-1, 2:] - light[1:-1, :-2]).mean())
    down = float(np.abs(light[2:, 1:-1] - light[:-2, 1:-1]).mean())
    return float(np.log((across + 1e-3) / (down + 1e-3)))


def only_there(back: Detections, plain: Detections, frame: Picture, shown: Picture) -> Detections:
    """Of the detections `back` on a picture `shown`, brought back from `frame`, those that exceed
    the `plain` ones on the frame; in the frame's pixels, `roomy`.

    None of them, unless a sure face among them proves the pull: slopes alone also tell of blinds.
    """
    across, down = (f / s for f, s in zip(frame.shape[1::-1], shown.shape[1::-1], strict=True))
    boxes = roomy(stretched(back.boxes, across, down))
    lead = back.scores - _best_within(bounds(boxes), plain)
    sure = back.scores >= np.array([_SURE[name] for name in back.detectors.tolist()])
    if not (sure & (lead >= _BETTER)).any():
        return Detections.none()
    return Detections(boxes, back.scores, back.detectors).take(np.flatnonzero(lead > 0))


def _best_within(edges: Floats, found: Detections) -> Floats:
    """(n,) best score of the detections whose middle lies in each of (n, 4) rectangles, or 0."""
    x, y = found.boxes[:, 0], found.boxes[:, 1]
    left, top, right, bottom = edges.T[..., np.newaxis]
    inside = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
    return np.asarray(np.where(inside, found.scores, 0.0).max(axis=1, initial=0.0))


def roomy(boxes: Boxes) -> Boxes:
    """Boxes of stretched faces, their shorter sides grown until a head over them hides the face."""
    out = boxes.copy()
    out[:, 3] = np.maximum(boxes[:, 3], boxes[:, 2] * _LEAST[0])
    out[:, 2] = np.maximum(boxes[:, 2], boxes[:, 3] * _LEAST[1])
    return out
