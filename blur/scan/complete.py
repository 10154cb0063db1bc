"""Smoothing and completing: a steady box on every frame of a track, from those of its sightings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, median_filter

from blur.data.boxes import carried, wrapped
from blur.data.plan import Boxes, Mark, Track
from blur.scan.camera import Camera
from blur.scan.link import Tracklet

_SIZE_SPAN = 5
"""Sightings whose median sets a size; larger removes longer runs of wrong sizes and lags behind
zooms."""
_SHRINK = 0.9  # least share of the local median that a smoothed size keeps; larger covers more
_SWELL = 1.3  # factor above the local median at which a size is cut off; larger covers more
_TURN_SPAN = 4.0
"""Sightings, sigma of the Gaussian over turns; larger is steadier and lags behind turning heads."""
_UNREAD = 0.1
"""Weight of the turn of a sighting in whole quarters: the look's own turn, since the face's was not
read. Larger draws heads that a rolling camera turns towards upright, between looks that read them:
on clips with truth 18.3 % of heads are bare by over a tenth at 1, 16.6 % at 0.1."""
_GROWTH = 0.3
"""Share of its size by which a held box grows over a hold, as its place gets less certain; larger
covers more."""
_REMAINDER = 0.25  # share of a hold kept after a face was followed and lost; larger covers longer
_MEMORY = 6
"""Sightings that the motion at an end is fitted to; larger is steadier and later to see a turn."""
_DECAY = 0.9
"""Share of its own motion that a held face keeps each frame, as people stop; larger sends held
covers farther, 0.9 by ten frames of motion at most."""
_FRAMES_A_SIZE = 15
"""Frames that a held face takes to move by its own size, at least, against jitter; larger leaves
fast people behind."""


def smooth(tracklet: Tracklet, camera: Camera) -> Tracklet:
    """The tracklet with sizes and turns smoothed over neighbouring sightings.

    The camera's zoom and roll are taken out first. Centres stay: a smoothed one would leave its
    face, and covers sweep over neighbouring frames anyway.
    """
    n = len(tracklet)
    if n < 3:
        return tracklet
    origin = int(tracklet.frames[n // 2])
    forth = [camera.between(int(f), origin) for f in tracklet.frames]
    still = np.concatenate([carried(tracklet.boxes[i : i + 1], forth[i]) for i in range(n)])
    logs = np.log(still[:, 2:4].astype(np.float64))
    middle = median_filter(logs, size=(min(_SIZE_SPAN, n), 1), mode="nearest")
    least = middle + np.log(_SHRINK)
    logs = np.maximum(middle, np.minimum(logs, middle + np.log(_SWELL)) + np.log(_SHRINK))
    logs = np.maximum(gaussian_filter1d(logs, 1.0, axis=0, mode="nearest"), least)
    still[:, 2:4] = np.exp(logs)
    weights = tracklet.evidence.max(axis=1).astype(np.float64) ** 2
    weights[tracklet.boxes[:, 4] % 90 == 0] *= _UNREAD
    turn = np.exp(1j * np.radians(still[:, 4].astype(np.float64))) * weights
    x, y = (gaussian_filter1d(part, _TURN_SPAN, mode="nearest") for part in (turn.real, turn.imag))
    still[:, 4] = np.degrees(np.angle(x + 1j * y))
    boxes = np.concatenate(
        [carried(still[i : i + 1], np.asarray(np.linalg.inv(forth[i]))) for i in range(n)]
    )
    boxes[:, :2] = tracklet.boxes[:, :2]
    return replace(tracklet, boxes=boxes)


def complete(
    tracklet: Tracklet,
    camera: Camera,
    shot: tuple[int, int],
    hold: tuple[int, int],
    identity: int,
) -> Track:
    """A track with a box on every frame from `hold[0]` before to `hold[1]` after its sightings.

    Gaps are bridged along the camera's motion; held boxes keep the face's last motion and grow.
    `shot` is [start, end) frames and bounds the track.
    """
    first, last = tracklet.start, tracklet.last
    seen = tracklet.frames[tracklet.evidence.any(axis=1)]
    # A hold counts from the sighting; a part remains even if following has used it up.
    lead, trail = (
        max(frames - int(followed), round(frames * _REMAINDER), min(frames, 1))
        for frames, followed in zip(hold, (seen[0] - first, last - seen[-1]), strict=True)
    )
    start, end = max(shot[0], first - lead), min(shot[1], last + 1 + trail)
    boxes = np.zeros((end - start, 5), np.float32)
    marks = np.full(end - start, Mark.BRIDGED, np.uint8)
    scores = np.zeros(end - start, np.float32)
    boxes[first - start : last + 1 - start] = bridged(tracklet, camera)
    marks[: first - start] = Mark.HELD
    marks[last + 1 - start :] = Mark.HELD
    detected = tracklet.evidence.any(axis=1)
    marks[tracklet.frames - start] = np.where(detected, Mark.DETECTED, Mark.FOLLOWED)
    scores[tracklet.frames - start] = tracklet.evidence.max(axis=1)
    boxes[last + 1 - start :] = held(tracklet, camera, range(last + 1, end), hold[1])
    boxes[: first - start] = held(tracklet, camera, range(first - 1, start - 1, -1), hold[0])[::-1]
    return Track(identity, start, boxes, marks, scores)


def ways(
    tracklet: Tracklet,
    camera: Camera,
    shot: tuple[int, int],
    hold: tuple[int, int],
    identity: int,
) -> list[Track]:
    """The track of a tracklet, and of each way beside it, which goes on as the first: arguments are
    those of `complete`, `identity` is the first's."""
    held = [(tracklet, hold), *((way, (hold[0], 1)) for way in tracklet.beside)]
    return [
        complete(smooth(way, camera), camera, shot, way_hold, number)
        for number, (way, way_hold) in enumerate(held, identity)
    ]


def bridged(tracklet: Tracklet, camera: Camera) -> Boxes:
    """A box for every frame from the first sighting to the last.

    Between two sightings both are carried along the camera's motion and mixed in proportion to
    time.
    """
    out = np.zeros((tracklet.last + 1 - tracklet.start, 5), np.float32)
    rows = tracklet.frames - tracklet.start
    out[rows] = tracklet.boxes
    for k in np.flatnonzero(np.diff(tracklet.frames) > 1):
        a, b = int(tracklet.frames[k]), int(tracklet.frames[k + 1])
        for frame in range(a + 1, b):
            before = carried(tracklet.boxes[k : k + 1], camera.between(a, frame))[0]
            after = carried(tracklet.boxes[k + 1 : k + 2], camera.between(b, frame))[0]
            share = (frame - a) / (b - a)
            box = before + (after - before) * share
            box[4] = wrapped(before[4] + wrapped(after[4] - before[4]) * share)
            out[frame - tracklet.start] = box
    return out


def held(tracklet: Tracklet, camera: Camera, frames: range, hold: int) -> Boxes:
    """Boxes for `frames`, which run from the tracklet's first or last sighting outwards."""
    if not len(frames):
        return np.zeros((0, 5), np.float32)
    forward = frames.step > 0
    anchor = len(tracklet) - 1 if forward else 0
    origin = int(tracklet.frames[anchor])
    velocity = _velocity(tracklet, camera, forward)
    out = np.zeros((len(frames), 5), np.float32)
    drift = 0.0
    for row, frame in enumerate(frames):
        drift += _DECAY**row
        box = tracklet.boxes[anchor : anchor + 1].copy()
        box[0, :2] += velocity * drift
        box[0, 2:4] *= 1 + _GROWTH * (row + 1) / max(hold, 1)
        out[row] = carried(box, camera.between(origin, frame))[0]
    return out


def _velocity(tracklet: Tracklet, camera: Camera, forward: bool) -> npt.NDArray[np.float32]:
    """The face's own motion at an end: pixels per frame away from the tracklet, on the end's frame,
    without the camera's motion."""
    pick = slice(-_MEMORY, None) if forward else slice(0, _MEMORY)
    frames, boxes = tracklet.frames[pick], tracklet.boxes[pick]
    if len(frames) < 3:
        return np.zeros(2, np.float32)
    origin = int(frames[-1] if forward else frames[0])
    still = np.concatenate(
        [
            carried(boxes[i : i + 1], camera.between(int(frame), origin))
            for i, frame in enumerate(frames)
        ]
    )
    time = (frames - origin).astype(np.float64)
    slope = np.polyfit(time, still[:, :2], 1)[0]
    size = float(np.sqrt(still[-1, 2] * still[-1, 3]))
    speed = float(np.hypot(*slope))
    slope *= min(1.0, size / _FRAMES_A_SIZE / max(speed, 1e-6))
    return np.asarray(slope if forward else -slope, np.float32)
