"""Doubts: where the scan had to guess, for a person to look at."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from blur.plan import Box, Doubt, Mark, Reason, Track
from blur.tracks.link import Tracklet
from blur.tracks.timeline import Timeline

_LOST_SECONDS = 0.7
"""A bridge longer than this is a doubt: nobody saw the face all that time."""

_DARK = 10.0
"""Mean luma under which a picture may hide faces from every detector: in a test clip of mean 6 it
does, in one of 13 it does not."""


def weeded(tracklet: Tracklet, trust: float) -> Doubt:
    """What looked like a face and is not covered; `trust` are its log-odds."""
    return _whole(tracklet, Reason.WEEDED, float(1 / (1 + np.exp(-trust))))


def weak(tracklet: Tracklet, trust: float, track: int) -> Doubt:
    """What is covered although it may be no face."""
    return _whole(tracklet, Reason.WEAK, float(1 / (1 + np.exp(trust))), track)


def lost(track: Track, timeline: Timeline) -> list[Doubt]:
    """Bridges of a track over which nobody saw the face for long."""
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


def dark(luma: Sequence[float]) -> list[Doubt]:
    """Spans that are too dark to search, from the mean luma (0-255) of every frame."""
    edges = np.flatnonzero(np.diff([0, *(value < _DARK for value in luma), 0]))
    return [
        Doubt(start=int(a), end=int(b), reason=Reason.DARK, weight=0.5)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
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
