"""A person's edits of a plan: faces kept clear or covered, splits, drawn regions.

Geometry and time as in `data.plan`.
"""

from __future__ import annotations

import enum
import itertools
import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import replace

from blur.data.plan import Fingerprint
from blur.data.plan import Keyframe as Keyframe

EDITS_VERSION = 1


class Decision(enum.StrEnum):
    """A cover is put on, taken off a person who may be seen, or taken off a place that is no face.

    `KEEP` and `NO_FACE` uncover alike; records tell them apart.
    """

    COVER = "cover"
    KEEP = "keep"
    NO_FACE = "no-face"

    @property
    def uncovers(self) -> bool:
        return self is not Decision.COVER


def _check_path(path: tuple[Keyframe, ...]) -> None:
    frames = [key.frame for key in path]
    if frames[0] < 0 or any(b <= a for a, b in itertools.pairwise(frames)):
        raise ValueError(f"keyframes must ascend from 0, found {frames}")
    boxes = np.array([key.box for key in path])
    if not np.isfinite(boxes).all() or (boxes[:, 2:4] <= 0).any():
        raise ValueError("a keyframe's box is not finite or has no size")


class TrackEdit(Struct, frozen=True, kw_only=True):
    """A person's decision about one face, from the first keyframe of `path` to the last, and why.

    `path` is the face's place at the time, interpolated; ids would not survive a new scan, which
    numbers tracks anew. `consent` refers to a person's consent, as a form's number does.
    `confirmed`: a person looked at every frame of a keep and knows who it is, also where faces meet
    or go unseen. `since` is the frame from which a keep has to hold without a break, if a later
    decision took its beginning; None: its first.
    """

    decision: Decision
    path: Annotated[tuple[Keyframe, ...], Meta(min_length=1)]
    reason: str = ""
    consent: str = ""
    confirmed: bool = False
    since: int | None = None

    def __post_init__(self) -> None:
        _check_path(self.path)


class RegionEdit(Struct, frozen=True, kw_only=True):
    """A drawn region, covered from its first keyframe to its last, interpolated: rectangles, or the
    ellipses in them."""

    id: int
    keyframes: Annotated[tuple[Keyframe, ...], Meta(min_length=1)]
    reason: str = ""
    ellipse: bool = False

    def __post_init__(self) -> None:
        _check_path(self.keyframes)


class SoundUse(enum.StrEnum):
    """A person's choice of a clip's sound: its own, silence, or a file's."""

    KEEP = "keep"
    SILENCE = "silence"
    FILE = "file"


class SoundEdit(Struct, frozen=True, kw_only=True):
    """A person's decision about a clip's sound; `use` None leaves it to the settings.

    `mutes` are spans without their sound, start and end in seconds since the clip's start;
    `bleeps` are parts of them with a tone in its place. `file` names the sound that takes the place
    of the clip's own, among the work folder's sounds.
    """

    use: SoundUse | None = None
    mutes: tuple[tuple[float, float], ...] = ()
    file: str = ""
    bleeps: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if any(not 0 <= start < end < math.inf for start, end in self.mutes):
            raise ValueError(f"muted spans must end after they begin, found {self.mutes}")
        for start, end in self.bleeps:
            if not start < end or not any(a <= start and end <= b for a, b in self.mutes):
                raise ValueError(f"a tone stands in muted spans alone, found {self.bleeps}")
        if (self.use is SoundUse.FILE) != bool(self.file):
            raise ValueError("a sound's file belongs to the choice of a file")


class Edits(Struct, frozen=True, kw_only=True):
    """All decisions on top of a plan, in a file of their own, which no scan destroys.

    From each of `splits` on, the track in that box is another face.
    """

    fingerprint: Fingerprint
    splits: tuple[Keyframe, ...] = ()
    tracks: tuple[TrackEdit, ...] = ()
    regions: tuple[RegionEdit, ...] = ()
    sound: SoundEdit = SoundEdit()
    version: int = EDITS_VERSION

    def may_cover_more_than(self, other: Edits) -> bool:
        """Whether a pixel or sound that `other` leaves may be covered; decided without the plan.

        A wrong yes is possible, a wrong no is not. No: fewer decisions to cover, and later ones to
        keep clear that nobody confirmed, which change no earlier decision; equal sound.
        """
        ours, theirs = _decisions(self.tracks), _decisions(other.tracks)
        left = [edit for edit in theirs if edit.decision.uncovers or edit in ours]
        regions = {(region.keyframes, region.ellipse) for region in other.regions}
        return (
            self.splits != other.splits
            or self.sound != other.sound
            or ours[: len(left)] != left
            or any(not e.decision.uncovers or e.confirmed for e in ours[len(left) :])
            or any((r.keyframes, r.ellipse) not in regions for r in self.regions)
        )


def _decisions(edits: tuple[TrackEdit, ...]) -> list[TrackEdit]:
    return [replace(edit, reason="", consent="") for edit in edits]
