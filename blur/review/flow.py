"""Follows a box by optical flow, for the covers that a person wants there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from blur.data.arrays import Gray
from blur.data.edits import Edits, Keyframe
from blur.data.paths import path_of
from blur.data.plan import Box, Doubt, Mark, Track
from blur.data.resolve import Lane, Resolved
from blur.errors import UsageError
from blur.media.open.small_pictures import display_gray
from blur.render.pictures import Pictures
from blur.review.acts import Command, CoverPath, Retrace
from blur.review.settle import covered, lead, must_follow
from blur.scan.camera import MOTION_WIDTH, StepMeter
from blur.scan.follow import follow, waiting


class Followed(NamedTuple):
    """The box on its way; from frame `lost` on, in the direction of travel, a guess."""

    path: tuple[Keyframe, ...]
    lost: int | None


def followed(pictures: Pictures, box: Box, start: int, end: int) -> Followed:
    """Follow `box` from frame `start` to frame `end`, both included, in either direction.

    Once lost, the box stays at its place in the scene while the camera moves. Raises DecodeError.
    """
    info = pictures.info
    scale = max(1.0, max(info.width, info.height) / MOTION_WIDTH)
    meter = StepMeter(scale)
    step = 1 if end >= start else -1
    lost: int | None = None
    boxes = [box]
    before = _gray(pictures, start, scale)
    meter.measure(before)
    for frame in range(start + step, end + step, step):
        after = _gray(pictures, frame, scale)
        motion = meter.measure(after)
        camera = motion.transform if motion.reliable else np.eye(3)
        moved = None if lost is not None else follow(before, after, boxes[-1], camera, scale)
        if moved is None and lost is None:
            lost = frame
        boxes.append(moved or waiting(boxes[-1], camera))
        before = after
    ordered = np.array(boxes[::step], np.float32)
    n = len(ordered)
    track = Track(
        0, min(start, end), ordered, np.full(n, Mark.FOLLOWED, np.uint8), np.zeros(n, np.float32)
    )
    return Followed(path_of(track, track.start, track.end), lost)


def followed_lane(pictures: Pictures, lane: Lane, frame: int) -> tuple[Command, int | None]:
    """The command that covers what was followed: a drawn region from `frame` to its end, a face
    from its nearer end to `frame`; and the frame on which sight of it was lost.

    Raises UsageError where there is nothing to follow, and DecodeError.
    """
    track, region = lane.track, lane.region
    if region is not None:
        start, end = frame, track.end - 1
    else:
        start, end = (track.end - 1 if frame >= track.end else track.start), frame
    box = track.box(start)
    if box is None or start == end or (region is None and track.box(frame)):
        raise UsageError(
            "there is nothing to follow from here",
            remedy="go to a frame beyond the face's cover, or onto a drawn region",
        )
    path, lost = followed(pictures, box, start, end)
    if region is not None:
        return Retrace(region, path), lost
    return CoverPath(path, "followed from where the scan lost it"), lost


def all_covered(
    edits: Edits,
    resolved: Resolved,
    doubts: Sequence[Doubt],
    source: Pictures,
    *,
    track: bool,
    hold: float,
) -> tuple[Edits, int | None]:
    """Cover the places of several doubts (see `settle.covered`), followed through the `source` with
    `track` or where nothing else tells the way. Returns the first frame on which sight of one was
    lost, too."""
    lost: list[int] = []
    for doubt in doubts:
        path: Sequence[Keyframe] = ()
        if track or must_follow(doubt):
            first, box = lead(resolved.plan, doubt)
            path, end = followed(source, box, first, doubt.end - 1)
            lost += [] if end is None else [end]
        edits = covered(edits, resolved, doubt, path, hold)
    return edits, min(lost, default=None)


def _gray(pictures: Pictures, frame: int, scale: float) -> Gray:
    info = pictures.info
    size = max(1, round(info.width / scale)), max(1, round(info.height / scale))
    return display_gray(pictures.at(frame), info.orientation, *size)
