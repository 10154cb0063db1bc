"""Performs the review page's commands on the edits."""

from __future__ import annotations

from blur.data import editing
from blur.data.edits import Edits
from blur.data.resolve import Lane, Resolved
from blur.errors import UsageError
from blur.review import protocol as ask


def perform(command: ask.Command, edits: Edits, resolved: Resolved) -> Edits:
    """The edits after a command. Raises UsageError where it cannot be done."""
    try:
        match command:
            case ask.KeepOrCover(lanes, decision, reason, start, end):
                faces = [lane_of(resolved, lane) for lane in lanes]
                return editing.keep_or_cover(edits, faces, decision, reason, start, end)
            case ask.ExtendCover(lane, frame):
                return editing.extend(edits, lane_of(resolved, lane), frame)
            case ask.SplitFace(lane, frame):
                return editing.split(edits, lane_of(resolved, lane), frame)
            case ask.CoverPath(path, reason):
                return editing.cover_path(edits, path, reason)
            case ask.DrawRegion(path, reason):
                return editing.draw(edits, path, reason)
            case ask.Retrace(region, path):
                return editing.trace(edits, region, path)
            case ask.MoveRegion(region, frame, box):
                return editing.move(edits, region, frame, box)
            case ask.DropKeyframe(region, frame):
                return editing.unkey(edits, region, frame)
            case ask.TrimRegion(region, start, end):
                return editing.span(edits, region, start, end)
            case ask.EraseRegion(region):
                return editing.erase(edits, region)
    except ValueError as error:  # the keyframes make no path
        raise UsageError(str(error)) from error


def lane_of(resolved: Resolved, lane_id: int) -> Lane:
    """Raises UsageError for an unknown number."""
    for lane in resolved.lanes:
        if lane.track.id == lane_id:
            return lane
    raise UsageError(f"there is no face {lane_id}", remedy="look at the clip's list again")
