"""What the review page asks for, as typed messages, and what each does to the edits."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from blur.edits import Lane, Resolved
from blur.errors import UsageError
from blur.plan import Box, Decision, Edits, Keyframe
from blur.preview import decisions


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
    """Cover, from `start` to the frame before `end`, what a doubt shows but no cover hides."""

    box: Box
    start: int
    end: int


class Draw(_Act, frozen=True):
    """Cover a new region that stands still on [start, end)."""

    box: Box
    start: int
    end: int
    reason: str = ""


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


Act: TypeAlias = Decide | Extend | Split | Add | Draw | Move | Unkey | Span | Erase


def decode(message: bytes) -> Act:
    """Raises UsageError when the message is none of the acts."""
    try:
        act: Act = msgspec.json.decode(message, type=Act)
    except msgspec.DecodeError as error:
        raise UsageError(f"the page asked for something unknown: {error}") from error
    return act


def perform(act: Act, edits: Edits, resolved: Resolved) -> Edits:
    """The edits after an act. Raises UsageError when it cannot be done."""
    match act:
        case Decide():
            lanes = [_lane(resolved, lane) for lane in act.lanes]
            return decisions.decide(edits, lanes, act.decision, act.reason, act.start, act.end)
        case Extend():
            return decisions.extend(edits, _lane(resolved, act.lane), act.frame)
        case Split():
            return decisions.split(edits, _lane(resolved, act.lane), act.frame)
        case Add():
            return decisions.cover_path(edits, _still(act.box, act.start, act.end), "doubt")
        case Draw():
            return decisions.draw(edits, _still(act.box, act.start, act.end), act.reason)
        case Move():
            return decisions.move(edits, act.region, act.frame, act.box)
        case Unkey():
            return decisions.unkey(edits, act.region, act.frame)
        case Span():
            return decisions.span(edits, act.region, act.start, act.end)
        case Erase():
            return decisions.erase(edits, act.region)


def _lane(resolved: Resolved, lane_id: int) -> Lane:
    found = next((lane for lane in resolved.lanes if lane.track.id == lane_id), None)
    if found is None:
        raise UsageError(f"there is no face {lane_id}", remedy="look at the clip's list again")
    return found


def _still(box: Box, start: int, end: int) -> list[Keyframe]:
    if start >= end:
        raise UsageError("a cover cannot end before it starts")
    return [Keyframe(frame, box) for frame in sorted({start, end - 1})]
