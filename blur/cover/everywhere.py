"""Regions that a batch covers in every clip: burnt-in dates, places, dashboards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from blur.data.plan import Plan, Track
from blur.settings import CoverSettings
from blur.settings.values import Place, parse_places

FIRST = 10**6
"""Id of the first region's track; larger is as good."""


def region_tracks(plan: Plan, settings: CoverSettings) -> Iterator[Track]:
    """A track for each region of the settings that lies within the clip's time.

    Ids start at `FIRST`: no face of a plan has them.
    """
    seconds = (np.array(plan.pts, np.float64) - plan.pts[0]) * float(plan.time_base)
    for number, place in enumerate(parse_places(settings.region), start=FIRST):
        first, last = 0, plan.frames
        if place.span is not None:
            # The frame on the screen as the span begins is covered, too.
            first = max(int(np.searchsorted(seconds, float(place.span[0]), "right")) - 1, 0)
            last = int(np.searchsorted(seconds, float(place.span[1]), "left"))
        if first < last:
            boxes = np.tile(_box(place, plan), (last - first, 1))
            yield Track.unseen(number, first, boxes, "ellipse" if place.ellipse else "person")


def _box(place: Place, plan: Plan) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    x, y, w, h = np.array((place.x, place.y, place.w, place.h)) * (
        plan.width,
        plan.height,
        plan.width,
        plan.height,
    )
    return np.array([[x + w / 2, y + h / 2, w, h, 0]], np.float32)
