"""What a person does, as pure functions from edits to edits.

The review page and `blur edits` share these. Spans are frames [start, end).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.plan import Box
from blur.data.resolve import MATCH, Lane, interpolate, iou, path_of
from blur.errors import UsageError


def decide(
    edits: Edits, lanes: Iterable[Lane], decision: Decision, reason: str, start: int, end: int
) -> Edits:
    """Cover faces, or keep them clear, on [start, end); replaces what was decided there before.

    Raises UsageError for a drawn region (it is trimmed or removed instead), for a span that a
    face does not reach, and for a face kept clear without a reason.
    """
    if decision is Decision.KEEP and not reason.strip():
        raise UsageError("a face is kept clear only for a reason", remedy="say why, in a few words")
    decided = list(edits.tracks)
    for lane in lanes:
        first, last = max(start, lane.track.start), min(end, lane.track.end)
        if lane.region is not None:
            raise UsageError("a drawn region is trimmed or removed, not decided about")
        if first >= last:
            raise UsageError(f"face {lane.track.id} does not reach frames {start} to {end}")
        decided = [part for edit in decided for part in _without(edit, lane, first, last)]
        if lane.origin is not None or decision is Decision.COVER:
            path = path_of(lane.track, first, last)
            decided.append(TrackEdit(decision=decision, path=path, reason=reason.strip()))
    return msgspec.structs.replace(edits, tracks=tuple(decided))


def extend(edits: Edits, lane: Lane, frame: int) -> Edits:
    """Cover a face up to and including `frame`, beyond its last or before its first frame,
    where it stood there."""
    track = lane.track
    if lane.region is not None:
        return span(edits, lane.region, min(frame, track.start), max(frame + 1, track.end))
    if track.start <= frame < track.end:
        raise UsageError(f"face {track.id} is covered on frame {frame} already")
    edge = track.start if frame < track.start else track.end - 1
    ((_, box),) = path_of(track, edge, edge + 1)
    path = tuple(Keyframe(at, box) for at in sorted((frame, edge)))
    return cover_path(edits, path, "extended")


def cover_path(edits: Edits, path: Sequence[Keyframe], reason: str) -> Edits:
    """Cover the face (not just the region) that moves along `path`."""
    edit = TrackEdit(decision=Decision.COVER, path=tuple(path), reason=reason)
    return msgspec.structs.replace(edits, tracks=(*edits.tracks, edit))


def split(edits: Edits, lane: Lane, frame: int) -> Edits:
    """Let the track go on as another face from `frame`."""
    if lane.origin is None or not lane.track.start < frame < lane.track.end:
        raise UsageError(f"face {lane.track.id} cannot be split at frame {frame}")
    return msgspec.structs.replace(
        edits, splits=(*edits.splits, *path_of(lane.track, frame, frame + 1))
    )


def draw(edits: Edits, keyframes: Sequence[Keyframe], reason: str = "") -> Edits:
    """Cover a new region, from its first keyframe to its last."""
    new_id = 1 + max((region.id for region in edits.regions), default=0)
    region = RegionEdit(id=new_id, keyframes=tuple(keyframes), reason=reason)
    return msgspec.structs.replace(edits, regions=(*edits.regions, region))


def move(edits: Edits, region: int, frame: int, box: Box) -> Edits:
    """Give a region a keyframe, in place of the one on that frame; may lengthen the region."""
    keys = {key.frame: key for key in _region(edits, region).keyframes}
    keys[frame] = Keyframe(frame, box)
    return _reshaped(edits, region, [keys[at] for at in sorted(keys)])


def trace(edits: Edits, region: int, path: Sequence[Keyframe]) -> Edits:
    """Let a region take another path while that path lasts; may lengthen the region."""
    old = _region(edits, region).keyframes
    before = [key for key in old if key.frame < path[0].frame]
    after = [key for key in old if key.frame > path[-1].frame]
    return _reshaped(edits, region, [*before, *path, *after])


def unkey(edits: Edits, region: int, frame: int) -> Edits:
    """Take a keyframe away from a region; the region keeps its span."""
    old = _region(edits, region).keyframes
    keys = [key for key in old if key.frame != frame]
    if len(keys) == len(old) or not keys:
        raise UsageError(f"region {region} has no keyframe to spare on frame {frame}")
    edited = _reshaped(edits, region, keys)
    return span(edited, region, old[0].frame, old[-1].frame + 1)


def span(edits: Edits, region: int, start: int, end: int) -> Edits:
    """Let a region cover [start, end); beyond its keyframes it stays where they end."""
    if start >= end:
        raise UsageError(f"region {region} cannot end before it starts")
    old = _region(edits, region).keyframes
    return _reshaped(edits, region, _trimmed(old, start, end))


def erase(edits: Edits, region: int) -> Edits:
    """Remove a drawn region."""
    _region(edits, region)
    return msgspec.structs.replace(edits, regions=tuple(r for r in edits.regions if r.id != region))


def _without(edit: TrackEdit, lane: Lane, start: int, end: int) -> list[TrackEdit]:
    """What is left of an earlier decision when [start, end) of this face is decided anew."""
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
    spans = [(first, begin), (stop, first + len(boxes))]
    return [
        msgspec.structs.replace(edit, path=_trimmed(edit.path, *part))
        for part in spans
        if part[0] < part[1]
    ]


def _trimmed(path: Sequence[Keyframe], start: int, end: int) -> tuple[Keyframe, ...]:
    """The path on [start, end); where it does not reach, it stays where it starts or ends."""
    keys = {key.frame: key for key in path if start <= key.frame < end}
    for frame in (start, end - 1):
        keys.setdefault(frame, Keyframe(frame, _at(path, frame)))
    return tuple(keys[frame] for frame in sorted(keys))


def _at(path: Sequence[Keyframe], frame: int) -> Box:
    """Where a path is on `frame`; before and after it, where it starts and ends."""
    start, boxes = interpolate(path)
    return Box(*boxes[min(max(frame - start, 0), len(boxes) - 1)].tolist())


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
