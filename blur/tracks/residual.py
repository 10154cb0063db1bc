"""Residual faces: where an audit looks, which of its suspects are exposed faces, and what they
become. Pure of pictures."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import structs

from blur.boxes import overlaps
from blur.findings import Residual, Suspect
from blur.plan import Box, Boxes, Doubt, Mark, Reason, Track
from blur.sightings import FAMILIES, Sightings, same_face
from blur.tracks.link import Tracklet

Outline = npt.NDArray[np.float32]
"""(n, 2) vertices x, y of a convex polygon, display coordinates."""

_WEIGHTS = {"centerface": 3.9, "yunet": 1.7, "blazeface-short": 1.25, "blazeface-full": 0.3}
_ANSWERED = {"centerface": 4.6, "yunet": 3.3}
_SMALL = 0.6, 60.0
"""Log-odds lost for each e-fold that a suspect is smaller than so many pixels: texture of some ten
pixels looks like anything."""
_BIAS = -2.7

BAR = 0.82
"""Likelihood from which an exposed suspect is a residual face. Over photographs filmed with a
moving camera, 93 of 100 faces pass it at a single look and what fails is dark or turned away;
hands and prints, which look most like faces, stay below."""

FAINT = 0.5
"""Likelihood from which a suspect is likelier a face than not: no reason to render a clip again,
but covered where that happens."""

HINT = 0.25
"""Likelihood from which a suspect may become surer by what else is seen in its place."""

_APART, _LONG = 6, 48
"""Frames between two looks that back each other, at least and at most."""

_BACKING, _WITNESSES = 0.3, 4
"""Share of the evidence of other looks that counts, and how many of them: what they see is mostly
the same picture again."""

WORTH = 0.18
"""Likelihood, after the first close-ups, from which a suspect is worth the dearer second ones: of
what stays below, nothing has passed the bar."""

_WHOLE = 0.95
_PARTLY = 1.0
"""Log-odds that a suspect loses when covers hide some of it: they make shapes of their own."""

EXPOSED = 0.25
"""Share of a face that must be outside all covers for the face to be exposed."""

SLIVER = 0.05
"""The same where a cover is known to be missing."""

GAP = 3
"""Frames without a cover, between two of one face, that are no coincidence: scans leave none."""

_TINY = 20
_KEPT_INSIDE = 0.5
_MEMORY = 3
"""Frames that a face's motion beside a gap is measured over."""
_POINTS = 16


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


def itinerary(
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
    """What `itinerary` does, in words for the report."""
    frames = "every frame" if every == 1 else f"one frame in {every}"
    return f"{frames}, the first and last of each shot, and the places beside the ends of tracks"


def likelihood(suspect: Suspect, bare: float | None = 1.0) -> float:
    """How likely a suspect, of which the share `bare` is uncovered, is a face that shows, 0 to 1;
    0 where `bare` is None, of a face that is to be seen.

    A logistic fit over what the audit's looks see on photographs filmed with a moving camera. In
    a cover there is a face only where two families see it.
    """
    if bare is None or (bare <= EXPOSED and len(_families(suspect.evidence)) < 2):
        return 0.0
    odds = _BIAS - (0.0 if bare > _WHOLE else _PARTLY)
    weight, size = _SMALL
    odds += weight * min(0.0, math.log(math.sqrt(suspect.box.w * suspect.box.h) / size))
    odds += sum(_WEIGHTS[name] * score for name, score in suspect.evidence.items())
    odds += sum(_ANSWERED[name] * score for name, score in suspect.answers.items())
    return 1 / (1 + math.exp(-odds))


class Cover:
    """What of a face shows in a covered clip of `width` x `height`.

    `outlines` gives the covers of a frame; `kept` are the faces that a person keeps clear.
    """

    def __init__(
        self,
        outlines: Callable[[int], Sequence[Outline]],
        kept: Sequence[Track],
        width: int,
        height: int,
    ) -> None:
        self._outlines, self._kept, self._size = outlines, kept, (width, height)
        self._frame = -1
        self._here: Sequence[Outline] = ()

    def bare(self, frame: int, box: Box) -> float | None:
        """Share of the face in `box`, as far as it lies in the picture, outside of all covers;
        None when it is to be seen."""
        if any(_same_kept(box, known) for t in self._kept if (known := t.box(frame)) is not None):
            return None
        if frame != self._frame:
            self._frame, self._here = frame, self._outlines(frame)
        points = _ellipse(box)
        points = points[((points >= 0) & (points < self._size)).all(axis=1)]
        if not len(points):
            return 0.0
        free = np.ones(len(points), bool)
        low, high = points.min(0), points.max(0)
        for outline in self._here:
            if (outline.min(0) <= high).all() and (outline.max(0) >= low).all():
                free &= ~_in_convex(points, outline)
        return float(free.mean())

    def exposes(self, frame: int, box: Box, share: float = EXPOSED) -> bool:
        """Whether more than `share` of the face shows that must not."""
        return (self.bare(frame, box) or 0.0) > share


def distinct(residuals: Iterable[Residual]) -> list[Residual]:
    """One for each face on each frame, the surest; in order of time."""
    kept: list[Residual] = []
    for _, here in sorted(_by_frame(residuals).items()):
        here.sort(key=lambda r: -r.sure)
        same = same_face(np.array([r.box for r in here], np.float32))
        kept += [r for i, r in enumerate(here) if not same[i, :i].any()]
    return kept


def recurring(residuals: Iterable[Residual]) -> list[Residual]:
    """The same, in order of time; what is below the bar, but what two families have seen in the
    open, is made surer by the like in its place at other looks.

    A fold that looks like a face does so for a moment; what goes on doing so is one.
    """
    by_frame = sorted(_by_frame(residuals).items())
    times = [frame for frame, _ in by_frame]
    hints = [[r for r in here if _is_hint(r)] for _, here in by_frame]
    found = []
    for frame, here in by_frame:
        first, last = (bisect.bisect(times, frame + reach) for reach in (-_LONG - 1, _LONG))
        others = [hints[i] for i in range(first, last) if abs(times[i] - frame) >= _APART]
        found += [_backed(r, others) if _is_hint(r) else r for r in here]
    return found


def sightings_of(residuals: Iterable[Residual]) -> list[Sightings]:
    """Residual faces as sightings, frame by frame, for the room that makes tracks of them.

    How sure the audit was stands where the scan's families have their scores.
    """
    return [
        Sightings(
            frame,
            np.array([r.box for r in here], np.float32),
            np.array([[r.sure] * len(FAMILIES) for r in here], np.float32),
        )
        for frame, here in sorted(_by_frame(residuals).items())
    ]


def confirmed(tracklets: Iterable[Tracklet]) -> list[Tracklet]:
    """Those that pass the bar at one sighting at least."""
    return [t for t in tracklets if float(t.evidence.max()) >= BAR]


def doubt(tracklet: Tracklet, track: int | None) -> Doubt:
    """A residual face as a person should look at it."""
    return Doubt(
        start=tracklet.start,
        end=tracklet.last + 1,
        reason=Reason.RESIDUAL,
        weight=float(tracklet.evidence.max()),
        track=track,
        box=Box(*tracklet.boxes[0].tolist()),
    )


def _is_hint(one: Residual) -> bool:
    return one.sure < BAR and one.bare > _WHOLE and len(_families(one.seen_by)) > 1


def _families(detectors: Iterable[str]) -> set[str]:
    return {name.split("-")[0] for name in detectors}


def _backed(one: Residual, others: Sequence[Sequence[Residual]]) -> Residual:
    """A residual with part of the evidence from other looks, whose residuals `others` are."""
    backing = sorted((_evidence_in_place(one, seen) for seen in others), reverse=True)[:_WITNESSES]
    odds = _log_odds(one.sure) + _BACKING * sum(backing)
    return structs.replace(one, sure=round(1 / (1 + math.exp(-odds)), 3))


def _evidence_in_place(one: Residual, seen: Sequence[Residual]) -> float:
    boxes = np.array([one.box, *(r.box for r in seen)], np.float32)
    same = same_face(boxes)[0, 1:]
    return max((_log_odds(r.sure) - _BIAS for r, s in zip(seen, same, strict=True) if s), default=0)


def _log_odds(sure: float) -> float:
    sure = min(sure, 0.999)
    return math.log(sure / (1 - sure))


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


def _same_kept(box: Box, kept: Box) -> bool:
    inside = overlaps(np.array([box], np.float32), np.array([kept], np.float32))[1][0, 0]
    ratio = math.sqrt(box.w * box.h / (kept.w * kept.h))
    return bool(inside > _KEPT_INSIDE) and 0.4 < ratio < 2.5


def is_open(doubt: Doubt) -> bool:
    """Whether a doubt is of a residual face that nothing covers."""
    return doubt.reason is Reason.RESIDUAL and doubt.track is None


def _by_frame(residuals: Iterable[Residual]) -> dict[int, list[Residual]]:
    frames: dict[int, list[Residual]] = defaultdict(list)
    for residual in residuals:
        frames[residual.frame].append(residual)
    return frames


def _box(track: Track, frame: int) -> Box:
    return Box(*track.boxes[frame - track.start].tolist())


def _ellipse(box: Box) -> npt.NDArray[np.float64]:
    """Points spread evenly over the ellipse in a turned box."""
    steps = (np.arange(_POINTS) + 0.5) / _POINTS * 2 - 1
    u, v = (axis.ravel() for axis in np.meshgrid(steps, steps))
    disc = u**2 + v**2 <= 1
    across, down = u[disc] * box.w / 2, v[disc] * box.h / 2
    cos, sin = math.cos(math.radians(box.angle)), math.sin(math.radians(box.angle))
    return np.stack([box.cx + cos * across - sin * down, box.cy + sin * across + cos * down], 1)


def _in_convex(points: npt.NDArray[np.float64], outline: Outline) -> npt.NDArray[np.bool_]:
    start = outline.astype(np.float64)
    side = np.roll(start, -1, axis=0) - start
    away = points[:, None] - start[None]
    cross = side[None, :, 0] * away[..., 1] - side[None, :, 1] * away[..., 0]
    return np.asarray((cross >= 0).all(axis=1) | (cross <= 0).all(axis=1))
