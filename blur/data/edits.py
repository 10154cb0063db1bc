"""A person's edits of a plan: faces kept clear or covered, splits, drawn regions.

Geometry and time are those of `data.plan`.
"""

from __future__ import annotations

import enum
import itertools
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta, Struct

from blur.data.plan import Box, Fingerprint

EDITS_VERSION = 1


class Decision(enum.StrEnum):
    COVER = "cover"
    KEEP = "keep"


class Keyframe(NamedTuple):
    frame: int
    box: Box


def _check_path(path: tuple[Keyframe, ...]) -> None:
    frames = [key.frame for key in path]
    if frames[0] < 0 or any(b <= a for a, b in itertools.pairwise(frames)):
        raise ValueError(f"keyframes must ascend from 0, found {frames}")
    boxes = np.array([key.box for key in path])
    if not np.isfinite(boxes).all() or (boxes[:, 2:4] <= 0).any():
        raise ValueError("a keyframe's box is not finite or has no size")


class TrackEdit(Struct, frozen=True, kw_only=True):
    """What a person decided about one face over a span of frames, and why.

    A decision binds to the face and not to a track's id, since a new scan numbers tracks anew:
    `path` is where the face was when the person decided, interpolated between its keyframes.
    The decision holds from the first keyframe to the last and on no other frame.
    """

    decision: Decision
    path: Annotated[tuple[Keyframe, ...], Meta(min_length=1)]
    reason: str = ""

    def __post_init__(self) -> None:
        _check_path(self.path)


class RegionEdit(Struct, frozen=True, kw_only=True):
    """A region that a person drew: covered from the first keyframe to the last, interpolated."""

    id: int
    keyframes: Annotated[tuple[Keyframe, ...], Meta(min_length=1)]
    reason: str = ""

    def __post_init__(self) -> None:
        _check_path(self.keyframes)


class Edits(Struct, frozen=True, kw_only=True):
    """What a person decided on top of a plan. A file of its own: a scan never destroys it.

    `splits` are frames at which a track, found by its box there, goes on as another face.
    """

    fingerprint: Fingerprint
    splits: tuple[Keyframe, ...] = ()
    tracks: tuple[TrackEdit, ...] = ()
    regions: tuple[RegionEdit, ...] = ()
    version: int = EDITS_VERSION
