"""The dark: where a viewer sees nothing, and a brightened copy may show who is there.

Detectors miss faces that lie deep in a sensor's noise, also after lifting. A picture that is
black to the eye loses nothing by being covered whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blur.data.plan import Track
from blur.data.spans import runs
from blur.scan.camera import Gray
from blur.scan.timeline import Timeline

_SEEN = 28
"""Luma (0-255) from which something is seen on a screen: half a percent of white's light."""

_BLACK = 0.001
"""Share of a picture that is seen, under which it is black."""

_FLASH = 0.5
"""Seconds of light between two black spans that are covered as well: who is lit for so short a
time is seen on few frames, by viewers and by detectors."""

_RIM = 0.02
"""Share of the longer side that stays clear along the edges: the fill takes its tone from there."""


def lit(gray: Gray) -> float:
    """The share of a picture that a viewer sees."""
    return float(np.count_nonzero(gray >= _SEEN) / gray.size)


def dark_tracks(
    shares: Sequence[float], timeline: Timeline, width: int, height: int, first: int
) -> list[Track]:
    """Tracks, numbered from `first`, that cover the whole picture where it is black.

    `shares` are what `lit` says of every frame; `width` and `height` are those of the display.
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
