"""A person's commands, performed: pure functions from edits to edits.

Spans are frames [start, end). Each raises UsageError where a lane or region does not allow it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec
import numpy as np

from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.overlap import MATCH, iou
from blur.data.paths import interpolate, key_of, path_of, trimmed
from blur.data.plan import Box, Track
from blur.data.resolve import Lane, Resolved
from blur.errors import UsageError
from blur.review import acts as ask
from blur.review.sound import muted, unmuted


def perform(command: ask.Command, edits: Edits, resolved: Resolved) -> Edits:
    """The edits after a command. Raises UsageError where it cannot be done, or would cover frames
    after the clip's last that no earlier edit reaches."""
    made, last = _performed(command, edits, resolved), resolved.plan.frames - 1
    if _reach(made) > max(_reach(edits), last):
        raise UsageError(
            f"there is no frame {_reach(made)}", remedy=f"the clip's last frame is {last}"
        )
    return made


def _reach(edits: Edits) -> int:
    """The last frame that the edits name."""
    paths = [*(t.path for t in edits.tracks), *(r.keyframes for r in edits.regions)]
    return max((path[-1].frame for path in paths), default=-1)


def _performed(command: ask.Command, edits: Edits, resolved: Resolved) -> Edits:
    try:
        match command:
            case ask.KeepOrCover(lanes, decision, reason, start, end, confirmed, consent):
                faces = [lane_of(resolved, lane) for lane in lanes]
                return keep_or_cover(edits, faces, decision, reason, start, end, confirmed, consent)
            case ask.ExtendCover(lane, frame):
                return extend(edits, lane_of(resolved, lane), frame)
            case ask.SplitFace(lane, frame):
                return split(edits, lane_of(resolved, lane), frame)
            case ask.CoverPath(path, reason):
                return cover_path(edits, path, reason)
            case ask.DrawRegion(path, reason, ellipse):
                return draw(edits, path, reason, ellipse)
            case ask.Retrace(region, path):
                return trace(edits, region, path)
            case ask.MoveRegion(region, frame, box):
                return move(edits, region, frame, box)
            case ask.DropKeyframe(region, frame):
                return unkey(edits, region, frame)
            case ask.TrimRegion(region, start, end):
                return span(edits, region, start, end)
            case ask.ShapeRegion(region, ellipse):
                return shaped(edits, region, ellipse)
            case ask.CorrectCover(lane, frame, box, start, end):
                return correct(edits, lane_of(resolved, lane), Keyframe(frame, box), start, end)
            case ask.MuteSound(from_, to, tone):
                return muted(edits, [(Fraction(from_), Fraction(to))], tone=tone)
            case ask.UnmuteSound():
                return unmuted(edits)
            case ask.EraseRegion(region):
                return erase(edits, region)
    except ValueError as error:  # the keyframes make no path
        raise UsageError(str(error)) from error


def lane_of(resolved: Resolved, lane_id: int) -> Lane:
    """Raises UsageError for an unknown number."""
    for lane in resolved.lanes:
        if lane.track.id == lane_id:
            return lane
    raise UsageError(f"there is no cover {lane_id}", remedy="look at the clip's list again")


def require_reason(decision: Decision, reason: str) -> None:
    """Raises UsageError where a cover would be taken off without a reason."""
    if decision.uncovers and not reason.strip():
        raise UsageError("a face is kept clear only for a reason", remedy="say why, in a few words")


def keep_or_cover(
    edits: Edits,
    lanes: Iterable[Lane],
    decision: Decision,
    reason: str,
    start: int,
    end: int,
    confirmed: bool = False,
    consent: str = "",
) -> Edits:
    """Uncover faces, or cover them, on [start, end), in place of earlier decisions there.
    `confirmed` and `consent` as in `TrackEdit`.

    Raises UsageError for a drawn region (trim or remove it instead), a span that a face does not
    reach, and a face uncovered without a reason.
    """
    require_reason(decision, reason)
    decided = list(edits.tracks)
    for lane in lanes:
        first, last = max(start, lane.track.start), min(end, lane.track.end)
        if lane.region is not None:
            raise UsageError("a drawn region cannot be kept clear", remedy="trim it, or remove it")
        if first >= last:
            raise UsageError(f"face {lane.track.id} does not reach frames {start} to {end - 1}")
        decided = [part for edit in decided for part in _without(edit, lane, first, last)]
        if lane.origin is not None or not decision.uncovers:
            edit = TrackEdit(
                decision=decision,
                path=path_of(lane.track, first, last),
                reason=reason.strip(),
                consent=consent.strip(),
                confirmed=confirmed,
            )
            decided.append(edit)
    return msgspec.structs.replace(edits, tracks=tuple(decided))


def extend(edits: Edits, lane: Lane, frame: int) -> Edits:
    """Cover a face from its first or last frame to `frame`, where it stood on the former."""
    track = lane.track
    if lane.region is not None:
        return span(edits, lane.region, min(frame, track.start), max(frame + 1, track.end))
    if track.start <= frame < track.end:
        raise UsageError(f"face {track.id} is covered on frame {frame} already")
    edge = track.start if frame < track.start else track.end - 1
    box = key_of(track, edge).box
    path = tuple(Keyframe(at, box) for at in sorted((frame, edge)))
    return cover_path(edits, path, "extended")


def cover_path(edits: Edits, path: Sequence[Keyframe], reason: str) -> Edits:
    """Cover the face along `path`, on the lanes that match it and on a new lane elsewhere."""
    edit = TrackEdit(decision=Decision.COVER, path=tuple(path), reason=reason)
    return msgspec.structs.replace(edits, tracks=(*edits.tracks, edit))


def split(edits: Edits, lane: Lane, frame: int) -> Edits:
    """From `frame` on, make the track another face."""
    if lane.origin is None or not lane.track.start < frame < lane.track.end:
        raise UsageError(f"face {lane.track.id} cannot be split at frame {frame}")
    return msgspec.structs.replace(edits, splits=(*edits.splits, key_of(lane.track, frame)))


def draw(
    edits: Edits, keyframes: Sequence[Keyframe], reason: str = "", ellipse: bool = False
) -> Edits:
    """Add a region, covered from its first keyframe to its last."""
    new_id = 1 + max((region.id for region in edits.regions), default=0)
    region = RegionEdit(id=new_id, keyframes=tuple(keyframes), reason=reason, ellipse=ellipse)
    return msgspec.structs.replace(edits, regions=(*edits.regions, region))


def correct(edits: Edits, lane: Lane, key: Keyframe, start: int, end: int) -> Edits:
    """Add an ellipse that keeps `key`'s place about the face's box, size and turn along its track.

    The detected cover stays, so that no correction uncovers a face.
    """
    track = lane.track
    start, end = max(start, track.start), min(end, track.end)
    if lane.region is not None or not start <= key.frame < end:
        raise UsageError(f"there is no detected cover to correct on frame {key.frame}")
    here = key_of(track, key.frame)
    keys = {at.frame: at for at in (*path_of(track, start, end), here)}
    path = [Keyframe(at, _as_about(keys[at].box, here.box, key.box)) for at in sorted(keys)]
    return draw(edits, path, f"cover {track.id} corrected", ellipse=True)


def _as_about(box: Box, face: Box, cover: Box) -> Box:
    """The cover of the face `box` that lies to it as `cover` does to `face`."""
    x, y = _turned(cover.cx - face.cx, cover.cy - face.cy, -face.angle)
    wide, tall = box.w / face.w, box.h / face.h
    dx, dy = _turned(x * wide, y * tall, box.angle)
    angle = (box.angle + cover.angle - face.angle + 180) % 360 - 180
    return Box(box.cx + dx, box.cy + dy, cover.w * wide, cover.h * tall, angle)


def _turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return cos * x - sin * y, sin * x + cos * y


def shaped(edits: Edits, region: int, ellipse: bool) -> Edits:
    """Make a region a rectangle or an ellipse."""
    changed = msgspec.structs.replace(_region(edits, region), ellipse=ellipse)
    regions = tuple(changed if other.id == region else other for other in edits.regions)
    return msgspec.structs.replace(edits, regions=regions)


def move(edits: Edits, region: int, frame: int, box: Box) -> Edits:
    """Set a region's keyframe on `frame`; outside its span this lengthens the region."""
    keys = {key.frame: key for key in _region(edits, region).keyframes}
    keys[frame] = Keyframe(frame, box)
    return _reshaped(edits, region, [keys[at] for at in sorted(keys)])


def trace(edits: Edits, region: int, path: Sequence[Keyframe]) -> Edits:
    """Replace a region's keyframes within the span of `path`; may lengthen the region."""
    old = _region(edits, region).keyframes
    before = [key for key in old if key.frame < path[0].frame]
    after = [key for key in old if key.frame > path[-1].frame]
    return _reshaped(edits, region, [*before, *path, *after])


def unkey(edits: Edits, region: int, frame: int) -> Edits:
    """Remove a region's keyframe on `frame`; the region keeps its span."""
    old = _region(edits, region).keyframes
    keys = [key for key in old if key.frame != frame]
    if len(keys) == len(old) or not keys:
        raise UsageError(f"region {region} has no keyframe to spare on frame {frame}")
    edited = _reshaped(edits, region, keys)
    return span(edited, region, old[0].frame, old[-1].frame + 1)


def span(edits: Edits, region: int, start: int, end: int) -> Edits:
    """Trim or lengthen a region to [start, end); beyond its keyframes it rests."""
    if start >= end:
        raise UsageError(f"region {region} cannot end before it starts")
    old = _region(edits, region).keyframes
    return _reshaped(edits, region, trimmed(old, start, end))


def erase(edits: Edits, region: int) -> Edits:
    """Remove a drawn region."""
    _region(edits, region)
    return msgspec.structs.replace(edits, regions=tuple(r for r in edits.regions if r.id != region))


def _without(edit: TrackEdit, lane: Lane, start: int, end: int) -> list[TrackEdit]:
    """The rest of an earlier edit once [start, end) of its face is decided anew; a later part still
    has to hold from the edit's beginning."""
    first, boxes = interpolate(edit.path)
    begin, stop = max(first, start), min(first + len(boxes), end)
    if begin >= stop:
        return [edit]
    track = lane.track
    fit = iou(
        boxes[begin - first : stop - first], track.boxes[begin - track.start : stop - track.start]
    )
    if np.median(fit) < MATCH:
        return [edit]
    rest: list[TrackEdit] = []
    if first < begin:
        rest.append(msgspec.structs.replace(edit, path=trimmed(edit.path, first, begin)))
    if stop < first + len(boxes):
        since = _beginning(edit, first, track) if edit.decision.uncovers else None
        path = trimmed(edit.path, stop, first + len(boxes))
        rest.append(msgspec.structs.replace(edit, path=path, since=since))
    return rest


def _beginning(edit: TrackEdit, first: int, track: Track) -> int:
    """The frame from which the later part of an edit has to hold: the first sighting in the edit,
    or its first frame if the track begins later."""
    if edit.since is not None:
        return edit.since
    seen = track.sightings()
    later = seen[seen >= first]
    return (
        first if track.start > first or not len(later) else min(int(later[0]), edit.path[-1].frame)
    )


def _region(edits: Edits, region: int) -> RegionEdit:
    found = next((r for r in edits.regions if r.id == region), None)
    if found is None:
        raise UsageError(f"there is no drawn region {region}")
    return found


def _reshaped(edits: Edits, region: int, keyframes: Sequence[Keyframe]) -> Edits:
    return msgspec.structs.replace(
        edits,
        regions=tuple(
            msgspec.structs.replace(r, keyframes=tuple(keyframes)) if r.id == region else r
            for r in edits.regions
        ),
    )
