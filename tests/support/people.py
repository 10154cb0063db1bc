"""Sightings of made-up people, and cameras of known motion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from blur.data.boxes import Affine
from blur.data.sightings import FAMILIES, Sightings
from blur.scan.camera import Camera, Step

Seen = tuple[int, float, float, float, float]
"""Frame, cx, cy, size, score."""


def sightings(*people: Iterable[Seen]) -> list[Sightings]:
    """Sightings of some people, frame by frame: upright square faces, by all families."""
    frames: dict[int, list[Seen]] = defaultdict(list)
    for row in (row for person in people for row in person):
        frames[row[0]].append(row)
    return [of_frame(frame, rows) for frame, rows in sorted(frames.items())]


def of_frame(frame: int, rows: Sequence[Seen]) -> Sightings:
    boxes = np.array([[x, y, size, size, 0] for _, x, y, size, _ in rows], np.float32)
    scores = np.array([row[4] for row in rows], np.float32)
    return Sightings(frame, boxes, np.repeat(scores[:, None], len(FAMILIES), axis=1))


def camera(frames: int, step: Affine | None = None, blind: Iterable[int] = ()) -> Camera:
    """A camera of one step on every frame; those of `blind` frames are unknown."""
    unmeasured = {0, *blind}
    known = Step(np.eye(3) if step is None else step, 0.9)
    return Camera.of(Step.unknown() if frame in unmeasured else known for frame in range(frames))


def shift(dx: float, dy: float) -> Affine:
    out = np.eye(3)
    out[:2, 2] = dx, dy
    return out
