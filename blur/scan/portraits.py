"""Portraits: well seen faces described at a few moments, to tell which tracklets are one person.

Descriptors live in memory, no longer than the tracklets that hold them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from blur.data.arrays import Gray, Picture
from blur.data.likeness import Descriptor
from blur.data.plan import Box
from blur.detect.recogniser import Known
from blur.scan.camera import Camera
from blur.scan.complete import smooth
from blur.scan.examination import moments
from blur.scan.link import Tracklet
from blur.scan.weed import SEEN_WELL, top

_MOMENTS = 3
"""Moments of a tracklet at most, at 15 ms of a core each; more notice briefer exchanges of people
and take longer."""
_FRAMES_A_LOOK = 10
"""Frames of a clip for each look, so that looks take 1 to 2 % of a scan's time; fewer describe more
of a crowd and take longer."""
_MOST = 4000
"""Tracklets at most: memory grows with their square, 128 MB at 4000. Larger describes more of a
crowd's hours."""
_LEAST = 16.0
"""Pixels from ear to ear of the picture that is looked at. Larger describes fewer faces; of 20
pixels, 60 in 100 pairs of photographs of a person are more alike than 999 in 1000 of strangers, and
all 4 tracklets of a person in a clip that were seen so small."""

Look = Callable[[Picture, Box], Known | None]
"""Describes the face in a box of an RGB picture; see `Recogniser.look`."""


class Portraits:
    """Is shown the gray pictures of wanted frames in order, then gives the tracklets their looks.

    Takes no look in a clip whose well seen faces are all there at once: nobody comes back.
    `camera` and `frames` are the clip's, `scale` is display pixels per picture pixel, `load` gives
    the recogniser's look when it is needed first.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        camera: Camera,
        load: Callable[[], Look],
        scale: float,
        frames: int,
    ) -> None:
        self._load = load
        self._due: dict[int, list[tuple[int, Box]]] = defaultdict(list)
        self._looks: dict[int, list[Descriptor]] = defaultdict(list)
        well = [place for place, t in enumerate(tracklets) if top(t) >= SEEN_WELL]
        latest = max((tracklets[place].start for place in well), default=0)
        earliest = min((tracklets[place].last for place in well), default=0)
        coming = [p for p in well if tracklets[p].last < latest or tracklets[p].start > earliest]
        coming.sort(key=lambda place: -len(tracklets[place]))
        looks = max(frames // _FRAMES_A_LOOK, 1)
        described = coming[: min(looks, _MOST)]
        each = min(_MOMENTS, looks // max(len(described), 1))
        for place in described:
            # A sighting's own turn is a guess, by which a face may be read upside down.
            tracklet = smooth(tracklets[place], camera)
            for row in moments(tracklet, each):
                x, y, w, h, angle = tracklet.boxes[row].tolist()
                box = Box(x / scale, y / scale, w / scale, h / scale, angle)
                if min(box.w, box.h) >= _LEAST:
                    self._due[int(tracklet.frames[row])].append((place, box))

    def wants(self, frame: int) -> bool:
        return frame in self._due

    def see(self, frame: int, gray: Gray) -> None:
        """Raises DetectorError."""
        if frame not in self._due:
            return
        picture = np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB))
        for place, box in self._due[frame]:
            known = self._load()(picture, box)
            if known is not None and known.width >= _LEAST:
                self._looks[place].append(known.descriptor)

    def given(self, tracklets: Sequence[Tracklet]) -> list[Tracklet]:
        """The tracklets, in the order of those at the beginning, with their looks."""
        return [replace(t, looks=tuple(self._looks[i])) for i, t in enumerate(tracklets)]
