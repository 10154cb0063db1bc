"""Joining: tracklets that are one face become one tracklet."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from blur.boxes import carried, overlaps, sizes, wrapped
from blur.tracks.camera import Camera
from blur.tracks.link import Tracklet, link_cost

_SAME_PLACE = 0.5
"""Distance, in face sizes, under which two boxes at one time are one face seen twice."""

_TURNED_PLACE = 0.9
_TURNED = 60.0
"""The same, in the larger size, where the weaker stands turned by more than these degrees: faces
that overlap so far stand alike, while a detector that is shown a face sidewards guesses."""

_INSIDE = 0.7
_JOIN_COST = 6.0


def absorb(tracklets: list[Tracklet], camera: Camera, near: int) -> list[Tracklet]:
    """Tracklets without doubles: one face seen at two sizes or turns stays once.

    The better seen tracklet keeps its own boxes; a double only adds sightings where the better
    one has none within `near` frames, so that no sighted frame is lost.
    """
    kept: list[Tracklet] = []
    for weaker in sorted(tracklets, key=_strength, reverse=True):
        for i, better in enumerate(kept):
            if _doubles(better, weaker, camera, near):
                away = np.abs(weaker.frames[:, None] - better.frames[None]).min(axis=1) > near
                kept[i] = better.joined(weaker.take(away)) if away.any() else better
                break
        else:
            kept.append(weaker)
    return sorted(kept, key=lambda t: t.start)


def join(tracklets: list[Tracklet], camera: Camera, reach: int) -> list[Tracklet]:
    """Tracklets joined end to start over gaps of up to `reach` frames.

    The cheapest set of joins is taken at once (Hungarian method), again until none is left.
    """
    while len(tracklets) > 1:
        cost = np.full((len(tracklets), len(tracklets)), _JOIN_COST)
        for i, before in enumerate(tracklets):
            for j, after in enumerate(tracklets):
                gap = after.start - before.last
                if 0 < gap <= reach:
                    moved = carried(before.boxes[-1:], camera.between(before.last, after.start))
                    blind = not camera.reliable(before.last, after.start)
                    cost[i, j] = link_cost(moved, after.boxes[:1], min(gap, 30), blind)[0, 0]
        rows, cols = linear_sum_assignment(np.minimum(cost, _JOIN_COST))
        successor = {
            int(i): int(j) for i, j in zip(rows, cols, strict=True) if cost[i, j] < _JOIN_COST
        }
        if not successor:
            break
        heads = [i for i in range(len(tracklets)) if i not in successor.values()]
        chains = []
        for head in heads:
            chain, at = tracklets[head], head
            while at in successor:
                at = successor[at]
                chain = chain.joined(tracklets[at])
            chains.append(chain)
        tracklets = chains
    return tracklets


def _strength(tracklet: Tracklet) -> float:
    return float(tracklet.evidence.max(axis=1).sum())


def _doubles(better: Tracklet, weaker: Tracklet, camera: Camera, near: int) -> bool:
    """Whether most sightings of `weaker` that have a sighting of `better` close in time lie on
    the same face."""
    gaps = np.abs(weaker.frames[:, None] - better.frames[None])
    nearest = gaps.argmin(axis=1)
    shared = np.flatnonzero(gaps.min(axis=1) <= near)
    if len(shared) == 0 or len(shared) < len(weaker) / 3:
        return False
    same = 0
    for row in shared:
        other = better.boxes[nearest[row] : nearest[row] + 1]
        here, there = int(weaker.frames[row]), int(better.frames[nearest[row]])
        moved = carried(other, camera.between(there, here))
        box = weaker.boxes[row : row + 1]
        away = float(np.linalg.norm(moved[0, :2] - box[0, :2]))
        small, large = sorted((float(sizes(moved)[0]), float(sizes(box)[0])))
        inside = overlaps(moved, box)[1][0, 0] > _INSIDE and small > large / 2.5
        turned = abs(wrapped(moved[:, 4] - box[:, 4])[0]) > _TURNED
        near_enough = _TURNED_PLACE * large if turned else _SAME_PLACE * small
        same += away < near_enough or bool(inside)
    return same > len(shared) / 2
