"""What the review page asks for, as typed messages, and what each does to the edits."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from blur.data import editing as decisions
from blur.data.edits import Decision, Edits, Keyframe
from blur.data.plan import Box
from blur.data.resolve import Lane, Resolved
from blur.errors import UsageError

Keyframes: TypeAlias = Annotated[tuple[Keyframe, ...], Meta(min_length=1)]


class _Act(Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag=str.lower):
    """Frames are of the clip, boxes in display coordinates."""


class Decide(_Act, frozen=True):
    """Cover these faces, or keep them clear, on [start, end)."""

    lanes: list[int]
    decision: Decision
    reason: str
    start: int
    end: int


class Extend(_Act, frozen=True):
    """Cover a face, or a drawn region, on to `frame`."""

    lane: int
    frame: int


class Split(_Act, frozen=True):
    """Let another face begin at `frame`."""

    lane: int
    frame: int


class Add(_Act, frozen=True):
    """Cover a face that no track covers, along a path."""

    path: Keyframes
    reason: str = ""


class Draw(_Act, frozen=True):
    """Cover a new region along a path."""

    path: Keyframes
    reason: str = ""


class Trace(_Act, frozen=True):
    """Let a region take another path while that path lasts."""

    region: int
    path: Keyframes


class Move(_Act, frozen=True):
    """Put a region somewhere else on `frame`."""

    region: int
    frame: int
    box: Box


class Unkey(_Act, frozen=True):
    """Remove a region's keyframe."""

    region: int
    frame: int


class Span(_Act, frozen=True):
    """Set a region's first frame and the one after its last."""

    region: int
    start: int
    end: int


class Erase(_Act, frozen=True):
    """Remove a region."""

    region: int


Act: TypeAlias = Decide | Extend | Split | Add | Draw | Trace | Move | Unkey | Span | Erase


def perform(act: Act, edits: Edits, resolved: Resolved) -> Edits:
    """The edits after an act. Raises UsageError when it cannot be done."""
    try:
        match act:
            case Decide():
                lanes = [lane_of(resolved, lane) for lane in act.lanes]
                return decisions.decide(edits, lanes, act.decision, act.reason, act.start, act.end)
            case Extend():
                return decisions.extend(edits, lane_of(resolved, act.lane), act.frame)
            case Split():
                return decisions.split(edits, lane_of(resolved, act.lane), act.frame)
            case Add():
                return decisions.cover_path(edits, act.path, act.reason)
            case Draw():
                return decisions.draw(edits, act.path, act.reason)
            case Trace():
                return decisions.trace(edits, act.region, act.path)
            case Move():
                return decisions.move(edits, act.region, act.frame, act.box)
            case Unkey():
                return decisions.unkey(edits, act.region, act.frame)
            case Span():
                return decisions.span(edits, act.region, act.start, act.end)
            case Erase():
                return decisions.erase(edits, act.region)
    except ValueError as error:  # what the page sent makes no path
        raise UsageError(str(error)) from error


def lane_of(resolved: Resolved, lane_id: int) -> Lane:
    """Raises UsageError when there is no such lane."""
    found = next((lane for lane in resolved.lanes if lane.track.id == lane_id), None)
    if found is None:
        raise UsageError(f"there is no face {lane_id}", remedy="look at the clip's list again")
    return found
