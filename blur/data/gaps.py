"""Frames without a cover between, before and after the tracks of a face. Takes tracks, never
pixels."""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from blur.data.plan import Box, Boxes, Mark, Track
from blur.data.spans import FrameSpan

GAP = 3
"""Frames, at most, of a gap at the edge of a shot that is residual unseen: scans leave none so
short. Larger covers faces that had really left."""

_TINY = 20
"""Pixels, geometric mean of width and height, below which a gap's two faces may be two people in a
crowd; smaller covers more gaps between strangers."""
_MEMORY = 3
"""Frames beside a gap over which a face's motion is measured; larger is steadier, and late."""


def gaps(
    shots: Sequence[FrameSpan],
    tracks: Iterable[Track],
    kept: Sequence[Track] = (),
    most: int = GAP,
) -> Iterator[tuple[int, Box]]:
    """Frames without a cover, and a face's place on each: up to `most` of them between two tracks
    of one face; beside an end without a hold, where no `kept` track goes on, a frame, or all up to
    the edge of the shot if they are no more than `GAP`.

    No detector need see these faces. A face before and after was there between; and scans hold a
    cover before a face's first sighting and after its last, so without a hold a cover is lost.
    """
    tracks = [track for track in tracks if track.is_face]
    edges = [start for start, _ in shots]
    for track in tracks:
        begin, _ = shots[bisect.bisect(edges, track.start) - 1]
        _, end = shots[bisect.bisect(edges, track.end - 1) - 1]
        ahead, behind = track.start - begin, end - track.end
        if track.marks[0] != Mark.HELD and not any(_goes_on(k, track) for k in kept):
            steps = ahead if ahead <= GAP else 1
            yield from _beside(track, range(track.start - steps, track.start))
        if track.marks[-1] != Mark.HELD and not any(_goes_on(track, k) for k in kept):
            steps = behind if behind <= GAP else 1
            yield from _beside(track, range(track.end, track.end + steps))
    for before, after in _parted(shots, tracks, most):
        yield from zip(range(before.end, after.start), _bridge(before, after), strict=True)


def closed(shots: Sequence[FrameSpan], tracks: Sequence[Track], most: int) -> list[Track]:
    """The tracks, in their order, with holds that meet where up to `most` frames part two tracks of
    a face: the first goes on to the second, or the second begins at the first."""
    made = {track.id: track for track in tracks}
    for before, after in sorted(_parted(shots, tracks, most), key=_frames_between):
        first, second = made[before.id], made[after.id]
        if first.end == before.end:
            made[before.id] = _held(first, [], _bridge(before, after))
        elif second.start == after.start:
            made[after.id] = _held(second, _bridge(before, after), [])
    return [made[track.id] for track in tracks]


def _held(track: Track, lead: Sequence[Box], trail: Sequence[Box]) -> Track:
    """The track with held boxes before and after."""
    around = (len(lead), len(trail))
    return dataclasses.replace(
        track,
        start=track.start - len(lead),
        boxes=np.array([*lead, *track.boxes.tolist(), *trail], np.float32),
        marks=np.pad(track.marks, around, constant_values=Mark.HELD),
        scores=np.pad(track.scores, around),
    )


def _parted(
    shots: Sequence[FrameSpan], tracks: Iterable[Track], most: int
) -> Iterator[tuple[Track, Track]]:
    """Tracks of a face within a shot, with 1 to `most` frames between."""
    tracks = sorted(tracks, key=lambda track: track.start)
    starts, edges = [track.start for track in tracks], [start for start, _ in shots]
    for track in tracks:
        _, end = shots[bisect.bisect(edges, track.end - 1) - 1]
        first, after = (bisect.bisect_right(starts, track.end + n) for n in (0, most))
        for other in tracks[first:after]:
            if other.start < end and _one_face(track, other):
                yield track, other


def _frames_between(parted: tuple[Track, Track]) -> int:
    before, after = parted
    return after.start - before.end


def _one_face(before: Track, after: Track) -> bool:
    """Whether two tracks some frames apart are of one face, large enough not to be two people in a
    crowd."""
    smaller = min(_size(before.boxes[-1]), _size(after.boxes[0]))
    return smaller >= _TINY and _follows(before, after)


def _goes_on(before: Track, after: Track) -> bool:
    """Whether a face that leaves a track is in another on the next frame."""
    return before.end == after.start and _follows(before, after)


def _follows(before: Track, after: Track) -> bool:
    """Whether a track goes on as a later one: the face stood still, or moved on as before or after
    the gap, so a fast camera does not part them."""
    steps = after.start - before.end + 1
    a, b = before.boxes[-1], after.boxes[0]
    small, large = sorted((_size(a), _size(b)))
    travel = b[:2] - a[:2]
    expected = (0 * travel, steps * _stride(before.boxes[::-1]), -steps * _stride(after.boxes))
    away = min(math.hypot(*(travel - e)) for e in expected)
    return large < 2 * small and away < small


def _size(box: npt.NDArray[np.float32]) -> float:
    return math.sqrt(box[2] * box[3])


def _beside(track: Track, frames: Iterable[int]) -> Iterator[tuple[int, Box]]:
    """The face's place on frames before or after its track, if it goes on moving."""
    for frame in frames:
        before = frame < track.start
        boxes = track.boxes if before else track.boxes[::-1]
        steps = track.start - frame if before else frame - track.end + 1
        x, y, w, h, angle = boxes[0].tolist()
        dx, dy = (steps * _stride(boxes)).tolist()
        yield frame, Box(x + dx, y + dy, w, h, angle)


def _stride(boxes: Boxes) -> npt.NDArray[np.float32]:
    """(2,) mean motion, pixels per frame, from the following boxes to the first."""
    steps = min(_MEMORY, len(boxes) - 1)
    return np.asarray((boxes[0, :2] - boxes[steps, :2]) / max(1, steps), np.float32)


def _bridge(before: Track, after: Track) -> list[Box]:
    """The face's places on the frames between two tracks, interpolated."""
    steps = after.start - before.end + 1
    a, b = before.boxes[-1], after.boxes[0]
    shares = [step / steps for step in range(1, steps)]
    turns = [float((a if share < 0.5 else b)[4]) for share in shares]
    places = [Box(*((1 - share) * a + share * b).tolist()) for share in shares]
    return [place._replace(angle=turn) for place, turn in zip(places, turns, strict=True)]
