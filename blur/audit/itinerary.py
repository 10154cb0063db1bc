"""Where an audit looks. Takes tracks only, never pixels."""

from __future__ import annotations

import bisect
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from blur.data.findings import Residual
from blur.data.frame_map import FrameMap
from blur.data.plan import Box, Boxes, Mark, Track
from blur.data.spans import FrameSpan

GAP = 3
"""Frames, at most, of a gap at the edge of a shot that is residual unseen: scans leave none so
short. Larger covers faces that had really left."""

LONG = Fraction(1, 10)
"""Seconds of display from which a frame is looked at whole; smaller takes more looks in clips of
low rates."""

_TINY = 20
"""Pixels, geometric mean of width and height, below which a gap's two faces may be two people in a
crowd; smaller covers more gaps between strangers."""
_MEMORY = 3
"""Frames beside a gap over which a face's motion is measured; larger is steadier, and late."""


@dataclass(frozen=True, slots=True)
class Itinerary:
    """Frames to look at whole, and boxes to look around on others, display coordinates."""

    whole: set[int]
    places: dict[int, list[Box]]

    def wants(self, frame: int) -> bool:
        return frame in self.whole or frame in self.places

    def where(self, exposed: Callable[[int, Box], bool]) -> Itinerary:
        """This itinerary with only the places whose faces are exposed."""
        places = {f: [b for b in boxes if exposed(f, b)] for f, boxes in self.places.items()}
        return Itinerary(self.whole, {f: boxes for f, boxes in places.items() if boxes})

    def among(self, held: FrameMap) -> Itinerary:
        """This itinerary with each look on the nearest frame that an output shows."""
        places: dict[int, list[Box]] = defaultdict(list)
        for frame, boxes in self.places.items():
            places[held.nearest(frame)] += boxes
        return Itinerary({held.nearest(frame) for frame in self.whole}, dict(places))


class Again(NamedTuple):
    """The looks of a later audit: at `frames` with residuals, and those due in `spans` with changed
    covers."""

    frames: Sequence[int]
    spans: Sequence[FrameSpan]

    @classmethod
    def after(cls, residuals: Iterable[Residual], added: Iterable[Track]) -> Self:
        """After a render with `added` tracks that cover `residuals`."""
        return cls([r.frame for r in residuals], [(t.start - 1, t.end + 1) for t in added])

    def changed(self, frame: int) -> bool:
        return any(start <= frame < end for start, end in self.spans)


def route(
    shots: Iterable[FrameSpan],
    tracks: Sequence[Track],
    every: int,
    again: Again | None = None,
    long: Iterable[int] = (),
) -> Itinerary:
    """The looks of an audit, narrowed by `again`.

    Whole frames: those `long`, the first and last of each shot and every `every`th between. Places:
    beside each end of a track within its shot, so that a single frame between two covers is looked
    at.
    """
    whole = set(long)
    places: dict[int, list[Box]] = defaultdict(list)
    for start, end in shots:
        whole |= {*range(start, end, every), end - 1}
        for track in tracks:
            if track.start < end and track.end > start:
                for frame, beside in ((track.start - 1, track.start), (track.end, track.end - 1)):
                    if start <= frame < end:
                        places[frame].append(_box(track, beside))
    if again is None:
        return Itinerary(whole, dict(places))
    return Itinerary(
        {f for f in whole if again.changed(f)} | set(again.frames),
        {f: boxes for f, boxes in places.items() if again.changed(f)},
    )


def shown_shots(shots: Iterable[FrameSpan], present: Sequence[int]) -> Iterator[FrameSpan]:
    """The shots from the first to the last of their frames that are `present`, ascending."""
    for start, end in shots:
        first, after = bisect.bisect_left(present, start), bisect.bisect_left(present, end)
        if first < after:
            yield present[first], present[after - 1] + 1


def long_frames(pts: Sequence[int], time_base: Fraction) -> list[int]:
    """The frames that are shown for `LONG` or more; the last frame's end is unknown."""
    return [i for i, (a, b) in enumerate(itertools.pairwise(pts)) if (b - a) * time_base >= LONG]


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
    tracks = sorted((t for t in tracks if t.is_face), key=lambda t: t.start)
    starts = [track.start for track in tracks]
    edges = [start for start, _ in shots]
    for track in tracks:
        begin, _ = shots[bisect.bisect(edges, track.start) - 1]
        _, end = shots[bisect.bisect(edges, track.end - 1) - 1]
        before, after = track.start - begin, end - track.end
        if track.marks[0] != Mark.HELD and not any(_goes_on(k, track) for k in kept):
            steps = before if before <= GAP else 1
            yield from _beside(track, range(track.start - steps, track.start))
        if track.marks[-1] != Mark.HELD and not any(_goes_on(track, k) for k in kept):
            steps = after if after <= GAP else 1
            yield from _beside(track, range(track.end, track.end + steps))
        following = slice(
            bisect.bisect_right(starts, track.end), bisect.bisect_right(starts, track.end + most)
        )
        for other in tracks[following]:
            if other.start < end and _one_face(track, other):
                yield from ((f, _between(track, other, f)) for f in range(track.end, other.start))


def sampling(every: int) -> str:
    """The looks of `route` in words, for the report."""
    frames = "every frame" if every == 1 else f"one frame in {every}"
    return (
        f"{frames}, the first and last of each shot, those shown for {float(LONG)} s or more, the"
        " places beside the ends of tracks, and those that changed for a moment, on any frame"
    )


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


def _between(before: Track, after: Track, frame: int) -> Box:
    """The face's place in a gap, interpolated between two tracks."""
    share = (frame - before.end + 1) / (after.start - before.end + 1)
    a, b = before.boxes[-1], after.boxes[0]
    x, y, w, h, _ = ((1 - share) * a + share * b).tolist()
    return Box(x, y, w, h, float((a if share < 0.5 else b)[4]))


def _box(track: Track, frame: int) -> Box:
    return Box(*track.boxes[frame - track.start].tolist())
