"""Doubts about a scan's tracks and about tracklets that are not covered.

A doubt that may show a face is about a place in sight that no cover hides: weeded and outside all
covers, or a face's own way where neither detectors nor flow saw it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blur.data.boxes import bounds, sizes
from blur.data.overlap import inside_smaller
from blur.data.plan import Box, Doubt, Keyframe, Mark, Reason, Track
from blur.data.spans import runs
from blur.scan.link import Tracklet, Verdict
from blur.scan.timeline import NEAR_SECONDS, Timeline
from blur.scan.weed import FACE_BAR, credence

_SURELY = 1.0
"""Log-odds above FACE_BAR from which a covered tracklet is no doubt; larger asks more often."""
_WORTH = 0.2
"""Likelihood of a face from which it is a doubt that may show it: FACE_BAR is at 0.25. Smaller
asks about texture: half of all footage at 0."""
_AGAIN, _FAINT, _SILENT = 20, 0.3, 0.06
"""Sightings, their best score, and the answer of close-ups, with which a place that is seen again
and again and never better is no doubt. Of 168 filmed clips no uncovered face is seen more than 9
times; a patch of a real video 51 times. Fewer sightings, and larger others, file fewer."""
_LARGE = 3.0
"""Factor above the usual size of a track's own sightings from which its cover is doubted; larger
files fewer. In 52 clips fast zooms reach 2.9 and wrong covers 27."""
_USUAL_SECONDS = 1.0
"""Seconds around a frame whose sightings tell the usual size; larger lags behind zooms."""
_STRAY = 0.3
"""Likelihood a second that a face which nobody sees has left its cover; larger files more."""
_GUESSED_SECONDS = 0.2
"""Seconds up to which a place between followed or detected ones is as good as between two looks,
which lie half as far apart; larger files fewer."""
_REACH = 1.3
"""Factor on a face's box that its cover reaches beyond at any margin; larger files fewer."""
_UNDER = 0.9
"""Share of a box within that reach from which the cover hides it; larger files more."""
_IN_SIGHT = 0.1
"""Share of a box within the picture from which there is something to see; larger files fewer."""


def doubts_of(
    tracklet: Tracklet, track: Track, timeline: Timeline, size: tuple[float, float]
) -> list[Doubt]:
    """Doubts about a covered tracklet: weak, large, or lost within a picture of `size`."""
    trust = credence(tracklet)
    unlikely, proven = (tracklet.verdict is v for v in (Verdict.UNLIKELY, Verdict.FACE))
    doubts = _large(track, timeline)
    if unlikely or (trust < FACE_BAR + _SURELY and not proven):
        weight = max(_likelihood(-trust), 0.5 * unlikely)
        doubts.append(doubt_of(tracklet, Reason.WEAK, weight, track.id))
    if not unlikely:
        doubts += _lost(track, 1.0 if proven else _likelihood(trust), timeline, size)
    return doubts


def doubts_of_uncovered(
    tracklet: Tracklet, tracks: Sequence[Track], timeline: Timeline
) -> list[Doubt]:
    """Doubts around those sightings of an uncovered tracklet that lie under none of `tracks`; none
    if it is hardly a face, if close-ups are as quiet, or if it is faint again and again."""
    weight = _likelihood(credence(tracklet))
    quiet = tracklet.verdict in (Verdict.NONE, Verdict.UNLIKELY)
    if quiet or weight < _WORTH or _always_faint(tracklet):
        return []
    seen = tracklet.take(np.asarray(tracklet.evidence.any(axis=1)))
    bare = np.zeros(seen.last + 1 - seen.start, bool)
    bare[seen.frames - seen.start] = ~_under(seen, tracks)
    near = timeline.frames(NEAR_SECONDS)
    spans = [(seen.start + first, seen.start + end) for first, end in runs(bare, near)]
    return [
        Doubt(start=a, end=b, reason=Reason.WEEDED, weight=weight, box=path[0].box, path=path)
        for a, b in spans
        if (path := _path(seen, a, b))
    ]


def _always_faint(tracklet: Tracklet) -> bool:
    often = tracklet.evidence.any(axis=1).sum() >= _AGAIN
    return bool(often and tracklet.evidence.max() < _FAINT and tracklet.answer < _SILENT)


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


def _under(tracklet: Tracklet, tracks: Sequence[Track]) -> npt.NDArray[np.bool_]:
    """(n,) whether each box of a tracklet lies under the cover of a track."""
    under = np.zeros(len(tracklet), bool)
    for track in tracks:
        rows = np.flatnonzero((track.start <= tracklet.frames) & (tracklet.frames < track.end))
        hidden, boxes = track.boxes[tracklet.frames[rows] - track.start], tracklet.boxes[rows]
        hidden[:, 2:4] *= _REACH
        fits = sizes(boxes) <= sizes(hidden)
        under[rows] |= fits & (inside_smaller(boxes, hidden) >= _UNDER)
    return under


def _lost(
    track: Track, likelihood: float, timeline: Timeline, size: tuple[float, float]
) -> list[Doubt]:
    """Doubts about the parts of long bridges in which a place in sight is a guess: the face was
    neither detected nor followed."""
    found, seconds = [], timeline.seconds
    guessed = (track.marks == Mark.BRIDGED) & _in_sight(track, size)
    for a, b in itertools.pairwise(track.sightings().tolist()):
        weight = likelihood * min(1.0, _STRAY * float(seconds[b] - seconds[a]))
        for first, end in runs(guessed[a + 1 - track.start : b - track.start]):
            start, stop = a + 1 + first, a + 1 + end
            if weight >= _WORTH and seconds[stop] - seconds[start] > _GUESSED_SECONDS:
                found.append(
                    Doubt(
                        start=start,
                        end=stop,
                        reason=Reason.LOST,
                        weight=weight,
                        track=track.id,
                        box=track.box(start),
                    )
                )
    return found


def _in_sight(track: Track, size: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """(n,) whether each box shows within the picture."""
    x1, y1, x2, y2 = bounds(track.boxes).T
    across = np.clip(np.minimum(x2, size[0]) - np.maximum(x1, 0), 0, None)
    down = np.clip(np.minimum(y2, size[1]) - np.maximum(y1, 0), 0, None)
    return np.asarray(across * down >= _IN_SIGHT * (x2 - x1) * (y2 - y1))


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
