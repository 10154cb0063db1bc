"""Residual faces: where an audit looks, which of its suspects are exposed faces, and what they
become. Pure of pictures."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blur.boxes import overlaps
from blur.findings import Residual, Suspect
from blur.plan import Box, Doubt, Reason, Track
from blur.sightings import FAMILIES, Sightings, same_face
from blur.tracks.link import Tracklet

Outline = npt.NDArray[np.float32]
"""(n, 2) vertices x, y of a convex polygon, display coordinates."""

_WEIGHTS = {"centerface": 3.9, "yunet": 1.7, "blazeface-short": 1.25, "blazeface-full": 0.3}
_ANSWERED = {"centerface": 4.6, "yunet": 3.3}
_BIAS = -2.7

BAR = 0.77
"""Likelihood from which an exposed suspect is a residual face. Over photographs filmed with a
moving camera, 93 of 100 faces pass it at a single look and what fails is dark or turned away;
hands and prints, which look most like faces, stay below."""

FAINT = 0.5
"""Likelihood from which a suspect counts where the same face passes the bar a moment away."""

EXPOSED = 0.25
"""Share of a face that must be outside all covers for the face to be exposed."""

_KEPT_INSIDE = 0.5
_TURNS = (1, 3, 2)
_POINTS = 16


@dataclass(frozen=True, slots=True)
class Itinerary:
    """Where an audit looks: at whole frames (each with the quarter turns that are due there), and
    at single places on others."""

    whole: dict[int, tuple[int, ...]]
    places: dict[int, list[Box]]

    def wants(self, frame: int) -> bool:
        return frame in self.whole or frame in self.places


def itinerary(
    shots: Iterable[tuple[int, int]],
    tracks: Sequence[Track],
    every: int,
    spans: Sequence[tuple[int, int]] | None = None,
) -> Itinerary:
    """The looks that an audit takes.

    Whole frames: the first and the last of each shot and every `every`-th between. Places: where
    a track has just ended or is about to begin within its shot, so that not even one frame
    without a cover passes unseen between two covers. Only frames in `spans` when these are given.
    """
    whole: dict[int, tuple[int, ...]] = {}
    places: dict[int, list[Box]] = defaultdict(list)
    turns = itertools.cycle(_TURNS)
    for start, end in shots:
        whole[start] = _TURNS
        for frame in itertools.chain(range(start + every, end - 1, every), [end - 1]):
            whole.setdefault(frame, (next(turns),))
        for track in tracks:
            if track.start < end and track.end > start:
                for frame, beside in ((track.start - 1, track.start), (track.end, track.end - 1)):
                    if start <= frame < end:
                        places[frame].append(_box(track, beside))
    if spans is not None:
        whole = {f: t for f, t in whole.items() if _within(f, spans)}
        places = defaultdict(list, {f: b for f, b in places.items() if _within(f, spans)})
    return Itinerary(whole, dict(places))


def sampling(every: int) -> str:
    """What `itinerary` does, in words for the report."""
    frames = "every frame" if every == 1 else f"every {every}th frame"
    return f"{frames}, the first and last of each shot, and close-ups beside the ends of tracks"


def likelihood(suspect: Suspect) -> float:
    """How likely a suspect is a face, 0 to 1: a logistic fit over what the audit's looks see on
    photographs filmed with a moving camera."""
    odds = _BIAS + sum(_WEIGHTS[name] * score for name, score in suspect.evidence.items())
    odds += sum(_ANSWERED[name] * score for name, score in suspect.answers.items())
    return 1 / (1 + math.exp(-odds))


def uncovered(box: Box, outlines: Sequence[Outline], width: int, height: int) -> float:
    """Share of the face in `box`, as far as it lies in the picture, outside of all outlines."""
    points = _ellipse(box)
    inside = ((points >= 0) & (points < (width, height))).all(axis=1)
    points = points[inside]
    if not len(points):
        return 0.0
    bare = np.ones(len(points), bool)
    for outline in outlines:
        bare &= ~_in_convex(points, outline)
    return float(bare.mean())


def is_kept(box: Box, frame: int, kept: Iterable[Track]) -> bool:
    """Whether the face in `box` is one that a person keeps clear on this frame."""
    row = np.array([box], np.float32)
    for track in kept:
        known = track.box(frame)
        if known is None:
            continue
        inside = overlaps(row, np.array([known], np.float32))[1][0, 0]
        ratio = math.sqrt(box.w * box.h / (known.w * known.h))
        if inside > _KEPT_INSIDE and 0.4 < ratio < 2.5:
            return True
    return False


def distinct(residuals: Iterable[Residual]) -> list[Residual]:
    """One for each face on a frame, the surest."""
    order = sorted(residuals, key=lambda r: -r.sure)
    same = same_face(np.array([r.box for r in order], np.float32).reshape(-1, 5))
    return [r for i, r in enumerate(order) if not same[i, :i].any()]


def sightings_of(residuals: Iterable[Residual]) -> list[Sightings]:
    """Residual faces as sightings, frame by frame, for the room that makes tracks of them.

    How sure the audit was stands where the scan's families have their scores.
    """
    frames: dict[int, list[Residual]] = defaultdict(list)
    for residual in residuals:
        frames[residual.frame].append(residual)
    return [
        Sightings(
            frame,
            np.array([r.box for r in here], np.float32),
            np.array([[r.sure] * len(FAMILIES) for r in here], np.float32),
        )
        for frame, here in sorted(frames.items())
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


def _box(track: Track, frame: int) -> Box:
    return Box(*track.boxes[frame - track.start].tolist())


def _within(frame: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= frame < end for start, end in spans)


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
