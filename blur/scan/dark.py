"""The dark: pictures black to the eye, in which a brightened copy may show a face.

Detectors miss faces deep in a sensor's noise, even after lifting. A picture that shows a viewer
nothing loses nothing by a cover over all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blur.data.arrays import Gray
from blur.data.plan import Doubt, Reason, Track
from blur.data.spans import runs
from blur.scan.timeline import Timeline

_SEEN = 28
"""Luma, 0-255, visible on a screen: half a percent of white's light. Larger covers more pictures.
Over 22 real and 31 filmed clips a single one has dark frames."""
_BLACK = 0.001
"""Visible share of a picture under which it is covered; larger covers dim pictures too."""
_DIM = 0.05
"""Likewise, under which it is a doubt: a candle in a room may light no face. Larger files more."""
_FLASH = 0.5
"""Seconds of light between two black spans, covered as well: viewers and detectors see too few
frames of it. Larger covers longer lit spans."""
_RIM = 0.02
"""Share of the longer side left clear along the edges, for the fill's tone; larger uncovers
more."""


def lit(gray: Gray) -> float:
    """The share of a picture that a viewer sees, 0 to 1."""
    return float(np.count_nonzero(gray >= _SEEN) / gray.size)


def dark_tracks(
    shares: Sequence[float], timeline: Timeline, width: int, height: int, first: int
) -> list[Track]:
    """Tracks, numbered from `first`, that cover black pictures but for their rim.

    `shares` is `lit` of every frame; `width` and `height` are the display size in pixels.
    """
    black = np.array(shares) < _BLACK
    rim = _RIM * max(width, height)
    box = width / 2, height / 2, max(1.0, width - 2 * rim), max(1.0, height - 2 * rim), 0.0
    tracks: list[Track] = []
    for begin, end in timeline.shots():
        for start, stop in runs(black[begin:end], timeline.frames(_FLASH)):
            boxes = np.tile(np.array(box, np.float32), (stop - start, 1))
            tracks.append(Track.unseen(first + len(tracks), begin + start, boxes, "dark"))
    return tracks


def dark_doubts(shares: Sequence[float]) -> list[Doubt]:
    """Spans too dark to search; `shares` is `lit` of every frame."""
    return [
        Doubt(start=start, end=end, reason=Reason.DARK, weight=0.5)
        for start, end in runs(np.array(shares) < _DIM)
    ]
