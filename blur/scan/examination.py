"""Close-ups of covered tracklets at several moments, by families that fail apart, for a verdict."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.data.boxes import sizes
from blur.data.plan import Box
from blur.detect.landmarks import SIDE, Mesh
from blur.detect.views import crop, lifted
from blur.scan.company import CROWD, boxes_at, count_faces, lies_below
from blur.scan.link import Tracklet, Verdict
from blur.scan.overlooked import ASIDE, FEW, LITTLE, MUTE, WEAK, may_be_overlooked, seen_by_one
from blur.scan.verdict import (
    DARK,
    HUSHED,
    INSIDE,
    PRESENT,
    QUIET,
    SILENT,
    Finding,
    better_half,
    is_plain,
    judged,
    keeping_answer,
    open_to_dropping,
    passed_over,
    proven,
    summed,
)
from blur.scan.weed import SEEN_WELL, best_three, top

_MOMENTS = 5
"""Moments of a tracklet for close-ups, the best sighting of as many equal parts; more are steadier
and dearer, at 30 ms of a core each."""
_FAINT_MOMENTS = 3
"""Moments, likewise, of faint places, of which there are many, and whose looks tell as much."""
_PROOFS = 2
"""Moments, likewise, for landmarks to prove a well seen face, at 4 ms each; more prove more."""
_REACHES = (1.4, 1.8)
"""Face sizes on the sides of the close-ups for landmarks; others answer less on photographs."""
_QUARTERS = (90.0, 180.0, -90.0)

_TINY = 20.0
"""Display pixels, mean of a face's width and height, under which a weak sighting is texture where
nobody is about; larger drops more. Sharp faces of 8 to 24 pixels filmed on real footage score 0.79
and more, so do half of masked, turned and blurred ones that are seen at all from 14 pixels on."""
_STEADY = 0.5
"""Share of looks that see a tiny face from which it is kept; larger drops more. Of 10 patches of
gravel seen three times or more the steadiest reaches 0.47, masked and lying faces 0.6."""
_LIKELY = 0.25
"""Mean of CenterFace's three best scores from which a tracklet tells that people are about; larger
drops more. A crowd of faces of 10 to 20 pixels reaches 0.37; grass and foliage 0.23, and gravel,
which stays covered where it looks most like a face, 0.34."""
_ABOUT = 300
"""Frames on both sides of a tracklet within which people are about it; larger drops less."""


class Closeups(Protocol):
    """`Closeup`, for tests as well."""

    def answer(self, gray: Gray, box: Box, family: str = ...) -> float: ...


Look = Callable[[Sequence[npt.NDArray[np.uint8]]], list[Mesh]]
"""Landmarks of upright close-ups."""


class Examination:
    """Is shown the gray pictures of wanted frames in order, then gives the verdicts.

    `tracklets` are those that would be covered; `scale` is display pixels per picture pixel. Raises
    the errors of `closeups` and `look`.
    """

    def __init__(
        self, tracklets: Sequence[Tracklet], closeups: Closeups, look: Look, scale: float
    ) -> None:
        self._tracklets, self._closeups, self._look = tracklets, closeups, look
        self._scale = scale
        self._due: dict[int, list[int]] = defaultdict(list)
        self._found: list[list[Finding]] = [[] for _ in tracklets]
        self._limits: dict[int, tuple[float, int]] = {}
        self._well = [t for t in tracklets if top(t) >= SEEN_WELL]
        self._crowded = functools.cache(lambda frame: count_faces(self._well, frame) >= CROWD)
        likely = [t for t in tracklets if best_three(t.evidence[:, 0]) >= _LIKELY]
        # By place: weak and tiny where nobody is about; dropped by passed looks or not at all; seen
        # by the second family all but alone.
        self._lone: set[int] = set()
        self._faint: set[int] = set()
        self._aside: set[int] = set()
        bodies = False
        for place, tracklet in enumerate(tracklets):
            if self._in_crowd(tracklet):
                continue
            rows = moments(tracklet, _MOMENTS)
            if seen_by_one(tracklet, scale):
                self._aside.add(place)
                self._ask_about(place, rows, ASIDE)
                continue
            near = self._may_lie_on_body(tracklet, rows)
            bodies |= near
            if _is_lone(tracklet, likely):
                self._lone.add(place)
            if place in self._lone or open_to_dropping(tracklet, near):
                limit = HUSHED if place in self._lone else QUIET if near else SILENT
                faint = keeping_answer(tracklet) * may_be_overlooked(tracklet)
                self._ask_about(place, rows, max(limit, faint))
            else:
                self._ask_faint(place)
        for place, tracklet in enumerate(tracklets):
            if bodies and top(tracklet) >= SEEN_WELL and place not in self._aside:
                self._ask(place, moments(tracklet, _PROOFS))

    def wants(self, frame: int) -> bool:
        return frame in self._due

    def may_drop(self, place: int) -> bool:
        """Whether the verdict on a tracklet may be `NONE`."""
        return place in self._limits

    def see(self, frame: int, gray: Gray) -> None:
        for place in self._due.get(frame, ()):
            if not proven(self._found[place]) and not self._settled(place):
                self._found[place].append(self._finding(frame, gray, place))

    def verdicts(self, pursued: Sequence[Tracklet], looked: npt.NDArray[np.intp]) -> list[Verdict]:
        """A verdict for each tracklet, in their order.

        `pursued` are the tracklets after their pursuit, `looked` the frames of the whole looks.
        """
        found_of = zip(self._tracklets, self._found, strict=True)
        faces = [t for t, found in found_of if top(t) >= SEEN_WELL and proven(found)]
        verdicts = []
        for place, (tracklet, found) in enumerate(zip(self._tracklets, self._found, strict=True)):
            on_body = any(self._on_body(f.box, f.frame, faces) for f in found)
            if found and not proven(found) and self._passed_over(place, pursued[place], looked):
                verdicts.append(Verdict.NONE)
            elif place in self._faint:
                verdicts.append(Verdict.OPEN)
            else:
                verdicts.append(judged(tracklet, found, on_body, place in self._lone))
        return verdicts

    def _passed_over(self, place: int, pursued: Tracklet, looked: npt.NDArray[np.intp]) -> bool:
        """Whether looks passed a tracklet over, and its close-ups say as little."""
        found = self._found[place]
        if place in self._aside and seen_by_one(pursued, self._scale):
            answer, _ = summed(found)
            return answer < ASIDE and max(f.presence for f in found) < MUTE
        return passed_over(pursued, found, looked, self._scale)

    def _ask_faint(self, place: int) -> None:
        """Ask for close-ups of a tracklet that looks alone may overlook."""
        if may_be_overlooked(self._tracklets[place]):
            self._faint.add(place)
            rows = moments(self._tracklets[place], _FAINT_MOMENTS)
            self._ask_about(place, rows, keeping_answer(self._tracklets[place]))

    def _ask_about(self, place: int, rows: Sequence[int], limit: float) -> None:
        """Ask for close-ups until the better half of as many answers reaches `limit` in the mean:
        then the tracklet cannot be dropped."""
        self._ask(place, rows)
        self._limits[place] = limit, better_half(len(rows))

    def _ask(self, place: int, rows: Sequence[int]) -> None:
        for row in rows:
            self._due[int(self._tracklets[place].frames[row])].append(place)

    def _settled(self, place: int) -> bool:
        """Whether further close-ups of a tracklet cannot drop it."""
        if place not in self._limits:
            return False
        limit, half = self._limits[place]
        answers = sorted((f.answer for f in self._found[place]), reverse=True)
        return sum(answers[:half]) >= limit * half

    def _may_lie_on_body(self, tracklet: Tracklet, rows: Sequence[int]) -> bool:
        return top(tracklet) < SEEN_WELL and any(
            self._on_body(Box(*tracklet.boxes[row].tolist()), int(tracklet.frames[row]), self._well)
            for row in rows
        )

    def _in_crowd(self, tracklet: Tracklet) -> bool:
        """Whether a tracklet lies among so many faces that a weak one is likely one of them."""
        return self._crowded(int(tracklet.frames[len(tracklet) // 2]))

    def _on_body(self, box: Box, frame: int, faces: Sequence[Tracklet]) -> bool:
        """Whether a place lies on the body of one of `faces` that is upright then, in no crowd."""
        return not self._crowded(frame) and any(
            lies_below(box, face) for face in boxes_at(faces, frame)
        )

    def _finding(self, frame: int, gray: Gray, place: int) -> Finding:
        tracklet = self._tracklets[place]
        box = Box(*tracklet.boxes[int(np.searchsorted(tracklet.frames, frame))].tolist())
        well = top(tracklet) >= SEEN_WELL and place not in self._aside
        x, y, w, h = (value / self._scale for value in box[:4])
        small = Box(x, y, w, h, box.angle)
        answer = 1.0 if well else self._closeups.answer(gray, box)
        if not well and answer < QUIET:
            answer += self._closeups.answer(gray, box, "yunet") / 2
        upright, mean, contrast = self._presence(gray, small, (0.0,))
        turned = 0.0
        # Of faint places that are seen often it counts only if close-ups are silent.
        faint = SILENT if len(tracklet) > FEW else LITTLE
        if answer < (faint if place in self._faint else QUIET) and upright < PRESENT:
            turned, *_ = self._presence(gray, small, _QUARTERS)
        # The edge cuts large faces; the rest of a tiny face is nobody's.
        lone = place in self._lone
        inside = 1.0 if lone else _inside(small, gray.shape[1], gray.shape[0])
        fit = mean >= DARK and inside >= INSIDE and is_plain(mean, contrast)
        presence = max(upright, turned)
        return Finding(frame, box, answer, upright, presence, fit, inside, mean, contrast)

    def _presence(self, gray: Gray, box: Box, turns: Sequence[float]) -> tuple[float, float, float]:
        """The best presence over the turns; mean and standard deviation of the close-ups' grey
        levels."""
        seen = [crop(gray, box, SIDE, reach, turn).picture for turn in turns for reach in _REACHES]
        coloured = [lifted(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)) for picture in seen]
        presence = max(mesh.presence for mesh in self._look(coloured))
        return presence, float(np.mean(seen)), float(np.std(seen))


def moments(tracklet: Tracklet, count: int) -> list[int]:
    """Rows of the best sighting in each of `count` equal parts, in order of time."""
    seen = np.flatnonzero(tracklet.evidence.any(axis=1))
    scores = tracklet.evidence.max(axis=1)
    parts = np.array_split(seen, min(count, len(seen)))
    return [int(part[np.argmax(scores[part])]) for part in parts]


def _is_lone(tracklet: Tracklet, likely: Sequence[Tracklet]) -> bool:
    """Whether a tracklet is weak, unsteady and tiny, as in crowds, but nobody is about."""
    steady = tracklet.evidence.any(axis=1).sum() >= FEW and tracklet.hits >= _STEADY
    return (
        top(tracklet) < WEAK
        and not steady
        and float(sizes(tracklet.boxes).mean()) < _TINY
        and not any(
            t.start - _ABOUT <= tracklet.last and tracklet.start <= t.last + _ABOUT for t in likely
        )
    )


def _inside(box: Box, width: int, height: int) -> float:
    """Share of a box, upright and a fifth larger, that lies within the picture."""
    across = min(box.cx + 0.6 * box.w, width) - max(box.cx - 0.6 * box.w, 0.0)
    down = min(box.cy + 0.6 * box.h, height) - max(box.cy - 0.6 * box.h, 0.0)
    return max(0.0, across) * max(0.0, down) / (1.44 * box.w * box.h)
