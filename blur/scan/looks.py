"""The looks of a scan: which are taken at which frame, and the sightings that they give."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from blur.data.arrays import Picture
from blur.data.sightings import FAMILIES, Sightings, merged
from blur.detect.detections import Detections, Detector
from blur.detect.pyramid import Pyramid, needs_tiles, turned
from blur.detect.squeezed import brought_back, only_there
from blur.detect.treated import treated
from blur.detect.views import MAX_ENLARGE, SizedFrame, View, lifted
from blur.process.prefetch import together
from blur.settings import Level


@dataclass(frozen=True, slots=True)
class Look:
    """A detector on a view of the whole frame, at every `every`th tick from `phase` on.

    `longest` is the view's longest side in pixels: larger finds smaller faces, and cost grows with
    its square. `turns` are counter-clockwise quarter turns. A lower `threshold` (score) finds
    weaker faces and leaves more wrong ones for weeding. Clips whose longest side is under `least`
    pixels go without this look. `quartered` takes four tiles of `longest` pixels, which show the
    frame at nearly twice its size.
    """

    detector: str
    longest: int
    every: int
    phase: int = 0
    turns: int = 0
    threshold: float = 0.1
    least: int = 0
    quartered: bool = False

    def due(self, tick: int) -> bool:
        return tick % self.every == self.phase

    def on(self, longest: int) -> tuple[str, float, int, int, bool]:
        """Detector, threshold, longest side of the view, turns and quartering on a picture whose
        longest side is `longest`; looks with equal answers are the same look."""
        longest = min(self.longest, longest)
        return self.detector, self.threshold, longest, self.turns, self.quartered

    @property
    def picture_side(self) -> int:
        """Pixels on the longest side of a picture for this look."""
        return 2 * self.longest if self.quartered else self.longest


def _turned(
    detector: str,
    longest: int,
    every: int,
    first: int = 0,
    threshold: float = 0.1,
    turns: tuple[int, int, int] = (1, 3, 2),
) -> list[Look]:
    """Looks at three quarter turns, evenly spread over `every` frames from `first` on."""
    return [
        Look(detector, longest, every, (first + i * every // 3) % every, turn, threshold)
        for i, turn in enumerate(turns)
    ]


LEVELS: dict[Level, tuple[Look, ...]] = {
    Level.DRAFT: (
        Look("centerface", 480, every=6),
        Look("centerface", 320, every=6, phase=3),
        Look("yunet", 640, every=12, threshold=0.3),
        *_turned("yunet", 448, every=9, threshold=0.4),
    ),
    Level.FAST: (
        Look("centerface", 640, every=6),
        Look("centerface", 320, every=6, phase=3),
        Look("yunet", 640, every=12, threshold=0.3),
        *_turned("centerface", 448, every=18, threshold=0.15),
        *_turned("yunet", 448, every=18, first=9, threshold=0.4),
        Look("yunet", 1280, every=12, phase=6, threshold=0.3, least=1600),
    ),
    Level.BALANCED: (
        Look("centerface", 960, every=6),
        Look("centerface", 480, every=6, phase=3),
        Look("centerface", 288, every=12, phase=3, threshold=0.3),
        Look("yunet", 1280, every=6, threshold=0.3),
        *_turned("centerface", 640, every=18, threshold=0.15),
        *_turned("yunet", 640, every=18, first=9, threshold=0.4),
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
        Look("centerface", 960, every=2, phase=1),
        Look("yunet", 1280, every=2, phase=1, threshold=0.25),
        *_turned("centerface", 960, every=6),
        *_turned("centerface", 640, every=6, turns=(2, 1, 3)),
        *_turned("yunet", 640, every=6, threshold=0.3),
        Look("yunet", 960, every=6, phase=2, threshold=0.25, least=1600, quartered=True),
        Look("yunet", 1280, every=6, phase=4, threshold=0.25, least=2560, quartered=True),
        Look("centerface", 1280, every=6, quartered=True, least=1600),
    ),
}
"""Sparse looks at several sizes find more than dense ones at one size: a face that fills the frame
or is blurred stands out where it is small. Measured in scans alone (exposed of 9164 clear
face-frames of 31 filmed clips; hard ones in brackets): balanced 2 (413), fast 0 (414); 0 of 2832
over 12 clips of 1080p with small faces, 0 of 248 over 15 clips with faces shown for 3 to 5 frames.
Quartered CenterFace every 48th frame below 2560 pixels leaves 64 of 3725 hard ones, every 24th 4.
YuNet alone on a frame spoils the mean score that weeding uses: 67 of 9164. Turned looks at 480
pixels lose a masked lying face."""

FINDS = 16
"""Pixels, width of the faces that detectors find in a view; larger reports less."""

_Batch = tuple[str, float, tuple[int, ...]]
"""Views for one call of a detector: its name, its threshold, and the shape of their pictures."""


class LookRequest(NamedTuple):
    """A frame to look at: its index and small picture, and the tick whose looks are due; without a
    tick every look is taken."""

    frame: int
    picture: Picture
    tick: int | None


_UNSEEN = 0.085
"""Seconds of display between two looks, at most: two frames at 23.976 to 30 per second, five at 60.
Longer-lived frames are looked at each."""

_TICKS = {Level.DRAFT: 3, Level.FAST: 3, Level.BALANCED: 3, Level.THOROUGH: 1}
"""Ticks of the schedule that a looked-at frame takes; with 1, every frame is looked at."""


class LookClock:
    """Chooses the frames to look at by their time on the screen; `tick` counts the schedule on.

    `time_base` is the seconds in a unit of pts.
    """

    def __init__(self, level: Level, time_base: Fraction) -> None:
        self._step = _TICKS[level]
        self._patience = 0.0 if self._step == 1 else _UNSEEN
        self._seconds = float(time_base)
        self._unseen = math.inf
        self._tick = -self._step

    def tick(self, pts: int, following: int | None) -> int | None:
        """The tick of the frame at `pts`, None where none is due; call it for every frame in turn.

        `following` is the next frame's pts; the last frame has none, and is always looked at.
        """
        shown = math.inf if following is None else (following - pts) * self._seconds
        if self._unseen + shown <= self._patience:
            self._unseen += shown
            return None
        self._unseen = 0.0
        self._tick += self._step
        return self._tick


class ScanLooks:
    """Takes the looks of a level at frames of a clip.

    `width` and `height` are its display size in pixels. Of a `still`, every look in every turn is
    taken in tiles too; of a film beyond 4K, turned looks and those for large pictures. Raises the
    errors of `load`, for any detector of the level.
    """

    def __init__(
        self,
        level: Level,
        width: int,
        height: int,
        load: Callable[[str], Detector],
        still: bool = False,
    ) -> None:
        level = Level.FAST if still and level is Level.DRAFT else level  # a photograph costs little
        self._looks = [look for look in LEVELS[level] if look.least <= max(width, height)]
        self._detectors = {look.detector: load(look.detector) for look in self._looks}
        self._clip = width, height
        self._still, self.tiled = still, needs_tiles(width, height, still)

    def size_at(self, tick: int | None) -> tuple[int, int]:
        """The size of a picture for the looks at a tick, or for every look; ValueError if none."""
        if self._in_tiles(tick):
            return self._clip
        return self._fitted(max(look.picture_side for look in self._due(tick)))

    def take(self, requests: Sequence[LookRequest]) -> list[Sightings]:
        """The sightings of each request's frame, in display coordinates.

        Views of one shape share a call of their detector, and calls run side by side. Raises
        DetectorError.
        """
        shown = [
            (place, request._replace(picture=picture))
            for place, request in enumerate(requests)
            for picture in treated(request.picture)
        ]
        plain = len(shown)
        for place, request in enumerate(requests):
            if (picture := brought_back(request.picture)) is not None:
                shown.append((place, request._replace(picture=picture)))
        asked: list[tuple[int, View]] = []
        batches: defaultdict[_Batch, list[int]] = defaultdict(list)
        for number, (_, request) in enumerate(shown):
            for name, threshold, view in self._views(request):
                batches[name, threshold, view.picture.shape].append(len(asked))
                asked.append((number, view))
        calls = [
            partial(self._detectors[name].detect, [asked[i][1].picture for i in batch], threshold)
            for (name, threshold, _), batch in batches.items()
        ]
        answers: dict[int, Detections] = {}
        for batch, found in zip(batches.values(), together(calls), strict=True):
            answers.update(zip(batch, found, strict=True))
        # In the order of the looks, so that score ties do not depend on the rest of the batch.
        parts: list[list[Detections]] = [[] for _ in shown]
        for i, (number, view) in enumerate(asked):
            parts[number].append(view.restored(answers[i]))
        seen: list[list[Detections]] = [[] for _ in requests]
        for number, (place, request) in enumerate(shown):
            here = Detections.concat([*parts[number], *self._seen_in_tiles(request)])
            if number >= plain:
                frame = requests[place].picture
                here = only_there(here, Detections.concat(seen[place]), frame, request.picture)
            seen[place].append(here)
        return [
            self._sightings(request, Detections.concat(found))
            for request, found in zip(requests, seen, strict=True)
        ]

    def _views(self, request: LookRequest) -> Iterator[tuple[str, float, View]]:
        """Each view to take of a frame, with its detector and threshold."""
        longest = max(request.picture.shape)
        frame = SizedFrame(lifted(request.picture))
        views_of = functools.cache(frame.views)
        due = self._due(request.tick)
        for name, threshold, *way in dict.fromkeys(look.on(longest) for look in due):
            for view in views_of(*way):
                yield name, threshold, view

    def _seen_in_tiles(self, request: LookRequest) -> Iterator[Detections]:
        """The detections of the looks that are due in tiles, one tile at a time."""
        looks = self._in_tiles(request.tick)
        if not looks:
            return
        for tile in Pyramid(request.picture).tiles():
            upright = View(lifted(tile.picture), tile.to_frame)
            shown = [(look, turned(upright, look.turns)) for look in looks]
            calls = [
                partial(self._detectors[look.detector].detect, [view.picture], look.threshold)
                for look, view in shown
            ]
            for (_, view), [found] in zip(shown, together(calls), strict=True):
                yield view.restored(found)

    def _due(self, tick: int | None) -> list[Look]:
        return [look for look in self._looks if tick is None or look.due(tick)]

    def _in_tiles(self, tick: int | None) -> list[Look]:
        """The looks that are due in tiles, of each detector's and turn's the keenest."""
        if not self.tiled:
            return []
        keenest: dict[tuple[str, int], Look] = {}
        for look in sorted(self._due(tick), key=lambda look: look.threshold):
            if self._still or look.turns or look.least:
                keenest.setdefault((look.detector, look.turns), look)
        return list(keenest.values())

    def _fitted(self, longest: int) -> tuple[int, int]:
        """The clip's size, scaled to a longest side of `longest` or by MAX_ENLARGE at most."""
        width, height = self._clip
        scale = min(longest / max(width, height), MAX_ENLARGE)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _sightings(self, request: LookRequest, found: Detections) -> Sightings:
        boxes = found.boxes.copy()
        height, width = request.picture.shape[:2]
        boxes[:, :4] *= (self._clip[0] / width + self._clip[1] / height) / 2
        families = np.array([FAMILIES.index(str(name)) for name in found.detectors], np.intp)
        return merged(request.frame, boxes, found.scores, families)


def smallest_face(level: Level, width: int, height: int, *, still: bool) -> int:
    """Width in display pixels of the smallest upright face that a level's looks can find."""
    longest = max(width, height)
    if needs_tiles(width, height, still):
        return FINDS
    side = max(look.picture_side for look in LEVELS[level] if look.least <= longest)
    return math.ceil(FINDS * max(longest / side, 1 / MAX_ENLARGE))
