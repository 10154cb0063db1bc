"""Where an audit looks. Takes tracks only, never pixels."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.plan import Box, Boxes, Mark, Track

GAP = 3
"""Frames without a cover, between two of one face, that are no coincidence: scans leave none."""

_TINY = 20
_MEMORY = 3
"""Frames that a face's motion beside a gap is measured over."""


@dataclass(frozen=True, slots=True)
class Itinerary:
    """Where an audit looks: at whole frames, and at single places on others."""

    whole: set[int]
    places: dict[int, list[Box]]

    def wants(self, frame: int) -> bool:
        return frame in self.whole or frame in self.places

    def where(self, shows: Callable[[int, Box], bool]) -> Itinerary:
        """The same, with those places alone that are not covered anyway."""
        places = {f: [b for b in boxes if shows(f, b)] for f, boxes in self.places.items()}
        return Itinerary(self.whole, {f: boxes for f, boxes in places.items() if boxes})


class Again(NamedTuple):
    """What a later audit looks at: the `frames` where a face was, and all that is due in the
    `spans` [start, end) whose covers are not what they were."""

    frames: Sequence[int]
    spans: Sequence[tuple[int, int]]

    def changed(self, frame: int) -> bool:
        return any(start <= frame < end for start, end in self.spans)


def route(
    shots: Iterable[tuple[int, int]],
    tracks: Sequence[Track],
    every: int,
    again: Again | None = None,
) -> Itinerary:
    """The looks that an audit takes.

    Whole frames: the first and the last of each shot and every `every`-th between. Places: where
    a track has just ended or is about to begin within its shot, so that not even one frame
    without a cover passes unseen between two covers. `again` narrows a later audit down.
    """
    whole: set[int] = set()
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


def gaps(shots: Sequence[tuple[int, int]], tracks: Iterable[Track]) -> Iterator[tuple[int, Box]]:
    """Frames that lack a cover for `GAP` frames at most, between two tracks of one face, or
    between a face that was still seen and the edge of its shot; and where the face is.

    A face that is there before and after was there between: this needs no detector to see it.
    """
    tracks = sorted((t for t in tracks if t.is_face), key=lambda t: t.start)
    starts = [track.start for track in tracks]
    edges = [start for start, _ in shots]
    for track in tracks:
        begin, _ = shots[bisect.bisect(edges, track.start) - 1]
        _, end = shots[bisect.bisect(edges, track.end - 1) - 1]
        if track.marks[0] != Mark.HELD and track.start - begin <= GAP:
            yield from ((frame, _box(track, track.start)) for frame in range(begin, track.start))
        if track.marks[-1] != Mark.HELD and end - track.end <= GAP:
            yield from ((frame, _box(track, track.end - 1)) for frame in range(track.end, end))
        following = slice(
            bisect.bisect_right(starts, track.end), bisect.bisect_right(starts, track.end + GAP)
        )
        for after in tracks[following]:
            if after.start < end and _one_face(track, after):
                yield from ((f, _amid(track, after, f)) for f in range(track.end, after.start))


def sampling(every: int) -> str:
    """What `route` does, in words for the report."""
    frames = "every frame" if every == 1 else f"one frame in {every}"
    return f"{frames}, the first and last of each shot, and the places beside the ends of tracks"


def _one_face(before: Track, after: Track) -> bool:
    """Whether two tracks, some frames apart, are of one face even under a fast camera; tiny ones
    in a crowd may be two."""
    a, b = before.boxes[-1], after.boxes[0]
    small, large = sorted((math.sqrt(a[2] * a[3]), math.sqrt(b[2] * b[3])))
    steps = after.start - before.end + 1
    travel = b[:2] - a[:2]
    expected = (0 * travel, steps * _stride(before.boxes[::-1]), -steps * _stride(after.boxes))
    away = min(math.hypot(*(travel - e)) for e in expected)
    return small >= _TINY and large < 2 * small and away < small


def _stride(boxes: Boxes) -> npt.NDArray[np.float32]:
    """How far the first box lies from those that follow, for each step."""
    steps = min(_MEMORY, len(boxes) - 1)
    return np.asarray((boxes[0, :2] - boxes[steps, :2]) / max(1, steps), np.float32)


def _amid(before: Track, after: Track, frame: int) -> Box:
    """Where a face is on its way from one track to the next."""
    share = (frame - before.end + 1) / (after.start - before.end + 1)
    a, b = before.boxes[-1], after.boxes[0]
    x, y, w, h, _ = ((1 - share) * a + share * b).tolist()
    return Box(x, y, w, h, float((a if share < 0.5 else b)[4]))


def _box(track: Track, frame: int) -> Box:
    return Box(*track.boxes[frame - track.start].tolist())
