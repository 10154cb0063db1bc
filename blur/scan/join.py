"""Joining: tracklets that are one face become one tracklet."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats
from blur.data.boxes import bounds, carried, sizes, wrapped
from blur.data.overlap import doubles
from blur.scan.camera import Camera
from blur.scan.link import Tracklet, link_cost, matching
from blur.scan.weed import sure

_SAME_PLACE = 0.5
"""Sizes of the smaller box: distance under which two boxes at a time are one face; larger swallows
neighbours."""
_TURNED_PLACE = 0.9
"""Likewise, sizes of the larger box, if the weaker one is turned and not sure: detectors guess on a
sideways face, while real faces that overlap so far stand alike."""
_TURNED = 60.0
"""Degrees of turn from which `_TURNED_PLACE` holds; larger leaves more turned ghosts as tracks."""
_SHARED = 1 / 3
"""Share of a tracklet's sightings with one of another near in time, from which both are compared;
larger keeps more doubles."""
_ALIKE = 2.0
"""Factor in size up to which a double's lone sightings are the better one's face, as a link's at
most; a larger factor lets a body that is taken for a face swell a face's cover."""
_JOIN_COST = 6.0
"""Cost, of `link_cost` and of the change of score, from which tracklets are not joined; larger
joins more, strangers too."""
_OTHER_SCORE = 0.4
"""Change of the better family's score over a gap that costs 1: a plain face does not come back as a
shadow of itself. Larger joins faces to patches; with 0.4, none of 31 filmed clips loses a face."""
_LONG_GAP = 30  # frames of a gap that cost at most; larger makes long absences dearer to join

_Rows = npt.NDArray[np.bool_]


def absorb(tracklets: list[Tracklet], camera: Camera, near: int) -> list[Tracklet]:
    """Tracklets without doubles: a face seen at two sizes or turns stays once.

    The tracklet with more evidence keeps its boxes. Its double adds sightings more than `near`
    frames from any of its own, and sure ones before and after it: no frame with evidence is lost,
    and weak sightings do not dilute the better one's. A double that is sometimes elsewhere, or far
    larger where the better one has no sighting, is another face at times: those stay a tracklet.
    """
    if not tracklets:
        return []
    tracklets = sorted(tracklets, key=_strength, reverse=True)
    # Without the camera's motion, boxes of different frames can be compared as they are.
    origin = min(t.start for t in tracklets)
    still = [_still(t, camera, origin) for t in tracklets]
    spans = _spans(still)
    kept: dict[int, Tracklet] = {}
    for weaker, tracklet in enumerate(tracklets):
        left, seen = tracklet, still[weaker]
        for better in _meeting(spans, weaker, near):
            if better not in kept:
                continue
            shared, same = _coincidence(still[better], seen, near)
            if np.count_nonzero(same) <= np.count_nonzero(shared) / 2:
                continue
            elsewhere, alike = shared & ~same, _alike(still[better], seen)
            lone = _lone(kept[better], left, near) & ~elsewhere
            if (lone & alike).any():
                kept[better] = kept[better].joined(left.take(lone & alike))
            rest = (~same & elsewhere.any()) | (lone & ~alike)
            left, seen = left.take(rest), seen.take(rest)
            if not rest.any():
                break
        if len(left):
            kept[weaker] = left
    return sorted(kept.values(), key=lambda t: t.start)


def _lone(better: Tracklet, double: Tracklet, near: int) -> _Rows:
    """The double's sightings where the better one has none near, and sure ones beyond its ends."""
    own = better.frames
    lone = np.abs(double.frames - own[_nearest(double.frames, own)]) > near
    beyond = (double.frames < own[0]) | (double.frames > own[-1])
    return np.asarray(lone | (beyond & sure(double)))


def _alike(better: Tracklet, double: Tracklet) -> _Rows:
    """The double's sightings of about the size of the better one's nearest in time."""
    other = better.boxes[_nearest(double.frames, better.frames)]
    return np.asarray(np.abs(np.log(sizes(double.boxes) / sizes(other))) <= np.log(_ALIKE))


def join(tracklets: list[Tracklet], camera: Camera, reach: int) -> list[Tracklet]:
    """Tracklets joined end to start over gaps of up to `reach` frames.

    Repeats the cheapest set of joins (bipartite matching) until no join is left. A gap in which the
    camera's motion is unknown joins nothing: of four, in 31 filmed clips, none was right.
    """
    while successor := dict(_joins(tracklets, camera, reach)):
        joined = set(successor.values())
        chains = []
        for head in range(len(tracklets)):
            if head in joined:
                continue
            chain, at = tracklets[head], head
            while at in successor:
                at = successor[at]
                chain = chain.joined(tracklets[at])
            chains.append(chain)
        tracklets = chains
    return tracklets


def _joins(tracklets: list[Tracklet], camera: Camera, reach: int) -> list[tuple[int, int]]:
    """Pairs of tracklets, by position: each first one goes on with its second."""
    starts = np.array([t.start for t in tracklets])
    order = np.argsort(starts, kind="stable")
    rows, cols, costs = [], [], []
    for i, before in enumerate(tracklets):
        soon = np.searchsorted(starts, before.last + np.array([1, reach + 1]), sorter=order)
        for j in order[slice(*soon)].tolist():
            after = tracklets[j]
            if not camera.reliable(before.last, after.start):
                continue
            moved = carried(before.boxes[-1:], camera.between(before.last, after.start))
            gap = min(after.start - before.last, _LONG_GAP)
            cost = link_cost(moved, after.boxes[:1], gap, blind=False)[0, 0]
            cost += _unlike(before, after)
            if cost < _JOIN_COST:
                rows.append(i)
                cols.append(j)
                costs.append(cost)
    return matching(np.array(rows), np.array(cols), np.array(costs), _JOIN_COST)


def _unlike(before: Tracklet, after: Tracklet) -> float:
    """Cost of the scores' change from the last sighting of one to the first of the next."""
    return float(((before.evidence[-1].max() - after.evidence[0].max()) / _OTHER_SCORE) ** 2)


def _strength(tracklet: Tracklet) -> float:
    return float(tracklet.evidence.max(axis=1).sum())


def _still(tracklet: Tracklet, camera: Camera, origin: int) -> Tracklet:
    """The tracklet with its boxes carried to frame `origin` by the camera's motion."""
    rows = zip(tracklet.frames.tolist(), tracklet.boxes, strict=True)
    boxes = np.concatenate([carried(box[None], camera.between(f, origin)) for f, box in rows])
    return replace(tracklet, boxes=boxes)


class _Spans(NamedTuple):
    """First and last frames of tracklets, and the corners of their boxes' bounds."""

    start: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    low: Floats
    high: Floats


def _spans(tracklets: list[Tracklet]) -> _Spans:
    edges = [bounds(t.boxes) for t in tracklets]
    return _Spans(
        np.array([t.start for t in tracklets]),
        np.array([t.last for t in tracklets]),
        np.array([e[:, :2].min(axis=0) for e in edges]),
        np.array([e[:, 2:].max(axis=0) for e in edges]),
    )


def _meeting(spans: _Spans, one: int, near: int) -> list[int]:
    """Positions before `one` of tracklets that come near it in time and touch it in place."""
    start, last, low, high = (values[:one] for values in spans)
    together = (start <= spans.last[one] + near) & (last >= spans.start[one] - near)
    touching = (low <= spans.high[one]).all(axis=1) & (high >= spans.low[one]).all(axis=1)
    return np.flatnonzero(together & touching).tolist()


def _coincidence(better: Tracklet, weaker: Tracklet, near: int) -> tuple[_Rows, _Rows]:
    """Two masks over the weaker one's sightings: near one of the better in time, and of these, on
    its face. The second is empty if the first holds under `_SHARED` of the sightings."""
    nearest = _nearest(weaker.frames, better.frames)
    shared = np.abs(weaker.frames - better.frames[nearest]) <= near
    same = np.zeros(len(weaker), bool)
    if np.count_nonzero(shared) >= len(weaker) * _SHARED:
        box, other = weaker.boxes[shared], better.boxes[nearest[shared]]
        away = np.linalg.norm(other[:, :2] - box[:, :2], axis=1)
        small, large = np.minimum(sizes(other), sizes(box)), np.maximum(sizes(other), sizes(box))
        inside = doubles(other, box)
        turned = np.abs(wrapped(other[:, 4] - box[:, 4])) > _TURNED
        turned &= ~sure(weaker)[shared]
        near_enough = np.where(turned, _TURNED_PLACE * large, _SAME_PLACE * small)
        same[shared] = (away < near_enough) | inside
    return shared, same


def _nearest(frames: npt.NDArray[np.intp], others: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """For each frame, the position of the nearest in ascending `others`; of two, the earlier."""
    after = np.searchsorted(others, frames).clip(max=len(others) - 1)
    before = (after - 1).clip(min=0)
    earlier = np.abs(frames - others[before]) <= np.abs(frames - others[after])
    return np.where(earlier, before, after)
