"""Doubts: spans where the scan is unsure, for a person to look at."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from blur.data.plan import Box, Doubt, Mark, Reason, Track
from blur.data.spans import runs
from blur.scan.link import Tracklet
from blur.scan.timeline import Timeline

_LOST_SECONDS = 0.7
"""Seconds of a bridge above which it is a doubt; larger files fewer."""

_DIM = 0.05
"""Visible share of a picture under which it is a doubt: a candle in a room may light no face.
Larger files more."""


def weeded(tracklet: Tracklet, trust: float) -> Doubt:
    """A tracklet that is not covered; `trust` is its log-odds of a face."""
    return _whole(tracklet, Reason.WEEDED, float(1 / (1 + np.exp(-trust))))


def weak(tracklet: Tracklet, trust: float, track: int) -> Doubt:
    """A tracklet that is covered and may be no face; `trust` is its log-odds."""
    return _whole(tracklet, Reason.WEAK, float(1 / (1 + np.exp(trust))), track)


def lost(track: Track, timeline: Timeline) -> list[Doubt]:
    """Long bridges of a track, in which it was neither detected nor followed throughout."""
    seen = track.sightings().tolist()
    found = []
    for a, b in itertools.pairwise(seen):
        blind = float(timeline.seconds[b] - timeline.seconds[a])
        unfollowed = (track.marks[a + 1 - track.start : b - track.start] == Mark.BRIDGED).any()
        if blind > _LOST_SECONDS and unfollowed:
            weight = min(1.0, 0.3 * blind)
            found.append(
                Doubt(
                    start=a + 1,
                    end=b,
                    reason=Reason.LOST,
                    weight=weight,
                    track=track.id,
                    box=track.box(a + 1),
                )
            )
    return found


def dark(shares: Sequence[float]) -> list[Doubt]:
    """Spans too dark to search, from `dark.lit` of every frame."""
    return [
        Doubt(start=start, end=end, reason=Reason.DARK, weight=0.5)
        for start, end in runs(np.array(shares) < _DIM)
    ]


def _whole(tracklet: Tracklet, reason: Reason, weight: float, track: int | None = None) -> Doubt:
    return Doubt(
        start=tracklet.start,
        end=tracklet.last + 1,
        reason=reason,
        weight=weight,
        track=track,
        box=Box(*tracklet.boxes[0].tolist()),
    )
