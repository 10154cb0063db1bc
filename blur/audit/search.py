"""The search of an audit: the pictures and glances of a covered clip, in parts side by side."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from blur.audit.itinerary import Again, Itinerary
from blur.audit.watch import WATCHED, Glance, Watch
from blur.cover.region import Outline
from blur.data.arrays import Picture
from blur.data.frame_map import FrameMap
from blur.media.open.clip_info import ClipInfo
from blur.media.open.seek import wanted_frames
from blur.media.open.small_pictures import display_gray, display_rgb
from blur.scan.surprise import REACH

_BLIND = 3
"""Frames from one look to the next, by their number, while the camera's motion is unknown, so that
nothing surprises; larger takes fewer looks in whip pans and in textureless pictures."""
_PART = 300
"""Frames of a part, at least: `2 * REACH` more are decoded for it. Larger leaves more cores without
work."""


class Seen(NamedTuple):
    """A frame's picture, where it is looked at, and the glances that are due with it; `after` is
    the number of the output's next frame."""

    frame: int
    picture: Picture | None
    glances: list[Glance]
    after: int


@dataclass(frozen=True, slots=True)
class Search:
    """A search of the covered file `out`: `info` and `pts` are its own, its `shape` is the clip's.

    `held` maps its frames to the clip's, in which `route` and `again` count; `covers` gives the
    outlines of a frame's covers, display coordinates. Pictures are of (width, height) `size`.
    """

    out: Path
    info: ClipInfo
    shape: ClipInfo
    held: FrameMap
    pts: Sequence[int]
    route: Itinerary
    again: Again | None
    covers: Callable[[int], Sequence[Outline]]
    size: tuple[int, int]

    @property
    def scale(self) -> float:
        """Square pixels of the clip per pixel of a watched picture."""
        return self.shape.square[0] / self.shape.fitted(WATCHED)[0]

    def parts(self, most: int) -> list[range]:
        """Up to `most` parts of the output's frames, of equal length; a later audit has one."""
        frames = len(self.pts)
        count = 1 if self.again is not None else max(1, min(most, frames // _PART))
        bounds = [frames * number // count for number in range(count + 1)]
        return [range(a, b) for a, b in itertools.pairwise(bounds)]

    def seen(self, part: range) -> Generator[Seen]:
        """The clip's frames in a part, each once, or those whose surroundings `again` changed;
        pictures on the route, and where the camera's motion is unknown."""
        info, shape, held, route = self.info, self.shape, self.held, self.route
        present = held.present()
        spans = [(present[0], present[-1] + 1)] if self.again is None else self.again.spans
        watched = [] if info.still else [range(a - REACH, b + REACH) for a, b in spans]
        place = {held.places(frame).start: n for n, frame in enumerate(present)}
        own = {n for index, n in place.items() if index in part}
        if not own:  # copies of a frame before
            return
        near = range(min(own) - REACH, max(own) + REACH + 1)

        def wants(index: int) -> bool:
            if index not in place or place[index] not in near:  # a copy, or of another part
                return False
            frame = held.shown[index]
            mine = place[index] in own and route.wants(frame)
            return mine or any(frame in span for span in watched)

        def covered(n: int) -> list[Outline]:
            pixel = np.array(shape.pixel, np.float32)
            return [outline * pixel for outline in self.covers(present[n])]

        def of_clip(glances: Iterable[Glance]) -> list[Glance]:
            """Glances of this part at frames of the clip, from those at places."""
            return [g._replace(frame=present[g.frame]) for g in glances if g.frame in own]

        watch = Watch(self.scale, covered)
        frames = wanted_frames(self.out, info, self.pts, wants, settled=True)
        with closing(frames):
            for frame in frames:
                n, index, glances = place[frame.index], held.shown[frame.index], list[Glance]()
                if not info.still:  # frames that are left out break no motion
                    gray = display_gray(frame.picture, info.orientation, *shape.fitted(WATCHED))
                    glances += watch.add(n, gray)
                picture = None
                if n in own and (route.wants(index) or (watch.blind and n % _BLIND == 0)):
                    picture = display_rgb(frame.picture, info.orientation, *self.size)
                if n in own or glances:
                    after = min(held.places(index).stop, part.stop)
                    yield Seen(index, picture, of_clip(glances), after)
        yield Seen(present[max(own)], None, of_clip(watch.finish()), part.stop)
