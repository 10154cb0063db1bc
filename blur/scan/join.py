"""Joining: tracklets that are one face become one tracklet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.boxes import Floats, bounds, carried, paired_inside, sizes, wrapped
from blur.data.plan import Boxes
from blur.scan.camera import Camera
from blur.scan.link import Tracklet, link_cost, matching
from blur.scan.weed import sure

_SAME_PLACE = 0.5
"""Distance, in face sizes, under which two boxes at one time are one face seen twice."""

_TURNED_PLACE = 0.9
_TURNED = 60.0
"""The same, in the larger size, where the weaker stands turned by more than these degrees and is
not sure: faces that overlap so far stand alike, while a detector that is shown a face sidewards
guesses."""

_INSIDE = 0.7
_JOIN_COST = 6.0


def absorb(tracklets: list[Tracklet], camera: Camera, near: int) -> list[Tracklet]:
    """Tracklets without doubles: one face seen at two sizes or turns stays once.

    The better seen tracklet keeps its own boxes; a double only adds sightings where the better
    one has none within `near` frames, and sure ones before and after it, so that no frame that
    counts is lost and no weak one speaks against the better. Where the better one is sometimes
    elsewhere, the double is another face at times: all of it that is not the same stays as well.
    """
    if not tracklets:
        return []
    tracklets = sorted(tracklets, key=_strength, reverse=True)
    # With the camera's motion taken out, boxes of different frames can be compared as they are.
    origin = min(t.start for t in tracklets)
    still = [_still(t, camera, origin) for t in tracklets]
    spans = _spans(tracklets, still)
    grown: dict[int, Tracklet] = {}
    for weaker, tracklet in enumerate(tracklets):
        for better in _meeting(spans, weaker, near):
            if better not in grown:
                continue
            shared, same = _coincidence(
                tracklets[better], still[better], tracklet, still[weaker], near
            )
            if np.count_nonzero(same) > np.count_nonzero(shared) / 2:
                if (shared & ~same).any():
                    grown[weaker] = tracklet.take(~same)
                extra, own = tracklet.take(same | ~shared), grown[better].frames
                lone = np.abs(extra.frames - own[_nearest(extra.frames, own)]) > near
                beyond = (extra.frames < own[0]) | (extra.frames > own[-1])
                lone |= beyond & sure(extra)
                if lone.any():
                    grown[better] = grown[better].joined(extra.take(lone))
                break
        else:
            grown[weaker] = tracklet
    return sorted(grown.values(), key=lambda t: t.start)


def join(tracklets: list[Tracklet], camera: Camera, reach: int) -> list[Tracklet]:
    """Tracklets joined end to start over gaps of up to `reach` frames.

    The cheapest set of joins is taken at once (Hungarian method), again until none is left.
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
    """Which tracklet goes on with which."""
    starts = np.array([t.start for t in tracklets])
    order = np.argsort(starts, kind="stable")
    rows, cols, costs = [], [], []
    for i, before in enumerate(tracklets):
        soon = np.searchsorted(starts, before.last + np.array([1, reach + 1]), sorter=order)
        for j in order[slice(*soon)].tolist():
            after = tracklets[j]
            moved = carried(before.boxes[-1:], camera.between(before.last, after.start))
            blind = not camera.reliable(before.last, after.start)
            gap = min(after.start - before.last, 30)
            cost = link_cost(moved, after.boxes[:1], gap, blind)[0, 0]
            if cost < _JOIN_COST:
                rows.append(i)
                cols.append(j)
                costs.append(cost)
    return matching(np.array(rows), np.array(cols), np.array(costs), _JOIN_COST)


def _strength(tracklet: Tracklet) -> float:
    return float(tracklet.evidence.max(axis=1).sum())


def _still(tracklet: Tracklet, camera: Camera, origin: int) -> Boxes:
    """The boxes as they would lie on frame `origin` if only the camera had moved."""
    rows = zip(tracklet.frames.tolist(), tracklet.boxes, strict=True)
    return np.concatenate([carried(box[None], camera.between(f, origin)) for f, box in rows])


class _Spans(NamedTuple):
    """Where tracklets begin and end, in time and, with the camera's motion taken out, in place."""

    start: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    low: Floats
    high: Floats


def _spans(tracklets: list[Tracklet], still: list[Boxes]) -> _Spans:
    edges = [bounds(boxes) for boxes in still]
    return _Spans(
        np.array([t.start for t in tracklets]),
        np.array([t.last for t in tracklets]),
        np.array([e[:, :2].min(axis=0) for e in edges]),
        np.array([e[:, 2:].max(axis=0) for e in edges]),
    )


def _meeting(spans: _Spans, one: int, near: int) -> list[int]:
    """Those before `one` that come close to it in time and place: no others need comparison."""
    start, last, low, high = (values[:one] for values in spans)
    together = (start <= spans.last[one] + near) & (last >= spans.start[one] - near)
    touching = (low <= spans.high[one]).all(axis=1) & (high >= spans.low[one]).all(axis=1)
    return np.flatnonzero(together & touching).tolist()


def _coincidence(
    better: Tracklet, better_still: Boxes, weaker: Tracklet, weaker_still: Boxes, near: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which sightings of `weaker` have one of `better` close in time, and which of those lie on
    the same face; none where fewer than a third have one."""
    nearest = _nearest(weaker.frames, better.frames)
    shared = np.abs(weaker.frames - better.frames[nearest]) <= near
    same = np.zeros(len(weaker), bool)
    if np.count_nonzero(shared) >= len(weaker) / 3:
        box, other = weaker_still[shared], better_still[nearest[shared]]
        away = np.linalg.norm(other[:, :2] - box[:, :2], axis=1)
        small, large = np.minimum(sizes(other), sizes(box)), np.maximum(sizes(other), sizes(box))
        inside = (paired_inside(other, box) > _INSIDE) & (small > large / 2.5)
        turned = np.abs(wrapped(other[:, 4] - box[:, 4])) > _TURNED
        turned &= ~sure(weaker)[shared]
        near_enough = np.where(turned, _TURNED_PLACE * large, _SAME_PLACE * small)
        same[shared] = (away < near_enough) | inside
    return shared, same


def _nearest(frames: npt.NDArray[np.intp], others: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Of ascending `others`, the index of the one nearest to each frame, of two the earlier."""
    after = np.searchsorted(others, frames).clip(max=len(others) - 1)
    before = (after - 1).clip(min=0)
    earlier = np.abs(frames - others[before]) <= np.abs(frames - others[after])
    return np.where(earlier, before, after)
