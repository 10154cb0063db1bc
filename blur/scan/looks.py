"""The search: which looks are taken at which frame, and what they saw together."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from blur.data.sightings import FAMILIES, Sightings, merged
from blur.data.arrays import Picture
from blur.detect.detections import Detections, Detector
from blur.detect.views import SizedFrame, View, lifted
from blur.process.prefetch import together
from blur.settings import Level


@dataclass(frozen=True, slots=True)
class Look:
    """One detector on one view of the whole frame, taken every `every` frames from `phase` on.

    `longest` is the view's longest side in pixels: a larger one finds smaller faces and costs
    with its square. `turns` are counter-clockwise quarter turns. A lower `threshold` finds
    weaker faces and leaves more for time to sort. Clips whose longest side is under `least` are
    not looked at in this way: enlarging them shows nothing new. `quartered` looks at four tiles
    of `longest` pixels, which show the frame at nearly twice that size.
    """

    detector: str
    longest: int
    every: int
    phase: int = 0
    turns: int = 0
    threshold: float = 0.1
    least: int = 0
    quartered: bool = False

    def due(self, frame: int) -> bool:
        return frame % self.every == self.phase

    def taken(self, longest: int) -> tuple[str, float, int, int, bool]:
        """What is done at a picture whose longest side is `longest`: the detector, its threshold,
        and the view's longest side, turns and whether it is quartered."""
        longest = min(self.longest, longest)
        return self.detector, self.threshold, longest, self.turns, self.quartered

    @property
    def shown(self) -> int:
        """The longest side of the picture that this look is taken at."""
        return 2 * self.longest if self.quartered else self.longest


# Sparse looks at several sizes see more than dense ones at one: what fills the frame or is blurred
# stands out where it is small. What they are unsure of gets a second look; see `tracks.weed`.
LEVELS: dict[Level, tuple[Look, ...]] = {
    Level.FAST: (
        Look("centerface", 640, every=6),
        Look("centerface", 320, every=6, phase=3),
        Look("yunet", 640, every=12, threshold=0.3),
        Look("centerface", 448, every=18, phase=0, turns=1, threshold=0.15),
        Look("centerface", 448, every=18, phase=6, turns=3, threshold=0.15),
        Look("centerface", 448, every=18, phase=12, turns=2, threshold=0.15),
        Look("yunet", 448, every=18, phase=9, turns=1, threshold=0.4),
        Look("yunet", 448, every=18, phase=15, turns=3, threshold=0.4),
        Look("yunet", 448, every=18, phase=3, turns=2, threshold=0.4),
        Look("yunet", 1280, every=12, phase=6, threshold=0.3, least=1600),
    ),
    Level.BALANCED: (
        Look("centerface", 960, every=6),
        Look("centerface", 480, every=6, phase=3),
        Look("centerface", 288, every=12, phase=3, threshold=0.3),
        Look("yunet", 1280, every=6, threshold=0.3),
        Look("centerface", 640, every=18, phase=0, turns=1, threshold=0.15),
        Look("centerface", 640, every=18, phase=6, turns=3, threshold=0.15),
        Look("centerface", 640, every=18, phase=12, turns=2, threshold=0.15),
        Look("yunet", 640, every=18, phase=9, turns=1, threshold=0.4),
        Look("yunet", 640, every=18, phase=15, turns=3, threshold=0.4),
        Look("yunet", 640, every=18, phase=3, turns=2, threshold=0.4),
        Look("yunet", 960, every=12, threshold=0.3, least=1600, quartered=True),
        Look("yunet", 1280, every=12, phase=6, threshold=0.3, least=2560, quartered=True),
        Look("centerface", 960, every=48, phase=6, threshold=0.15, least=1600, quartered=True),
        Look("centerface", 960, every=48, phase=30, threshold=0.15, least=2560, quartered=True),
    ),
    Level.THOROUGH: (
        Look("centerface", 1280, every=2),
        Look("centerface", 640, every=2),
        Look("centerface", 480, every=6, phase=2),
        Look("centerface", 288, every=12, phase=4, threshold=0.3),
        Look("yunet", 1280, every=2, threshold=0.25),
        Look("yunet", 640, every=4, threshold=0.25),
        Look("centerface", 960, every=6, phase=0, turns=1),
        Look("centerface", 960, every=6, phase=2, turns=3),
        Look("centerface", 960, every=6, phase=4, turns=2),
        Look("centerface", 640, every=6, phase=0, turns=2),
        Look("centerface", 640, every=6, phase=2, turns=1),
        Look("centerface", 640, every=6, phase=4, turns=3),
        Look("yunet", 640, every=6, phase=0, turns=1, threshold=0.3),
        Look("yunet", 640, every=6, phase=2, turns=3, threshold=0.3),
        Look("yunet", 640, every=6, phase=4, turns=2, threshold=0.3),
        Look("yunet", 960, every=6, phase=2, threshold=0.25, least=1600, quartered=True),
        Look("yunet", 1280, every=6, phase=4, threshold=0.25, least=2560, quartered=True),
        Look("centerface", 1280, every=6, quartered=True, least=1600),
    ),
}

_Job = tuple[str, float, tuple[int, ...]]
"""What goes to a detector together: its name, the threshold, and the shape of the pictures."""

_rank = operator.itemgetter(0)

_MAX_ENLARGE = 2.0
"""Small clips are looked at enlarged, up to this: more only invents pixels."""


class Glance(NamedTuple):
    """A frame to look at: its index, its small picture, and whether every look is due."""

    frame: int
    picture: Picture
    fresh: bool


class Search:
    """Takes the looks of a level at the frames of one clip.

    `width` and `height` are the clip's display size; `size` is the (width, height) of a picture
    for glances that every look can be taken at.
    """

    def __init__(
        self, level: Level, width: int, height: int, load: Callable[[str], Detector]
    ) -> None:
        self._looks = [look for look in LEVELS[level] if look.least <= max(width, height)]
        self._load = load
        self._clip = width, height
        self.size = self._fitted(max(look.shown for look in self._looks))

    def due(self, frame: int) -> bool:
        """Whether any look is scheduled at this frame."""
        return any(look.due(frame) for look in self._looks)

    def size_at(self, frame: int) -> tuple[int, int]:
        """The size of a picture that serves the looks scheduled at this frame, if any is."""
        return self._fitted(max(look.shown for look in self._looks if look.due(frame)))

    def look(self, glances: Sequence[Glance]) -> list[Sightings]:
        """What the due looks see on each frame, in display coordinates.

        Views of equal size go to a detector together. Raises DetectorError.
        """
        jobs: defaultdict[_Job, list[tuple[int, int, View]]] = defaultdict(list)
        for place, glance in enumerate(glances):
            seen = functools.cache(partial(_views, SizedFrame(lifted(glance.picture))))
            due = [look for look in self._looks if glance.fresh or look.due(glance.frame)]
            # Looks that differ only in when they are due, or in more size than there is, are one.
            taken = dict.fromkeys(look.taken(max(glance.picture.shape)) for look in due)
            for rank, (name, threshold, *way) in enumerate(taken):
                for view in seen(*way):
                    jobs[name, threshold, view.picture.shape].append((place, rank, view))
        calls = [
            partial(self._load(name).detect, [view.picture for *_, view in waiting], threshold)
            for (name, threshold, _), waiting in jobs.items()
        ]
        parts: list[list[tuple[int, Detections]]] = [[] for _ in glances]
        for waiting, found in zip(jobs.values(), together(calls), strict=True):
            for (place, rank, view), detections in zip(waiting, found, strict=True):
                parts[place].append((rank, view.restored(detections)))
        # In the order of its own looks, whatever is looked at beside it: of equal scores one wins.
        return [
            self._sightings(glance, Detections.concat([d for _, d in sorted(part, key=_rank)]))
            for glance, part in zip(glances, parts, strict=True)
        ]

    def _fitted(self, longest: int) -> tuple[int, int]:
        """The clip's size with `longest` as its longest side, or as much as enlarging allows."""
        width, height = self._clip
        scale = min(longest / max(width, height), _MAX_ENLARGE)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _sightings(self, glance: Glance, found: Detections) -> Sightings:
        boxes = found.boxes.copy()
        height, width = glance.picture.shape[:2]
        boxes[:, :4] *= (self._clip[0] / width + self._clip[1] / height) / 2
        families = np.array([FAMILIES.index(str(name)) for name in found.detectors], np.intp)
        return merged(glance.frame, boxes, found.scores, families)


def _views(shown: SizedFrame, longest: int, turns: int, quartered: bool) -> list[View]:
    return shown.quarters(longest) if quartered else [shown.whole(longest, turns)]
