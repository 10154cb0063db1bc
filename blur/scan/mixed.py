"""Frames at a cut that show both shots: woven of their fields, or blended by a change of rate.

A cut cannot say that the frame belongs to both, so a face's cover would end a frame early or begin
a frame late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from blur.data.plan import Boxes, Track

_PART = 0.25
"""Share of each neighbour in a mixed frame, at least; larger leaves faces that show through."""
_EXPLAINED = 0.8
"""Share of either neighbour's own residual that both leave, at most; larger takes cuts within a
fast pan for mixed. Mixed frames have 0.75 at most, others with such shares 0.89."""
_GROWTH = 1.15
"""Factor on the size of a face on a mixed frame, where nobody saw it; larger covers more."""
_MEMORY = 3
"""Frames over which a face's motion is measured; larger is steadier, and late."""

_Thumb = npt.NDArray[np.float32]


def is_mixed(before: _Thumb, frame: _Thumb, after: _Thumb) -> bool:
    """Whether a small picture is a mixture of its neighbours, by least squares."""
    bright = np.ones(frame.size)
    both = np.stack([before.ravel(), after.ravel(), bright], axis=1)
    (first, second, _), left = _fitted(both, frame)
    alone = min(_fitted(both[:, [k, 2]], frame)[1] for k in (0, 1))
    return min(first, second) >= _PART and left <= _EXPLAINED * alone


def _fitted(parts: npt.NDArray[np.float64], frame: _Thumb) -> tuple[npt.NDArray[np.float64], float]:
    """The share of each of the (pixels, parts) columns, and the squared residual."""
    shares = np.asarray(np.linalg.lstsq(parts, frame.ravel(), rcond=None)[0], np.float64)
    return shares, float(np.square(frame.ravel() - parts @ shares).sum())


def mixed_tracks(
    tracks: Sequence[Track], cuts: Collection[int], mixed: Sequence[int]
) -> Iterator[Track]:
    """Tracks of a frame, numbered after the others, for faces whose own end beside a mixed frame.

    `cuts` are the first frames of all shots but the first.
    """
    number = max((track.id for track in tracks), default=0)
    for frame in mixed:
        for track in tracks:
            if track.end == frame and frame in cuts:
                inwards = track.boxes[::-1]
            elif track.start == frame + 1 and frame + 1 in cuts:
                inwards = track.boxes
            else:
                continue
            number += 1
            further = Track.unseen(number, frame, _one_further(inwards), track.source)
            yield replace(further, chain=track.chain)


def _one_further(inwards: Boxes) -> Boxes:
    """(1, 5): the face a frame beyond the first of its boxes, if it goes on moving."""
    steps = min(_MEMORY, len(inwards) - 1)
    box = inwards[:1].copy()
    if steps:
        box[0, :2] += (inwards[0, :2] - inwards[steps, :2]) / steps
    box[:, 2:4] *= _GROWTH
    return box
