"""The plan of a clip.

Geometry is in *display* coordinates: pixels of the decoded picture after the clip's display
matrix (rotation, mirroring) is applied, origin at the top left corner, x to the right, y down,
a pixel's centre at +0.5. Sample aspect ratio is not applied. Time is a frame index in
presentation order; `Plan.pts` maps it to the clip's own clock.

A plan holds geometry and never pixels, names of people or absolute paths.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from blur.data.spans import FrameSpan

PLAN_VERSION = 1

Boxes = npt.NDArray[np.float32]
"""(n, 5) columns cx, cy, w, h, angle; see `Box`."""


class Box(NamedTuple):
    """A turned rectangle: centre, size and turn.

    `w` runs from ear to ear, `h` from forehead to chin, whatever the turn. `angle` is in degrees,
    clockwise on screen, 0 for an upright face, in [-180, 180).
    """

    cx: float
    cy: float
    w: float
    h: float
    angle: float = 0.0


class Keyframe(NamedTuple):
    """A box on a frame; between two of them, it is interpolated."""

    frame: int
    box: Box


class Mark(enum.IntEnum):
    """The source of a track's box on a frame: seen; optical flow; between sightings; or before the
    first and after the last, where the box rests."""

    DETECTED = 0
    FOLLOWED = 1
    BRIDGED = 2
    HELD = 3


class Kind(enum.StrEnum):
    """The harm that a doubt is about: a face that may be seen, or a picture that suffers."""

    EXPOSED = "exposed"
    EXCESS = "excess"

    @property
    def words(self) -> str:
        return {Kind.EXPOSED: "may show a face", Kind.EXCESS: "covers too much"}[self]


class Reason(enum.StrEnum):
    """Why a span is doubtful. A decision confirmed by a person settles `MET` and `UNSEEN`."""

    WEAK = "weak"
    LARGE = "large"
    LOST = "lost"
    WEEDED = "weeded"
    DARK = "dark"
    RESIDUAL = "residual"
    STALE = "stale"
    MET = "met"
    UNSEEN = "unseen"

    @property
    def words(self) -> str:
        """For a person, as the review page says it too."""
        return _WORDS[self]

    @property
    def kind(self) -> Kind:
        """`EXCESS` where a cover lies over the place whatever the answer is."""
        return Kind.EXCESS if self in _COVERED else Kind.EXPOSED


_WORDS = {
    Reason.WEAK: "Covered, but may not be a face",
    Reason.LARGE: "Very large cover",
    Reason.LOST: "Face lost from view: cover position is a guess",
    Reason.WEEDED: "Not covered: may be a face",
    Reason.DARK: "Too dark to see who is there",
    Reason.RESIDUAL: "A face may show in the covered clip",
    Reason.STALE: "“Keep clear” matches no one here",
    Reason.MET: "Who is it? Faces met",
    Reason.UNSEEN: "Who is it? Face out of view",
}

_COVERED = {Reason.WEAK, Reason.LARGE, Reason.STALE, Reason.MET, Reason.UNSEEN}


@dataclass(frozen=True, slots=True)
class Track:
    """One face through time: a box for every frame of [start, end), without holes.

    `boxes` is (n, 5) float32, `marks` (n,) uint8 of `Mark`, `scores` (n,) float32, zero where no
    detector saw the face. `source` is its maker: "scan", "audit", "edit" (a face that a person
    wants covered), "person" (a drawn rectangle), "ellipse" (a drawn one) or "dark" (a part of a
    picture that is black to the eye). The last three are covered exactly as drawn. `chain` is the
    number of the person in the clip whom the track seems to show, from 1; None where nobody can be
    told. Raises ValueError on other columns.
    """

    id: int
    start: int
    boxes: Boxes
    marks: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32]
    source: str = "scan"
    chain: int | None = None

    def __post_init__(self) -> None:
        n = len(self.marks)
        if n == 0 or self.boxes.shape != (n, 5) or self.scores.shape != (n,) or self.start < 0:
            raise ValueError(
                f"track {self.id}: columns disagree: boxes {self.boxes.shape}, marks {n}, "
                f"scores {self.scores.shape}, start {self.start}"
            )
        if not np.isfinite(self.boxes).all() or (self.boxes[:, 2:4] <= 0).any():
            raise ValueError(f"track {self.id}: a box is not finite or has no size")
        if self.chain is not None and self.chain < 1:
            raise ValueError(f"track {self.id}: chains are numbered from 1, found {self.chain}")

    @classmethod
    def unseen(cls, new_id: int, start: int, boxes: Boxes, source: str) -> Self:
        """A track that no detector saw."""
        n = len(boxes)
        marks, scores = np.full(n, Mark.HELD, np.uint8), np.zeros(n, np.float32)
        return cls(new_id, start, boxes, marks, scores, source)

    @property
    def end(self) -> int:
        """One past the last frame."""
        return self.start + len(self.marks)

    @property
    def is_face(self) -> bool:
        """Whether the boxes are faces, which covers outgrow; otherwise they are the covers."""
        return self.source not in ("person", "ellipse", "dark")

    def box(self, frame: int) -> Box | None:
        """The box on `frame`, or None outside the track."""
        if not self.start <= frame < self.end:
            return None
        return Box(*self.boxes[frame - self.start].tolist())

    def sightings(self) -> npt.NDArray[np.intp]:
        """Frame indices on which a detector saw the face, ascending."""
        return np.flatnonzero(self.marks == Mark.DETECTED) + self.start


class Doubt(Struct, frozen=True, kw_only=True):
    """Frames [start, end) that a person should look at.

    `weight` is the likelihood, 0 to 1, that there is something to see; `doubts.ranked` orders.
    `box` is the place on frame `start`; `track` is None where nothing is covered: then `path` holds
    the boxes that a detector saw, from the first frame to the last.
    """

    start: int
    end: int
    reason: Reason
    weight: float
    track: int | None = None
    box: Box | None = None
    path: tuple[Keyframe, ...] = ()


class Fingerprint(Struct, frozen=True):
    """A clip's content by its size in bytes, the SHA-256 of sampled blocks and of every byte.

    Without the last, which is empty until the clip was read whole, two clips can be equal that
    differ between the blocks.
    """

    size: int
    sampled: str
    sha256: str = ""

    @property
    def quick(self) -> Fingerprint:
        """Size and samples alone."""
        return Fingerprint(self.size, self.sampled)


@dataclass(frozen=True, slots=True)
class Plan:
    """The saved record of a clip's scan.

    `cuts` are the first frames of all shots but the first, ascending. `pts` holds a strictly
    increasing timestamp per frame, in units of `time_base` seconds. `scan_digest` is the hash of
    the scan's settings, weights and source.
    """

    fingerprint: Fingerprint
    width: int
    height: int
    time_base: Fraction
    pts: tuple[int, ...]
    cuts: tuple[int, ...] = ()
    tracks: tuple[Track, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    scan_digest: str = ""
    notes: tuple[str, ...] = ()
    version: int = PLAN_VERSION

    @property
    def frames(self) -> int:
        return len(self.pts)

    def seconds(self, frame: int) -> float:
        """Time of a frame since the first one; `frame` may be one past the last."""
        if frame < len(self.pts):
            return float((self.pts[frame] - self.pts[0]) * self.time_base)
        step = self.pts[-1] - self.pts[-2] if len(self.pts) > 1 else 0
        return float((self.pts[-1] + step - self.pts[0]) * self.time_base)

    def shots(self) -> Iterator[FrameSpan]:
        """Shots as [start, end) frame ranges that together are the whole clip."""
        yield from itertools.pairwise([0, *self.cuts, self.frames])

    def doubt_seconds(self, kind: Kind = Kind.EXPOSED) -> float:
        """Seconds of the clip that lie in at least one doubt of a kind."""
        doubtful = np.zeros(self.frames + 1, bool)
        for doubt in self.doubts:
            if doubt.reason.kind is kind:
                doubtful[doubt.start : doubt.end] = True
        frames = np.flatnonzero(doubtful[:-1]).tolist()
        return sum((self.seconds(i + 1) - self.seconds(i) for i in frames), 0.0)

    def with_tracks(self, tracks: Sequence[Track], doubts: Sequence[Doubt]) -> Plan:
        return replace(self, tracks=tuple(tracks), doubts=tuple(doubts))
