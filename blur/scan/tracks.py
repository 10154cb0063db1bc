"""Tracks and doubts from a clip's sightings: link, absorb, join, weed, smooth, complete."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from msgspec import structs

from blur.data.boxes import stretched, stretched_box
from blur.data.plan import Box, Doubt, Keyframe, Mark, Reason, Track
from blur.data.sightings import Sightings
from blur.data.spans import runs
from blur.media.open.clip_info import ClipInfo
from blur.scan.camera import Camera
from blur.scan.complete import complete, smooth
from blur.scan.join import absorb, join
from blur.scan.link import Tracklet, Verdict, link
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
_WORTH = 0.2
"""Likelihood of a face from which an uncovered tracklet is a doubt: FACE_BAR is at 0.25. Smaller
asks about texture: half of all footage at 0."""
_LARGE = 3.0
"""Factor above the usual size of a track's own sightings from which its cover is doubted; larger
files fewer. In 52 clips fast zooms reach 2.9 and wrong covers 27."""
_USUAL_SECONDS = 1.0
"""Seconds around a frame whose sightings tell the usual size; larger lags behind zooms."""
_LOST_SECONDS = 0.7  # seconds of a bridge above which it is a doubt; larger files fewer


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
            doubts += _weeded(tracklet, trust, timeline)
            continue
        lead, _ = timeline.around(tracklet.start, hold)
        _, trail = timeline.around(tracklet.last, hold)
        shot = timeline.shot_of(tracklet.start)
        track = complete(smooth(tracklet, camera), camera, shot, (lead, trail), len(tracks) + 1)
        tracks.append(track)
        unlikely = tracklet.verdict is Verdict.UNLIKELY
        if unlikely or (trust < FACE_BAR + _SURELY and tracklet.verdict is not Verdict.FACE):
            weight = max(_likelihood(-trust), 0.5 * unlikely)
            doubts.append(doubt_of(tracklet, Reason.WEAK, weight, track.id))
        doubts += _large(track, timeline)
        if not unlikely:
            doubts += _lost(track, timeline)
    return tracks, doubts


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


def doubt_of(tracklet: Tracklet, reason: Reason, weight: float, track: int | None = None) -> Doubt:
    """A doubt about a whole tracklet, at its first box."""
    start, end = tracklet.start, tracklet.last + 1
    path = _path(tracklet, start, end)
    return Doubt(
        start=start,
        end=end,
        reason=reason,
        weight=weight,
        track=track,
        box=path[0].box,
        path=path if track is None else (),
    )


def _path(tracklet: Tracklet, start: int, end: int) -> tuple[Keyframe, ...]:
    """The tracklet's boxes on [start, end)."""
    rows = (start <= tracklet.frames) & (tracklet.frames < end)
    frames, boxes = tracklet.frames[rows].tolist(), tracklet.boxes[rows].tolist()
    return tuple(Keyframe(at, Box(*box)) for at, box in zip(frames, boxes, strict=True))


def _weeded(tracklet: Tracklet, trust: float, timeline: Timeline) -> list[Doubt]:
    """Doubts about an uncovered tracklet, around its sightings; none if it is hardly a face."""
    weight = _likelihood(trust)
    if tracklet.verdict is Verdict.NONE or weight < _WORTH:
        return []
    near = timeline.frames(NEAR_SECONDS)
    seen = np.zeros(tracklet.last + 1 - tracklet.start, bool)
    seen[tracklet.frames - tracklet.start] = True
    spans = [(tracklet.start + first, tracklet.start + end) for first, end in runs(seen, near)]
    return [
        Doubt(start=a, end=b, reason=Reason.WEEDED, weight=weight, box=path[0].box, path=path)
        for a, b in spans
        if (path := _path(tracklet, a, b))
    ]


def _lost(track: Track, timeline: Timeline) -> list[Doubt]:
    """Doubts about long bridges, in which the face was neither detected nor followed throughout."""
    found = []
    for a, b in itertools.pairwise(track.sightings().tolist()):
        blind = float(timeline.seconds[b] - timeline.seconds[a])
        unfollowed = (track.marks[a + 1 - track.start : b - track.start] == Mark.BRIDGED).any()
        if blind > _LOST_SECONDS and unfollowed:
            weight, box = min(1.0, 0.3 * blind), track.box(a + 1)
            found.append(
                Doubt(
                    start=a + 1, end=b, reason=Reason.LOST, weight=weight, track=track.id, box=box
                )
            )
    return found


def _large(track: Track, timeline: Timeline) -> list[Doubt]:
    """Doubts about spans whose boxes are far larger than those of the sightings around."""
    sizes = np.sqrt(track.boxes[:, 2] * track.boxes[:, 3])
    seen = track.marks == Mark.DETECTED
    if not seen.any():
        return []
    reach, rows = timeline.frames(_USUAL_SECONDS), np.flatnonzero(seen)
    usual = np.ones(len(sizes))
    for row in range(len(sizes)):
        first, end = np.searchsorted(rows, [row - reach, row + reach + 1])
        near = rows[first:end] if first < end else rows[np.abs(rows - row).argmin()]
        usual[row] = np.median(sizes[near])
    return [
        Doubt(
            start=track.start + first,
            end=track.start + end,
            reason=Reason.LARGE,
            weight=float(min(1.0, (sizes / usual)[first:end].max() / (2 * _LARGE))),
            track=track.id,
            box=track.box(track.start + first),
        )
        for first, end in runs(sizes > _LARGE * usual)
    ]


def _likelihood(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
