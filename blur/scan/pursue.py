"""Pursuing: faces followed where no scheduled look saw them, in a second pass over the clip.

From every first sighting backwards, every last one forwards, and into every long gap from both
ends, a face is followed by its texture. Close-ups every few frames look for it: a face found is a
new sighting, from which the pursuit goes on. A head that turned away is followed by looks at its
shoulders.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from blur.data.arrays import Gray
from blur.data.plan import Box
from blur.data.sightings import UNSEEN, Sighting
from blur.scan.both_ways import AGREED, apart, grown
from blur.scan.camera import Camera
from blur.scan.follow import follow, waiting
from blur.scan.link import Tracklet
from blur.scan.timeline import NEAR_SECONDS, Timeline
from blur.scan.weed import SEEN_WELL, top

_RELOOK = 3
"""Frames of a stride; close-ups follow after 1, 2, 4, 8 strides out of sight, which exposes no more
than every stride does (31 clips, 3 sequences). Larger is cheaper and finds a face later."""
_CROWD = 24
"""Faces under way from which strides grow, so that a crowd's time stays bounded; larger takes more
close-ups in crowds."""
_LEAD = 16
"""Frames that the reader may run ahead of the pursuit: more than `prefetch.AHEAD` and `BEHIND` and
the three in hand between them. Larger decodes more frames than needed."""
_DRIFT = 1.2
"""Factor by which a followed face may differ in size from its last sighting, zoom apart; larger
lets boxes swell or shrink further."""
_TAKEN = 0.6
"""Face widths from a followed head within which another tracklet's sighting is its face again;
larger gives up heads that others come near."""
_HEAD_SECONDS = 0.3
"""Seconds out of sight between two looks at a head that is seen; twice, four times, ... as long
where none was. Larger is cheaper and lets the texture's flow drift farther off a turning head."""
_LOOSE = 0.2
"""Face sizes within which looks at a resting head scatter (median 0.13 on a head without a face);
larger leaves covers farther off a turned head, smaller lets them tremble."""
_PATIENCE = 4  # doublings of that time at most; larger is cheaper and finds a head later
_TURNED_SECONDS = 5.0
"""Seconds that a head is followed after its face's last sighting, at most: twice the longest turn
that must be covered. Larger covers longer those who turned away for good."""

Relook = Callable[[Gray, Box], Sighting | None]
"""Looks for a face near a box (display coordinates) on a gray picture; see `Closeup.find`."""
HeadLook = Callable[[Gray, Box], Box | None]
"""Looks for a head, turned away or not, at a box, likewise; see `HeadLooks.find`."""


class _Anchor(NamedTuple):
    """The last sighting before the face went out of sight."""

    frame: int
    box: Box


@dataclass(slots=True)
class _Chase:
    """A tracklet's pursuit, its gained sightings by frame in both directions.

    `box` is where the face is now, None while it is not pursued; `sighted` gives the row of a
    frame. `head` is the last sight of the head, or of the face, `looked` the frame of the last
    look at it, `missed` the looks in vain since. No verdict drops a `well_seen` face.
    """

    tracklet: Tracklet
    shot: tuple[int, int]
    forward: dict[int, Sighting] = field(default_factory=dict)
    backward: dict[int, Sighting] = field(default_factory=dict)
    box: Box | None = None
    anchor: _Anchor | None = None
    head: _Anchor | None = None
    looked: int = -1
    missed: int = 0
    sighted: dict[int, int] = field(init=False)
    well_seen: bool = field(init=False)

    def __post_init__(self) -> None:
        self.well_seen = top(self.tracklet) >= SEEN_WELL
        self.sighted = {frame: row for row, frame in enumerate(self.tracklet.frames.tolist())}


class Pursuit:
    """Is shown the gray pictures of wanted frames in order; its `tracklets` are longer and denser.

    `scale` is display pixels per picture pixel. `reach` is the most frames that a face is pursued
    unseen, by its texture: larger follows it longer and keeps more pictures in memory. Where
    `heads` sees the turned head, it is followed for up to `_TURNED_SECONDS`. Raises the errors of
    `relook` and `heads`.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        camera: Camera,
        timeline: Timeline,
        relook: Relook,
        scale: float,
        reach: int,
        heads: HeadLook | None = None,
    ) -> None:
        self._camera, self._relook, self._heads = camera, relook, heads
        self._scale, self._reach = scale, reach
        self._near = timeline.frames(NEAR_SECONDS)
        self._glance, self._turned = map(timeline.frames, (_HEAD_SECONDS, _TURNED_SECONDS))
        self._ring: deque[tuple[int, Gray]] = deque(maxlen=reach + 1)
        self._chases = [_Chase(t, timeline.shot_of(t.start)) for t in tracklets]
        self._later = sorted(self._chases, key=lambda c: c.tracklet.start)[::-1]
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
        """Whether a chase under way, or to come, may need this frame's picture.

        Callable from another thread, up to `_LEAD` frames ahead of `see`.
        """
        return bool(self._foreseen[frame]) or any(c.box is not None for c in self._active)

    def see(self, frame: int, gray: Gray) -> None:
        self._ring.append((frame, gray))
        while self._later and self._later[-1].tracklet.start <= frame:
            self._active.append(self._later.pop())
        for chase in self._active:
            if frame in chase.sighted:
                self._sighted(chase, frame)
            elif chase.box is not None:
                self._onward(chase, frame, gray)
        self._active = [c for c in self._active if c.box is not None or c.tracklet.last > frame]

    def tracklets(self) -> list[Tracklet]:
        """The tracklets with the gained sightings, in the order they were given."""
        return [grown(c.tracklet, c.forward, c.backward) for c in self._chases]

    def _sighted(self, chase: _Chase, frame: int) -> None:
        """At a sighting: chase the face back over the frames before, and go on from here."""
        row = chase.sighted[frame]
        box = Box(*chase.tracklet.boxes[row].tolist())
        back, onward = self._out_of_sight(chase, row)
        if back is not None and not self._arrived(chase, frame, box):
            self._back(chase, frame, box, back)
        chase.box = None if onward is None else box
        self._seen(chase, _Anchor(frame, box))

    def _arrived(self, chase: _Chase, frame: int, box: Box) -> bool:
        """Whether the chase has arrived at this sighting, so that a way back would add nothing."""
        if chase.box is None:
            return False
        there = waiting(chase.box, self._camera.between(frame - 1, frame))
        return apart(there, box) < AGREED * box.w

    def _out_of_sight(self, chase: _Chase, row: int) -> tuple[int | None, int | None]:
        """The first frame of the way back from a sighting, and the end of the way on; None if the
        next sighting is near enough for bridging."""
        frames = chase.tracklet.frames
        frame, first, last = int(frames[row]), row == 0, row == len(frames) - 1
        back = chase.shot[0] if first else int(frames[row - 1]) + 1
        onward = chase.shot[1] if last else int(frames[row + 1])
        return (
            back if frame > back and (first or frame - back > self._near) else None,
            onward if onward > frame + 1 and (last or onward - frame - 1 > self._near) else None,
        )

    def _onward(self, chase: _Chase, frame: int, gray: Gray) -> None:
        last, before = self._ring[-2]
        assert chase.box is not None and chase.anchor is not None
        found = None
        if last == frame - 1 and frame < chase.shot[1] and self._goes_on(chase, frame):
            found = self._step(
                chase, before, gray, chase.box, last, frame, chase.anchor, heads=True
            )
        if found is None:
            chase.box = None
            return
        chase.forward[frame] = found
        chase.box = found.box
        if found.evidence.any():
            self._seen(chase, _Anchor(frame, found.box))

    @staticmethod
    def _seen(chase: _Chase, face: _Anchor) -> None:
        """The face is in sight."""
        chase.anchor = chase.head = face
        chase.looked, chase.missed = face.frame, 0

    def _goes_on(self, chase: _Chase, frame: int) -> bool:
        """Whether a face out of sight is pursued on: by its texture for a time, and for a longer
        time as long as its head is seen, unless another tracklet has taken it up."""
        assert chase.box is not None and chase.anchor is not None and chase.head is not None
        unseen = frame - chase.anchor.frame
        if unseen <= self._reach:
            return True
        away = chase.head.frame > chase.anchor.frame
        if not away or unseen > self._turned or frame - chase.head.frame > 2 * self._pause:
            return False
        others = (c for c in itertools.chain(self._active, self._later) if c is not chase)
        return not any(self._has_near(other, frame, chase.box) for other in others)

    def _is_anothers(self, chase: _Chase, frame: int, box: Box) -> bool:
        """Whether a weak chase has come upon a well seen face: it would double that face's cover,
        and pass for a face itself."""
        return not chase.well_seen and any(
            c.well_seen and self._has_near(c, frame, box) for c in self._chases
        )

    def _has_near(self, other: _Chase, frame: int, box: Box) -> bool:
        """Whether a tracklet has a sighting about at a box and a frame."""
        frames = other.tracklet.frames
        if not frames[0] - self._near <= frame <= frames[-1] + self._near:
            return False
        row = int(np.abs(frames - frame).argmin())
        there = Box(*other.tracklet.boxes[row].tolist())
        return abs(int(frames[row]) - frame) <= self._near and apart(there, box) < _TAKEN * box.w

    def _back(self, chase: _Chase, frame: int, box: Box, stop: int) -> None:
        anchor = _Anchor(frame, box)
        stop = max(stop, frame - self._reach)  # the ring may hold far older pictures
        pictures = [(f, g) for f, g in self._ring if stop <= f <= frame]
        for (later, after), (earlier, before) in itertools.pairwise(reversed(pictures)):
            found = self._step(chase, after, before, box, later, earlier, anchor)
            if found is None:
                return
            chase.backward[earlier] = found
            box = found.box
            if found.evidence.any():
                anchor = _Anchor(earlier, box)

    def _step(
        self,
        chase: _Chase,
        before: Gray,
        after: Gray,
        box: Box,
        here: int,
        there: int,
        anchor: _Anchor,
        heads: bool = False,
    ) -> Sighting | None:
        """The face on frame `there`, from its box on frame `here`; None if it is lost."""
        camera = self._camera.between(here, there)
        moved = follow(before, after, box, camera, self._scale)
        stride = _RELOOK * (1 + len(self._active) // _CROWD)
        if moved is None or _due(abs(there - anchor.frame), stride):
            found = self._relook(after, moved or waiting(box, camera))
            if found is not None and not self._is_anothers(chase, there, found.box):
                return found
        if heads:
            moved = self._on_its_head(chase, after, moved, waiting(box, camera), there)
        if moved is None:
            return None
        # Small growth of each step adds up: bound the size by the last sighting's.
        expected = waiting(anchor.box, self._camera.between(anchor.frame, there))
        growth = min(max(moved.w / expected.w, 1 / _DRIFT), _DRIFT)
        steady = moved._replace(w=expected.w * growth, h=expected.h * growth)
        return Sighting(steady, UNSEEN)

    @property
    def _pause(self) -> int:
        """Frames between two looks at a head that is seen: more in a crowd."""
        return self._glance * (1 + len(self._active) // _CROWD)

    def _on_its_head(
        self, chase: _Chase, gray: Gray, moved: Box | None, rest: Box, frame: int
    ) -> Box | None:
        """The box that flow `moved`; where flow lost it, or leads on beyond the reach, the place
        where the head is seen; None if both are lost.

        Flow often loses dark hair: a head seen of late is left at `rest` until the next look. No
        look is taken while flow leads and its reach is far off: most faces are found again.
        """
        if self._heads is None:
            return moved
        assert chase.anchor is not None and chase.head is not None
        away = chase.head.frame > chase.anchor.frame
        unseen, wait = frame - chase.anchor.frame, self._pause << min(chase.missed, _PATIENCE)
        led = moved is not None and unseen <= self._reach
        if led and unseen <= self._reach - self._pause:
            return moved
        if moved is None and away and frame - chase.head.frame <= 2 * self._pause:
            moved = rest
        if moved is not None and frame - chase.looked < wait:
            return moved
        chase.looked = frame
        places = [moved or rest]
        still = waiting(chase.head.box, self._camera.between(chase.head.frame, frame))
        if apart(places[0], still) > AGREED * still.w:  # flow may have left a turning head
            places.append(still)
        for place in places:
            head = self._heads(gray, place)
            if head is not None:
                there = _onto(place, head)
                chase.head, chase.missed = _Anchor(frame, there), 0
                return moved if led else there
        chase.missed += 1
        return moved


def _onto(place: Box, head: Box) -> Box:
    """A box moved towards a head's place, until `_LOOSE` from it: covers would tremble."""
    away = apart(place, head)
    share = max(0.0, 1 - _LOOSE * place.h / max(away, 1e-6))
    return place._replace(
        cx=place.cx + share * (head.cx - place.cx), cy=place.cy + share * (head.cy - place.cy)
    )


def _due(unseen: int, stride: int) -> bool:
    """Whether to take a close-up: after 1, 2, 4, 8, ... strides out of sight."""
    strides, rest = divmod(unseen, stride)
    return rest == 0 and strides.bit_count() == 1
