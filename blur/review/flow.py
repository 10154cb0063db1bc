"""Follows a box by optical flow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from blur.data.arrays import Gray
from blur.data.edits import Keyframe
from blur.data.paths import path_of
from blur.data.plan import Box, Mark, Track
from blur.media.open.small_pictures import display_gray
from blur.render.pictures import Pictures
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


def _gray(pictures: Pictures, frame: int, scale: float) -> Gray:
    info = pictures.info
    size = max(1, round(info.width / scale)), max(1, round(info.height / scale))
    return display_gray(pictures.at(frame), info.orientation, *size)
