"""Faces and covers of a single frame, for previews without a scan."""

from __future__ import annotations

import numpy as np

from blur.cover.region import Covers, Region
from blur.data.plan import Boxes, Mark, Track
from blur.data.sightings import Sightings
from blur.media.open.clip_info import ClipInfo
from blur.settings import CoverSettings

_SURE, _BOTH = 0.4, 0.15
"""Scores, 0 to 1: by any family of detectors, or by each; higher ones show fewer false covers."""


def sure(seen: Sightings) -> Sightings:
    """The probable faces; a scan keeps fainter sightings and lets time decide."""
    one = seen.evidence.max(axis=1, initial=0) >= _SURE
    return seen.take(one | (seen.evidence.min(axis=1, initial=1) >= _BOTH))


def covers(boxes: Boxes, info: ClipInfo, settings: CoverSettings) -> list[Region]:
    """Covers of (n, 5) boxes, in display coordinates."""
    marks, scores = np.full(1, Mark.DETECTED, np.uint8), np.ones(1, np.float32)
    tracks = [Track(i, 0, boxes[i : i + 1], marks, scores) for i in range(len(boxes))]
    return Covers(tracks, [(0, 1)], settings, info.width, info.height).at(0)
