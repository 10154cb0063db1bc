"""Edits that an answer to a doubt makes, and how it is recorded. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from blur.data.answers import Answer, Said, hull, seen, sign
from blur.data.edits import Edits, Keyframe
from blur.data.overlap import MATCH, overlaps
from blur.data.paths import key_of, trimmed
from blur.data.plan import Box, Doubt, Plan, Track
from blur.data.resolve import Resolved
from blur.errors import UsageError
from blur.review.commands import cover_path, draw

_AROUND = 0.5
"""Share of a face's size added around its way; larger covers more of the picture beside it."""


def doubts_named(plan: Plan, names: Sequence[str]) -> list[Doubt]:
    """The doubts of these signs, in their order. Raises UsageError where one is no more."""
    there = {sign(doubt): doubt for doubt in plan.doubts}
    if not there.keys() >= set(names):
        raise UsageError(
            "that doubt is settled, or the clip has changed", remedy="look at the next"
        )
    return [there[name] for name in names]


def lead(plan: Plan, doubt: Doubt) -> Keyframe:
    """Where to begin to follow: the last sighting before the doubt in its track, or its own box.

    Raises UsageError for a doubt about the whole picture.
    """
    track = _track(plan, doubt)
    if track is not None:
        before = track.sightings()
        before = before[before <= doubt.start]
        return key_of(track, int(before[-1]) if len(before) else doubt.start)
    if doubt.box is None:
        raise UsageError(
            "this is about the whole picture: there is nothing to follow", remedy="cover it instead"
        )
    return Keyframe(doubt.start, doubt.box)


def must_follow(doubt: Doubt) -> bool:
    """Whether only following tells where an uncovered place goes."""
    return doubt.track is None and doubt.box is not None and not doubt.path


def covered(
    edits: Edits, resolved: Resolved, doubt: Doubt, path: Sequence[Keyframe], hold: float
) -> Edits:
    """Cover a doubt's place along `path`; without one, as widely as it may reach.

    Of a track: all of its way on these frames, and half of its size around. Of an uncovered place:
    where the detectors saw it. Along a way, the cover rests `hold` seconds before its beginning and
    after its end, as a scan's do. Without a place: the whole picture.
    """
    reason = f"answer to a doubt: {doubt.reason}"
    if path or doubt.path:
        return cover_path(edits, held(resolved, path or doubt.path, hold), reason)
    plan = resolved.plan
    track = _track(plan, doubt)
    whole = Box(plan.width / 2, plan.height / 2, plan.width, plan.height)
    box = whole if track is None else _around(track, doubt)
    keys = tuple(Keyframe(at, box) for at in sorted({doubt.start, doubt.end - 1}))
    return draw(edits, keys, reason)


def held(resolved: Resolved, path: Sequence[Keyframe], seconds: float) -> tuple[Keyframe, ...]:
    """The path, resting before its beginning and after its end: within its shot, and no further
    than to a lane that is at its place already, since that is decided about by itself."""
    plan, first, last = resolved.plan, path[0], path[-1]
    shot = next(shot for shot in plan.shots() if first.frame < shot[1])
    start, end = first.frame, last.frame + 1
    while (
        start > shot[0]
        and plan.seconds(first.frame) - plan.seconds(start - 1) <= seconds
        and not _is_taken(resolved, start - 1, first.box)
    ):
        start -= 1
    while (
        end < shot[1]
        and plan.seconds(end) - plan.seconds(last.frame) <= seconds
        and not _is_taken(resolved, end, last.box)
    ):
        end += 1
    return trimmed(path, start, end)


def recorded(
    given: Sequence[Answer],
    after: Plan,
    doubts: Iterable[Doubt],
    said: Said,
    cover: str,
    **on: str | None,
) -> tuple[Answer, ...]:
    """The answers with new ones to some doubts, each in place of an earlier one; `after` is the
    plan as they leave it, `on` are the hashes of what they were given on."""
    new = {
        (name := sign(doubt)): Answer(doubt=name, said=said, seen=seen(after, doubt, cover), **on)
        for doubt in doubts
    }
    return *(answer for answer in given if answer.doubt not in new), *new.values()


def _is_taken(resolved: Resolved, frame: int, place: Box) -> bool:
    boxes = [box for lane in resolved.lanes if (box := lane.track.box(frame))]
    here = np.array([place], np.float32)
    shared, _ = overlaps(np.array(boxes, np.float32).reshape(-1, 5), here)
    return bool((shared >= MATCH).any())


def _track(plan: Plan, doubt: Doubt) -> Track | None:
    return next((t for t in plan.tracks if t.id == doubt.track), None)


def _around(track: Track, doubt: Doubt) -> Box:
    rows = track.boxes[max(0, doubt.start - track.start) : doubt.end - track.start]
    left, top, right, bottom = hull(rows).tolist()
    wide, high = (rows[:, 2:4].max(axis=0) * _AROUND).tolist()
    return Box((left + right) / 2, (top + bottom) / 2, right - left + wide, bottom - top + high)
