"""Tracks of a clip from its sightings: the recipe of this room."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from blur.plan import Box, Doubt, Mark, Reason, Track
from blur.sightings import Sightings
from blur.tracks.camera import Camera
from blur.tracks.complete import complete
from blur.tracks.join import absorb, join
from blur.tracks.link import Tracklet, link
from blur.tracks.smooth import smooth
from blur.tracks.weed import BAR, credence, is_face

_LINK_SECONDS = 1.0
_JOIN_SECONDS = 2.0
NEAR_SECONDS = 0.2

_LOST_SECONDS = 0.7
"""A bridge longer than this is a doubt: nobody saw the face all that time."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times of a clip's frames in seconds, ascending, and its cuts."""

    seconds: npt.NDArray[np.float64]
    cuts: Sequence[int]

    def shots(self) -> list[tuple[int, int]]:
        return list(itertools.pairwise([0, *self.cuts, len(self.seconds)]))

    def frames(self, seconds: float) -> int:
        """How many frames `seconds` last at the clip's typical rate, at least 1."""
        if len(self.seconds) < 2:
            return 1
        step = float(np.median(np.diff(self.seconds)))
        return max(1, round(seconds / step))


def tracklets_of(
    sightings: Sequence[Sightings], camera: Camera, timeline: Timeline
) -> list[Tracklet]:
    """Linked, freed of doubles and joined, shot by shot; no tracklet crosses a cut."""
    near = timeline.frames(NEAR_SECONDS)
    found: list[Tracklet] = []
    for start, end in timeline.shots():
        here = [s for s in sightings if start <= s.frame < end]
        linked = link(here, camera, timeline.frames(_LINK_SECONDS))
        joined = join(absorb(linked, camera, near), camera, timeline.frames(_JOIN_SECONDS))
        looked = np.array([s.frame for s in here])
        found += [_counted(t, looked) for t in absorb(joined, camera, near)]
    return found


def _counted(tracklet: Tracklet, looked: npt.NDArray[np.intp]) -> Tracklet:
    """The tracklet with its share of the looks, taken on the frames `looked`, that saw it."""
    chances = np.count_nonzero((looked >= tracklet.start) & (looked <= tracklet.last))
    return replace(tracklet, hits=len(tracklet) / chances)


def tracks_of(
    tracklets: Sequence[Tracklet],
    camera: Camera,
    timeline: Timeline,
    hold: float,
) -> tuple[list[Track], list[Doubt]]:
    """Tracks with a box on every frame, and what is doubtful about them, worst first."""
    tracks: list[Track] = []
    doubts: list[Doubt] = []
    shots = timeline.shots()
    starts = np.array([start for start, _ in shots])
    span = timeline.frames(hold) if hold > 0 else 0
    for tracklet in tracklets:
        trust = credence(tracklet)
        if not is_face(tracklet):
            doubts.append(_doubt(tracklet, Reason.WEEDED, 1 / (1 + np.exp(-trust))))
            continue
        shot = shots[int(np.searchsorted(starts, tracklet.start, side="right")) - 1]
        track = complete(smooth(tracklet, camera), camera, shot, (span, span), len(tracks) + 1)
        tracks.append(track)
        if trust < BAR + 1:
            doubts.append(_doubt(tracklet, Reason.WEAK, 1 / (1 + np.exp(trust)), track.id))
        doubts += _losses(track, timeline)
    return tracks, sorted(doubts, key=lambda d: -d.weight)


def _doubt(tracklet: Tracklet, reason: Reason, weight: float, track: int | None = None) -> Doubt:
    box = Box(*tracklet.boxes[0].tolist())
    return Doubt(
        start=tracklet.start,
        end=tracklet.last + 1,
        reason=reason,
        weight=float(weight),
        track=track,
        box=box,
    )


def _losses(track: Track, timeline: Timeline) -> list[Doubt]:
    """Bridges of a track that nobody saw for long."""
    seen = track.sightings()
    found = []
    for a, b in zip(seen[:-1].tolist(), seen[1:].tolist(), strict=True):
        blind = float(timeline.seconds[b] - timeline.seconds[a])
        unfollowed = (track.marks[a + 1 - track.start : b - track.start] == Mark.BRIDGED).any()
        if blind > _LOST_SECONDS and unfollowed:
            box = track.box(a + 1)
            found.append(
                Doubt(
                    start=a + 1,
                    end=b,
                    reason=Reason.LOST,
                    weight=min(1.0, 0.3 * blind),
                    track=track.id,
                    box=box,
                )
            )
    return found
