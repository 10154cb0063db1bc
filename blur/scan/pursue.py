"""Pursuing: what happens to a face where the scheduled looks did not see it.

A second pass over the clip. From every first sighting backwards, from every last one forwards,
and into every long gap from both sides, the face is followed by its texture; every few frames
it is looked for in a small crop, and a face found there is a sighting that the pursuit goes on
from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Found
from blur.scan.camera import Camera, Gray
from blur.scan.follow import follow, waiting
from blur.scan.link import Tracklet
from blur.scan.timeline import Timeline

FOLLOW_WIDTH = 960
"""Longest side of the pictures that faces are followed on: texture of a small face needs it."""

_RELOOK = 3
_CROWD = 24
"""Frames between two close-ups on the way, and the faces under way at once from which they grow
rarer: a crowd must not take a hundred times as long as a face."""

_LEAD = 16
"""Frames that whoever brings the pictures may run ahead of the pursuit, at most."""

Relook = Callable[[Gray, Box], Found | None]
"""Looks for the face of a box near that box, on the gray picture of a frame."""


_DRIFT = 1.2
"""How much a followed face may grow or shrink against its last sighting, zoom apart."""

_AGREED = 0.3
"""Distance, in face widths, within which two pursuits of one face agree."""

_UNSEEN = np.zeros(len(FAMILIES), np.float32)


class _Anchor(NamedTuple):
    """The last sighting before the face was out of sight."""

    frame: int
    box: Box


@dataclass(slots=True)
class _Chase:
    """One tracklet's pursuit: the rows it gained, by frame, from before and from behind."""

    tracklet: Tracklet
    shot: tuple[int, int]
    sighted: dict[int, int]
    forward: dict[int, Found] = field(default_factory=dict)
    backward: dict[int, Found] = field(default_factory=dict)
    box: Box | None = None
    anchor: _Anchor | None = None


class Pursuit:
    """Fed with every frame's gray picture in order; afterwards `tracklets` are longer and denser.

    `scale` is display pixels per picture pixel, `reach` the frames that a face is pursued without
    being seen: larger covers longer turns of the head and keeps more pictures in memory.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        camera: Camera,
        timeline: Timeline,
        relook: Relook,
        scale: float,
        reach: int,
        near: int,
    ) -> None:
        self._camera, self._relook = camera, relook
        self._scale, self._reach, self._near = scale, reach, near
        self._ring: deque[tuple[int, Gray]] = deque(maxlen=reach + 1)
        shots = timeline.shots()
        starts = np.array([start for start, _ in shots])
        self._chases = [
            _Chase(
                t,
                shots[int(np.searchsorted(starts, t.start, side="right")) - 1],
                {int(frame): row for row, frame in enumerate(t.frames)},
            )
            for t in tracklets
        ]
        self._order = sorted(self._chases, key=lambda c: c.tracklet.start)
        self._begun = 0
        self._active: list[_Chase] = []
        self._foreseen = np.zeros(len(timeline.seconds), bool)
        for chase in self._chases:
            for row in range(len(chase.tracklet)):
                back, onward = self._out_of_sight(chase, row)
                frame = int(chase.tracklet.frames[row])
                if back is not None:
                    self._foreseen[max(back, frame - reach) : frame + 1] = True
                if onward is not None:
                    self._foreseen[frame : min(onward, frame + 1 + max(reach, _LEAD))] = True

    def wants(self, frame: int) -> bool:
        """Whether this frame's picture may be needed: by a chase under way or one to come.

        May be asked from another thread, which runs up to `_LEAD` frames ahead of `see`.
        """
        return bool(self._foreseen[frame]) or any(c.box is not None for c in self._active)

    def see(self, frame: int, gray: Gray) -> None:
        self._ring.append((frame, gray))
        while self._begun < len(self._order) and self._order[self._begun].tracklet.start <= frame:
            self._active.append(self._order[self._begun])
            self._begun += 1
        for chase in self._active:
            if frame in chase.sighted:
                self._sighted(chase, frame)
            elif chase.box is not None:
                self._onward(chase, frame, gray)
        self._active = [c for c in self._active if c.box is not None or c.tracklet.last > frame]

    def tracklets(self) -> list[Tracklet]:
        """The tracklets with the rows that were gained."""
        return [_grown(chase) for chase in self._chases]

    def _sighted(self, chase: _Chase, frame: int) -> None:
        """The looks saw the face here: chase it back into what came before, and go on."""
        row = chase.sighted[frame]
        box = Box(*chase.tracklet.boxes[row].tolist())
        back, onward = self._out_of_sight(chase, row)
        if back is not None and not self._arrived(chase, frame, box):
            self._back(chase, frame, box, back)
        chase.box, chase.anchor = (None if onward is None else box), _Anchor(frame, box)

    def _arrived(self, chase: _Chase, frame: int, box: Box) -> bool:
        """Whether the pursuit from before has come to where the face is seen now: then it went
        the right way, and nothing would be learnt on the way back."""
        if chase.box is None:
            return False
        there = waiting(chase.box, self._camera.between(frame - 1, frame))
        return _apart(there, box) < _AGREED * box.w

    def _out_of_sight(self, chase: _Chase, row: int) -> tuple[int | None, int | None]:
        """Where the face is to be chased from a sighting: back to this frame, on to before that
        one; None where the next sighting is near enough for bridging."""
        frames = chase.tracklet.frames
        frame, back, onward = int(frames[row]), chase.shot[0], chase.shot[1]
        first, last = row == 0, row == len(frames) - 1
        if not first:
            back = int(frames[row - 1]) + 1
        if not last:
            onward = int(frames[row + 1])
        return (
            back if frame > back and (first or frame - back > self._near) else None,
            onward if onward > frame + 1 and (last or onward - frame - 1 > self._near) else None,
        )

    def _onward(self, chase: _Chase, frame: int, gray: Gray) -> None:
        last, before = self._ring[-2]
        assert chase.box is not None and chase.anchor is not None
        unseen = frame - chase.anchor.frame
        if last != frame - 1 or frame >= chase.shot[1] or unseen > self._reach:
            chase.box = None
            return
        found = self._step(before, gray, chase.box, last, frame, chase.anchor)
        if found is None:
            chase.box = None
            return
        chase.forward[frame] = found
        chase.box = found.box
        if found.evidence.any():
            chase.anchor = _Anchor(frame, found.box)

    def _back(self, chase: _Chase, frame: int, box: Box, stop: int) -> None:
        anchor = _Anchor(frame, box)
        stop = max(stop, frame - self._reach)  # the ring may hold what was seen long before
        pictures = [(f, g) for f, g in self._ring if stop <= f <= frame]
        for (later, after), (earlier, before) in zip(
            pictures[:0:-1], pictures[-2::-1], strict=True
        ):
            found = self._step(after, before, box, later, earlier, anchor)
            if found is None:
                return
            chase.backward[earlier] = found
            box = found.box
            if found.evidence.any():
                anchor = _Anchor(earlier, box)

    def _step(
        self, before: Gray, after: Gray, box: Box, here: int, there: int, anchor: _Anchor
    ) -> Found | None:
        """The face on frame `there`, from its box on frame `here`; None when it is lost."""
        camera = self._camera.between(here, there)
        moved = follow(before, after, box, camera, self._scale)
        stride = _RELOOK * (1 + len(self._active) // _CROWD)
        if moved is None or _due(abs(there - anchor.frame), stride):
            found = self._relook(after, moved.box if moved else waiting(box, camera))
            if found is not None:
                return found
        if moved is None:
            return None
        # Steps of a little growth each add up: the last sighting says how large the face is.
        expected = waiting(anchor.box, self._camera.between(anchor.frame, there))
        growth = min(max(moved.box.w / expected.w, 1 / _DRIFT), _DRIFT)
        steady = moved.box._replace(w=expected.w * growth, h=expected.h * growth)
        return Found(steady, _UNSEEN)


def _grown(chase: _Chase) -> Tracklet:
    """A chase's tracklet with its gained rows; where both directions came, what holds both."""
    gained = {**chase.forward, **chase.backward}
    for frame in chase.forward.keys() & chase.backward.keys():
        gained[frame] = _both(chase.forward[frame], chase.backward[frame])
    if not gained:
        return chase.tracklet
    frames = np.array(list(gained), np.intp)
    boxes = np.array([row.box for row in gained.values()], np.float32)
    evidence = np.array([row.evidence for row in gained.values()], np.float32)
    return chase.tracklet.joined(Tracklet(frames, boxes, evidence))


def _both(first: Found, second: Found) -> Found:
    """The better seen of two rows; when neither was seen, a box around both."""
    if first.evidence.any() or second.evidence.any():
        return max(first, second, key=lambda row: float(row.evidence.max()))
    a, b = first.box, second.box
    middle = a._replace(cx=(a.cx + b.cx) / 2, cy=(a.cy + b.cy) / 2)
    # What the cover's own margin takes up need not be added.
    away = min(max(0.0, _apart(a, b) - _AGREED * a.w), a.w)
    return Found(middle._replace(w=max(a.w, b.w) + away, h=max(a.h, b.h) + away), _UNSEEN)


def _apart(a: Box, b: Box) -> float:
    return float(np.hypot(a.cx - b.cx, a.cy - b.cy))


def _due(unseen: int, stride: int) -> bool:
    """Whether to take a close-up: after one stride out of sight, two, four, and so on."""
    strides, rest = divmod(unseen, stride)
    return rest == 0 and strides.bit_count() == 1
