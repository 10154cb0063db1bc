"""A person's acts on a clip's covers, as the review page sends them.

Frames and boxes as in `protocol`.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from blur.data.edits import Decision, Keyframe
from blur.data.plan import Box


class _Command(Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """`lane` is a face's number in the view, `region` a drawn region's."""


Path: TypeAlias = Annotated[tuple[Keyframe, ...], Meta(min_length=1)]


class KeepOrCover(_Command, frozen=True, tag="decide"):
    """Uncover faces, or cover them, on [start, end); otherwise as `TrackEdit`."""

    lanes: list[int]
    decision: Decision
    reason: str
    start: int
    end: int
    confirmed: bool = False
    consent: str = ""


class ExtendCover(_Command, frozen=True, tag="extend"):
    """Cover a face or a region up to and including `frame`."""

    lane: int
    frame: int


class SplitFace(_Command, frozen=True, tag="split"):
    """Begin another face at `frame`."""

    lane: int
    frame: int


class CoverPath(_Command, frozen=True, tag="add"):
    """Cover a face without a track."""

    path: Path
    reason: str = ""


class DrawRegion(_Command, frozen=True, tag="draw"):
    """Cover a new region: rectangles, or the ellipses in them."""

    path: Path
    reason: str = ""
    ellipse: bool = False


class Retrace(_Command, frozen=True, tag="trace"):
    """Replace a region's keyframes from the path's first frame to its last."""

    region: int
    path: Path


class MoveRegion(_Command, frozen=True, tag="move"):
    """Place a region on `frame`."""

    region: int
    frame: int
    box: Box


class DropKeyframe(_Command, frozen=True, tag="unkey"):
    """Remove a region's keyframe."""

    region: int
    frame: int


class TrimRegion(_Command, frozen=True, tag="span"):
    """Cover a region on [start, end)."""

    region: int
    start: int
    end: int


class ShapeRegion(_Command, frozen=True, tag="shape"):
    """Make a region an ellipse, or a rectangle."""

    region: int
    ellipse: bool


class CorrectCover(_Command, frozen=True, tag="correct"):
    """Draw a region that follows a face's track on [start, end), with `box` on `frame`."""

    lane: int
    frame: int
    box: Box
    start: int
    end: int


class MuteSound(_Command, frozen=True, tag="mute"):
    """Silence the sound from `start` to `end`, in seconds of the clip's clock, or put a tone in its
    place."""

    start: float
    end: float
    tone: bool = False


class UnmuteSound(_Command, frozen=True, tag="unmute"):
    """Take back all silent spans that a person set."""


class EraseRegion(_Command, frozen=True, tag="erase"):
    """Remove a region."""

    region: int


Command: TypeAlias = (
    KeepOrCover
    | ExtendCover
    | SplitFace
    | CoverPath
    | DrawRegion
    | Retrace
    | MoveRegion
    | DropKeyframe
    | TrimRegion
    | ShapeRegion
    | CorrectCover
    | MuteSound
    | UnmuteSound
    | EraseRegion
)
