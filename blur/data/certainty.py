"""Where a face kept clear is surely the person that was decided about. Takes boxes and marks only,
never pixels: two faces that come close, or a face out of sight, may have changed places.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blur.data.boxes import bounds, sizes
from blur.data.overlap import BINDING, MATCH, iou
from blur.data.plan import Mark, Reason, Track
from blur.data.spans import FrameMask, FrameSpan, runs

UNSEEN = 6
"""Most frames in a row on which a face kept clear goes undetected; a larger value tolerates more
missed looks and misses briefer exchanges of people."""
SPECK = 0.35
"""Size of another track, in that of the face kept clear, up to which it may be a speck: an exchange
of people is linked over a change of size by a third at most. Larger lets small people pass near."""
FAINT = 0.5
"""Best score, 0 to 1, under which so small a track of the scan is a speck and no meeting: it keeps
its own cover. Of 14 specks beside faces in three made crossings the best scores .38, and from .5 a
sighting makes a face (`scan.weed.SURE`); larger lets more small tracks pass near."""
MARGIN = 6
"""Frames before and after a meeting that are covered with it; larger covers more."""


@dataclass(slots=True)
class Evidence:
    """Evidence of the tracks on a decision's path: masks over frames from `start` on.

    `seen`: a detector saw the face; `met`: another face was near; `confirmed`: a person says who it
    is. `since` is the frame from which the decision has to hold without a break.
    """

    start: int
    since: int
    seen: FrameMask
    met: FrameMask
    confirmed: FrameMask

    @classmethod
    def over(cls, since: int, end: int, tracks: Iterable[Track]) -> Evidence:
        """Nothing yet, on all frames of the tracks and of [since, end)."""
        tracks = list(tracks)
        start = min([since, *(track.start for track in tracks)])
        n = max([end, *(track.end for track in tracks)]) - start
        return cls(start, since, np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool))

    def on(self, track: Track) -> slice:
        """Rows of a track's frames."""
        return slice(track.start - self.start, track.end - self.start)


@dataclass(frozen=True, slots=True)
class Certainty:
    """Masks over frames from `start` on: `sure`, and `met` where a meeting rather than a face out
    of sight was the last reason to doubt; `episode` counts the reasons so far."""

    start: int
    sure: FrameMask
    met: FrameMask
    episode: npt.NDArray[np.intp]

    def doubts(self, unsure: FrameMask) -> Iterable[tuple[FrameSpan, Reason]]:
        """Spans of rows, one per reason to doubt, over a mask of the same frames."""
        for first, last in runs(unsure):
            turns = np.flatnonzero(np.diff(self.episode[first:last])) + first + 1
            for a, b in itertools.pairwise([first, *turns.tolist(), last]):
                yield (a, b), Reason.MET if self.met[a] else Reason.UNSEEN


def certainty(evidence: Evidence) -> Certainty:
    """Judges every frame: sure until a meeting, or until the face goes undetected for more than
    `UNSEEN` frames between two sightings; afterwards only where confirmed.

    The margins of a meeting and long spans before the first and after the last sighting are not
    sure either, and end nothing.
    """
    open_, rows = ~evidence.confirmed, np.arange(len(evidence.seen))
    gaps, ends = _unseen(evidence.seen)
    breaks = (evidence.met | gaps) & open_ & (rows >= evidence.since - evidence.start)
    near = _widened(evidence.met) & open_
    trouble = near | ((gaps | ends) & open_)
    last = np.maximum.accumulate(np.where(trouble, rows, 0))
    return Certainty(
        start=evidence.start,
        sure=~(np.logical_or.accumulate(breaks) | trouble) | evidence.confirmed,
        met=near[last],
        episode=np.cumsum(trouble & ~np.concatenate([[False], trouble[:-1]])),
    )


def alone(track: Track, others: Iterable[Track]) -> FrameMask:
    """Rows of a track on which it is surely a single person's: away from every other face, margins
    included, and out of long spans unseen. Within a run of such rows nobody changed places."""
    met = np.zeros(len(track.marks), bool)
    for other in others:
        if other.id != track.id and other.start < track.end and other.end > track.start:
            rows, near = meeting(track, other, doubled(track, other))
            met[rows] |= near
    gaps, ends = _unseen(track.marks == Mark.DETECTED)
    return ~(_widened(met) | gaps | ends)


def doubled(track: Track, other: Track) -> bool:
    """Whether two tracks lie on one face for most of the frames that they share."""
    start, end = max(track.start, other.start), min(track.end, other.end)
    if start >= end:
        return False
    first = track.boxes[start - track.start : end - track.start]
    second = other.boxes[start - other.start : end - other.start]
    return float((iou(first, second) >= MATCH).mean()) >= BINDING


def meeting(track: Track, other: Track, kin: bool) -> tuple[slice, FrameMask]:
    """Rows of `track` that `other` shares, and on which of them `other` comes within a face width
    of it, between upright bounds.

    Kin are pieces of one face: they meet only where a detector saw both at once. A speck, small and
    faint beside the face, is nobody to take it for.
    """
    first, last = max(track.start, other.start), max(track.start, min(track.end, other.end))
    rows = slice(first - track.start, max(first, last) - track.start)
    its = slice(first - other.start, max(first, last) - other.start)
    a, b = bounds(track.boxes[rows]), bounds(other.boxes[its])
    apart = np.maximum(a[:, :2] - b[:, 2:], b[:, :2] - a[:, 2:])
    met = np.asarray((apart <= track.boxes[rows, 2:3]).all(axis=1))
    if other.source == "scan" and other.scores.max() < FAINT:
        met &= sizes(other.boxes[its]) > SPECK * sizes(track.boxes[rows])
    if kin:
        met &= (track.marks[rows] == Mark.DETECTED) & (other.marks[its] == Mark.DETECTED)
    return rows, met


def _widened(met: FrameMask) -> FrameMask:
    wide = met.copy()
    for first, last in runs(met):
        wide[max(0, first - MARGIN) : last + MARGIN] = True
    return wide


def _unseen(seen: FrameMask) -> tuple[FrameMask, FrameMask]:
    """Runs of more than `UNSEEN` frames without a sighting: between two, and at the ends. Of a face
    never seen, every frame."""
    gaps, ends = np.zeros(len(seen), bool), np.zeros(len(seen), bool)
    for first, last in runs(~seen):
        if last - first > UNSEEN or not seen.any():
            (ends if first == 0 or last == len(seen) else gaps)[first:last] = True
    return gaps, ends
