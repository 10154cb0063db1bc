"""Edits that an answer to a doubt makes."""

from __future__ import annotations

from collections.abc import Sequence

from blur.data.answers import Answer, hull, sign
from blur.data.edits import Edits, Keyframe
from blur.data.paths import key_of
from blur.data.plan import Box, Doubt, Plan, Track
from blur.data.resolve import Resolved
from blur.errors import UsageError
from blur.render.pictures import Pictures
from blur.review.commands import cover_path, draw
from blur.review.flow import followed

_AROUND = 0.5
"""Share of a face's size added around its way; larger covers more of the picture beside it."""


def doubt_named(plan: Plan, name: str) -> Doubt:
    """Raises UsageError where the clip has no such doubt any more."""
    for doubt in plan.doubts:
        if sign(doubt) == name:
            return doubt
    raise UsageError("that doubt is settled, or the clip has changed", remedy="look at the next")


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


def covered(edits: Edits, resolved: Resolved, doubt: Doubt, path: Sequence[Keyframe] = ()) -> Edits:
    """Cover a doubt's place along `path`; without one, as widely as it may reach.

    Of a track: all of its way on these frames, and half of its size around. Of an uncovered place:
    where the detectors saw it. Without a place: the whole picture.
    """
    reason = f"answer to a doubt: {doubt.reason}"
    if path or doubt.path:
        return cover_path(edits, path or doubt.path, reason)
    plan = resolved.plan
    track = _track(plan, doubt)
    whole = Box(plan.width / 2, plan.height / 2, plan.width, plan.height)
    box = whole if track is None else _around(track, doubt)
    keys = tuple(Keyframe(at, box) for at in sorted({doubt.start, doubt.end - 1}))
    return draw(edits, keys, reason)


def all_covered(
    edits: Edits, resolved: Resolved, doubts: Sequence[Doubt], source: Pictures, *, track: bool
) -> tuple[Edits, int | None]:
    """Cover the places of several doubts, followed through the `source` with `track` or where
    nothing else tells the way. Returns the first frame on which sight of one was lost, too."""
    lost: list[int] = []
    for doubt in doubts:
        path: Sequence[Keyframe] = ()
        if track or must_follow(doubt):
            first, box = lead(resolved.plan, doubt)
            path, end = followed(source, box, first, doubt.end - 1)
            lost += [] if end is None else [end]
        edits = covered(edits, resolved, doubt, path)
    return edits, min(lost, default=None)


def answered(answers: Sequence[Answer], new: Answer) -> tuple[Answer, ...]:
    """The answers with a new one, in place of an earlier one to its doubt."""
    return *(answer for answer in answers if answer.doubt != new.doubt), new


def _track(plan: Plan, doubt: Doubt) -> Track | None:
    return next((t for t in plan.tracks if t.id == doubt.track), None)


def _around(track: Track, doubt: Doubt) -> Box:
    rows = track.boxes[max(0, doubt.start - track.start) : doubt.end - track.start]
    left, top, right, bottom = hull(rows).tolist()
    wide, high = (rows[:, 2:4].max(axis=0) * _AROUND).tolist()
    return Box((left + right) / 2, (top + bottom) / 2, right - left + wide, bottom - top + high)
