"""Tracks of a clip from its sightings: link, absorb, join, weed, smooth, complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from blur.data.plan import Doubt, Track
from blur.data.sightings import Sightings
from blur.scan import doubts as doubts_of
from blur.scan.camera import Camera
from blur.scan.complete import complete
from blur.scan.join import absorb, join
from blur.scan.link import Tracklet, link
from blur.scan.smooth import smooth
from blur.scan.timeline import NEAR_SECONDS, Timeline
from blur.scan.weed import FACE_BAR, credence, is_face

_LINK_SECONDS = 1.0
"""Seconds that a link may jump; larger bridges longer losses, makes more wrong links, and compares
more pairs."""

_JOIN_SECONDS = 2.0
"""Seconds that a join may jump; larger reunites a face after a longer absence, and joins more
strangers."""

_SURELY = 1.0
"""Log-odds above FACE_BAR from which a covered tracklet is no doubt; larger asks more often."""


def tracklets_of(
    sightings: Sequence[Sightings], camera: Camera, timeline: Timeline
) -> list[Tracklet]:
    """Tracklets of each shot: linked, freed of doubles and joined; none crosses a cut."""
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
    """The tracklet with `hits`, from the ascending frames `looked` at."""
    first, end = np.searchsorted(looked, [tracklet.start, tracklet.last + 1])
    return replace(tracklet, hits=len(tracklet) / int(end - first))


def tracks_of(
    tracklets: Sequence[Tracklet], camera: Camera, timeline: Timeline, hold: float
) -> tuple[list[Track], list[Doubt]]:
    """Tracks with a box on every frame, held for `hold` seconds, and doubts about tracklets."""
    tracks: list[Track] = []
    doubts: list[Doubt] = []
    for tracklet in tracklets:
        trust = credence(tracklet)
        if not is_face(tracklet):
            doubts.append(doubts_of.weeded(tracklet, trust))
            continue
        lead, _ = timeline.around(tracklet.start, hold)
        _, trail = timeline.around(tracklet.last, hold)
        shot = timeline.shot_of(tracklet.start)
        track = complete(smooth(tracklet, camera), camera, shot, (lead, trail), len(tracks) + 1)
        tracks.append(track)
        if trust < FACE_BAR + _SURELY:
            doubts.append(doubts_of.weak(tracklet, trust, track.id))
        doubts += doubts_of.lost(track, timeline)
    return tracks, doubts
