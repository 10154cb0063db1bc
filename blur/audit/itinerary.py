"""Where an audit looks. Takes tracks only, never pixels."""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Self

from blur.data.findings import Residual
from blur.data.frame_map import FrameMap
from blur.data.plan import Box, Track
from blur.data.spans import FrameSpan

LONG = Fraction(1, 10)
"""Seconds of display from which a frame is looked at whole; smaller takes more looks in clips of
low rates."""


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


def sampling(every: int) -> str:
    """The looks of `route` in words, for the report."""
    frames = "every frame" if every == 1 else f"one frame in {every}"
    return (
        f"{frames}, the first and last of each shot, those shown for {float(LONG)} s or more, the"
        " places beside the ends of tracks, and those that changed for a moment, on any frame"
    )


def _box(track: Track, frame: int) -> Box:
    return Box(*track.boxes[frame - track.start].tolist())
