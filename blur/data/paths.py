"""Paths of keyframes, as people edit them, to and from one box per frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blur.data.boxes import wrapped
from blur.data.edits import Keyframe
from blur.data.overlap import iou
from blur.data.plan import Box, Boxes, Track

FIDELITY = 0.9
"""Least IoU, on every frame, of a path with the track it was taken from; larger keeps more
keyframes."""
_TURN = 10
"""Most degrees between a path and its track; smaller keeps more keyframes."""


def interpolate(path: Sequence[Keyframe], stop: int | None = None) -> tuple[int, Boxes]:
    """The first keyframe's frame, and (n, 5) boxes from the first keyframe to the last, or to the
    frame before `stop` where that comes earlier.

    Linear in place and size; the angle turns the short way round.
    """
    keys = np.array([key.frame for key in path])
    columns = np.array([key.box for key in path], np.float64).T
    columns[4] = np.unwrap(columns[4], period=360)
    end = keys[-1] + 1
    frames = np.arange(keys[0], end if stop is None else min(end, stop))
    boxes = np.stack([np.interp(frames, keys, column) for column in columns], axis=1)
    boxes[:, 4] = wrapped(boxes[:, 4])
    return int(keys[0]), boxes.astype(np.float32)


def path_of(track: Track, start: int, end: int) -> tuple[Keyframe, ...]:
    """Few keyframes that interpolate to the track's boxes on [start, end), within `FIDELITY`.

    Adds the worst frame between two keyframes until none is off (Ramer-Douglas-Peucker). The span
    must meet the track.
    """
    start, end = max(start, track.start), min(end, track.end)
    keys = {start, end - 1}
    spans = [(start, end - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        boxes = track.boxes[first - track.start : last + 1 - track.start]
        _, between = interpolate([key_of(track, first), key_of(track, last)])
        turned = np.abs(wrapped(between[:, 4] - boxes[:, 4]))
        fit = np.where(turned > _TURN, 0, iou(between, boxes))[1:-1]
        if fit.min() < FIDELITY:
            worst = first + 1 + int(fit.argmin())
            keys.add(worst)
            spans += [(first, worst), (worst, last)]
    return tuple(key_of(track, frame) for frame in sorted(keys))


def key_of(track: Track, frame: int) -> Keyframe:
    """The track's box on one of its frames."""
    return Keyframe(frame, Box(*track.boxes[frame - track.start].tolist()))


def trimmed(path: Sequence[Keyframe], start: int, end: int) -> tuple[Keyframe, ...]:
    """The path on [start, end); beyond its ends the box stays where the path starts or ends."""
    first, boxes = interpolate(path)
    keys = {key.frame: key for key in path if start <= key.frame < end}
    for frame in (start, end - 1):
        row = min(max(frame - first, 0), len(boxes) - 1)
        keys.setdefault(frame, Keyframe(frame, Box(*boxes[row].tolist())))
    return tuple(keys[frame] for frame in sorted(keys))
