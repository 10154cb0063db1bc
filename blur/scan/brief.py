"""Brief faces: looks at surprises, in every turn, beside the scheduled looks at whole frames."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from blur.data.arrays import Gray, Picture
from blur.data.boxes import carried
from blur.data.plan import Box
from blur.data.sightings import FAMILIES, Sighting, Sightings, merged
from blur.detect.closeup import Closeup
from blur.detect.detections import Detections, Detector
from blur.detect.views import View, crop, lifted
from blur.scan.camera import Camera
from blur.scan.link import Tracklet
from blur.scan.surprise import Surprise
from blur.scan.weed import SURE

_SIDES = (64, 96, 160)
"""Pixels of a crop's side; larger places are shrunk to the last. Few sizes, since each needs a
network. A larger last side finds small faces in large motion, and cost grows with its square."""

_MARGIN = 1.5
"""Side of a crop in sides of its place; smaller cuts faces that changed in part, larger shows them
smaller."""

_CALM = 4
"""Places on a frame up to which CenterFace looks as well: it sees some faces alone, and costs twice
as much. More places take longer."""

_SEEN = 0.3
"""Score from which a close-up follows; lower takes longer."""

_NEAR = 6
"""Frames around a sighting within which it explains a surprise in its place; larger looks at fewer
places, and passes over a face that turns up where another just left."""

_AROUND, _WITHIN, _BEYOND = 0.75, 0.5, 0.35
"""Face sizes from a known face's centre within which a change, and a sighting, are its own between
its sightings: bodies move beside faces; and, for both, before its first sighting and after its
last, where only a held box covers it. Larger passes over a face that turns up beside another, or
that crosses the picture by its own width a frame; smaller looks at more places, and doubles more
covers."""

_TURNS = (0.0, 90.0, 180.0, -90.0)
"""Degrees of the crops."""


class Known(NamedTuple):
    """A known face's box, display coordinates, on a frame between its first sighting and its last
    (`within`), or near them."""

    box: Box
    within: bool


class BriefLooks:
    """Looks at places on the gray pictures of the second pass; `scale` is display pixels per pixel.

    Raises DetectorError.
    """

    def __init__(self, load: Callable[[str], Detector], closeup: Closeup, scale: float) -> None:
        self._load, self._closeup, self._scale = load, closeup, scale

    def take(
        self, frame: int, gray: Gray, places: Sequence[Surprise], known: Sequence[Known]
    ) -> Sightings:
        """Faces at the places, other than the known ones, as close-ups see them.

        A face that no close-up finds stays if a crop was sure of it.
        """
        families = FAMILIES if len(places) <= _CALM else FAMILIES[1:]
        every = seen_at(self._load, views_of(gray, places, self._scale), families, _SEEN)
        columns = np.array([FAMILIES.index(str(name)) for name in every.detectors], np.intp)
        seen = merged(frame, every.boxes, every.scores, columns)
        seen = elsewhere(seen, known)
        faces: list[Sighting] = []
        for row, evidence in zip(seen.boxes.tolist(), seen.evidence, strict=True):
            face = self._closeup.find(gray, Box(*row))
            if face is None and (evidence >= SURE).any():
                face = Sighting(Box(*row), evidence)
            faces += [face] if face is not None else []
        return Sightings(
            frame,
            np.array([face.box for face in faces], np.float32).reshape(-1, 5),
            np.array([face.evidence for face in faces], np.float32).reshape(-1, len(FAMILIES)),
        )


def views_of(gray: Gray, places: Iterable[Surprise], scale: float) -> list[View]:
    """Crops around places of a gray picture, in the turns in which a face may stand there.

    `scale` is display pixels per gray pixel; the views' transforms lead to display coordinates.
    """
    crops = {place: _square_of(place, scale) for place in places}
    return [
        view
        for place, square in crops.items()
        if not any(_shows(other, crops[other], place, scale) for other in crops)
        for view in _views(gray, place, square, scale)
    ]


def seen_at(
    load: Callable[[str], Detector],
    views: Sequence[View],
    detectors: Iterable[str],
    threshold: float,
) -> Detections:
    """Detections on crops, in display coordinates. Raises DetectorError."""
    sizes: dict[int, list[View]] = defaultdict(list)
    for view in views:
        sizes[len(view.picture)].append(view)
    found = [
        _detect(load(name), alike, threshold) for alike in sizes.values() for name in detectors
    ]
    return Detections.concat(list(itertools.chain(*found)))


def _detect(detector: Detector, views: Sequence[View], threshold: float) -> list[Detections]:
    """Detections on views of one size, in display coordinates.

    Four views make one picture, because each picture costs as much as the crops in it.
    """
    fours = [views[i : i + 4] for i in range(0, len(views), 4)]
    answers = detector.detect([_mosaic(four) for four in fours], threshold)
    return [
        view.restored(part)
        for four, answer in zip(fours, answers, strict=True)
        for view, part in zip(four, _parted(answer, len(four[0].picture)), strict=False)
    ]


class _Square(NamedTuple):
    """A square around a place: its side in pixels of the gray picture, and as it is looked at."""

    reach: float
    side: int


def _square_of(place: Surprise, scale: float) -> _Square:
    extent = max(place.box.w, place.box.h) / scale * _MARGIN
    side = next((side for side in _SIDES if side >= extent), _SIDES[-1])
    return _Square(max(extent, side), side)


def _shows(other: Surprise, square: _Square, place: Surprise, scale: float) -> bool:
    """Whether the crop of a turned place shows a small place whole, and as large."""
    away = max(abs(other.box.cx - place.box.cx), abs(other.box.cy - place.box.cy))
    reach = max(place.box.w, place.box.h) / 2 * _MARGIN
    native = square.reach <= square.side
    return other.turned and not place.turned and native and away + reach <= square.reach / 2 * scale


def _views(gray: Gray, place: Surprise, square: _Square, scale: float) -> Iterator[View]:
    for turn in _TURNS if place.turned else _TURNS[:1]:
        centre = place.box.cx / scale, place.box.cy / scale
        view = crop(gray, Box(*centre, square.reach, square.reach, turn), square.side, 1.0)
        to_display = np.diag([scale, scale, 1.0]) @ view.to_frame
        yield View(lifted(cv2.cvtColor(view.picture, cv2.COLOR_GRAY2RGB)), to_display)


def _mosaic(views: Sequence[View]) -> Picture:
    """Up to four equal squares as one, row by row; of one size, since each needs a network."""
    side = len(views[0].picture)
    out = np.zeros((2 * side, 2 * side, 3), np.uint8)
    for place, view in enumerate(views):
        y, x = divmod(place, 2)
        out[y * side : (y + 1) * side, x * side : (x + 1) * side] = view.picture
    return out


def _parted(found: Detections, side: int) -> Iterator[Detections]:
    """The detections on each of a mosaic's four squares, by their centres."""
    for place in range(4):
        y, x = divmod(place, 2)
        inside = ((found.boxes[:, :2] // side) == (x, y)).all(axis=1)
        here = found.take(inside)
        here.boxes[:, :2] -= (x * side, y * side)
        yield here


def unexplained(
    surprises: Iterable[Surprise], known: Mapping[int, Sequence[Known]]
) -> dict[int, list[Surprise]]:
    """The surprises of each frame that are not on its `known` faces."""
    left: dict[int, list[Surprise]] = defaultdict(list)
    for surprise in surprises:
        if not any(_on(surprise.box, face, _AROUND) for face in known[surprise.frame]):
            left[surprise.frame].append(surprise)
    return dict(left)


def elsewhere(seen: Sightings, known: Sequence[Known]) -> Sightings:
    """The sightings that are not on `known` faces."""
    rows = [not any(_on(Box(*row), face, _WITHIN) for face in known) for row in seen.boxes.tolist()]
    return seen.take(np.array(rows, np.bool_))


def faces_near(
    faces: Sequence[Tracklet], camera: Camera, wanted: Collection[int]
) -> defaultdict[int, list[Known]]:
    """The faces' boxes on each of the `wanted` frames within `_NEAR` frames of a sighting, moved
    with the camera."""
    seen: defaultdict[int, list[Known]] = defaultdict(list)
    between = functools.cache(camera.between)  # all faces of a frame go the same ways
    for tracklet in faces:
        for frame, box in zip(tracklet.frames.tolist(), tracklet.boxes, strict=True):
            for near in range(max(0, frame - _NEAR), min(frame + _NEAR + 1, len(camera.steps))):
                if near in wanted:
                    (row,) = carried(box[None], between(frame, near)).tolist()
                    within = tracklet.start <= near <= tracklet.last
                    seen[near].append(Known(Box(*row), within))
    return seen


def _on(place: Box, known: Known, own: float) -> bool:
    """Whether a place is a face's own: about on it, and no larger than its head and neck."""
    face, size = known.box, max(known.box.w, known.box.h)
    away = max(abs(place.cx - face.cx), abs(place.cy - face.cy))
    return away < (own if known.within else _BEYOND) * size and max(place.w, place.h) < 2.2 * size
