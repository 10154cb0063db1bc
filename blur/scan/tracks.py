"""From a clip's sightings to tracks: link, absorb, join, weed, smooth, complete, chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from msgspec import structs

from blur.data.boxes import stretched, stretched_box
from blur.data.gaps import closed
from blur.data.plan import Doubt, Keyframe, Track
from blur.data.sightings import Sightings
from blur.media.open.clip_info import ClipInfo
from blur.scan.camera import Camera
from blur.scan.chain import chains
from blur.scan.complete import ways
from blur.scan.doubts import doubts_of, doubts_of_uncovered
from blur.scan.join import absorb, join
from blur.scan.link import Tracklet, link
from blur.scan.timeline import NEAR_SECONDS, Timeline
from blur.scan.weed import is_face

_LINK_SECONDS = 1.0
"""Seconds that a link may jump; larger bridges longer losses, makes more wrong links, and compares
more pairs."""
_JOIN_SECONDS = 2.0
"""Seconds that a join may jump; larger reunites a face after a longer absence, and joins more
strangers."""

PARTED = 11
"""Frames between two held covers of a face that are covered, too, at most: as many as an audit
takes for a gap between its looks. Larger covers faces that had left for a moment."""


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
    tracklets: Sequence[Tracklet],
    camera: Camera,
    timeline: Timeline,
    hold: float,
    size: tuple[float, float],
) -> tuple[list[Track], list[Doubt]]:
    """Tracks with a box on every frame, held for `hold` seconds, in chains; doubts about tracklets.

    `size` is the picture's width and height.
    """
    tracks: list[Track] = []
    covered: list[Tracklet] = []
    doubts: list[Doubt] = []
    uncovered: list[Tracklet] = []
    for tracklet in tracklets:
        if not is_face(tracklet):
            uncovered.append(tracklet)
            continue
        lead, _ = timeline.around(tracklet.start, hold)
        _, trail = timeline.around(tracklet.last, hold)
        shot = timeline.shot_of(tracklet.start)
        track, *beside = ways(tracklet, camera, shot, (lead, trail), len(tracks) + 1)
        tracks += [track, *beside]
        covered += [tracklet, *tracklet.beside]
        doubts += doubts_of(tracklet, track, timeline, size)
    tracks = closed(timeline.shots(), tracks, min(PARTED, timeline.frames(hold) if hold else 0))
    for tracklet in uncovered:
        doubts += doubts_of_uncovered(tracklet, tracks, timeline)
    numbers = chains(covered, tracks, camera, timeline)
    return [replace(t, chain=n) for t, n in zip(tracks, numbers, strict=True)], doubts


def as_stored(
    info: ClipInfo, tracks: Sequence[Track], doubts: Sequence[Doubt]
) -> tuple[list[Track], list[Doubt]]:
    """Tracks and doubts in square pixels, as a scan sees them, in a plan's display pixels."""
    across, down = (1 / length for length in info.pixel)
    return (
        [replace(t, boxes=stretched(t.boxes, across, down)) for t in tracks],
        [
            d
            if d.box is None
            else structs.replace(
                d,
                box=stretched_box(d.box, across, down),
                path=tuple(Keyframe(at, stretched_box(box, across, down)) for at, box in d.path),
            )
            for d in doubts
        ],
    )
