"""Joining: tracklets that are one face become one tracklet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from blur.boxes import bounds, carried, paired_inside, sizes, wrapped
from blur.plan import Boxes
from blur.tracks.camera import Camera
from blur.tracks.link import Tracklet, link_cost
from blur.tracks.weed import sure

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
    # With the camera's motion taken out, boxes of different frames can be compared as they are.
    origin = min(t.start for t in tracklets)
    still = [_still(t, camera, origin) for t in tracklets]
    meeting = _meeting(tracklets, still, near)
    order = sorted(range(len(tracklets)), key=lambda i: -_strength(tracklets[i]))
    grown: dict[int, Tracklet] = {}
    for weaker in order:
        for better in list(grown):
            if not meeting[weaker, better]:
                continue
            shared, same = _coincidence(
                tracklets[better], still[better], tracklets[weaker], still[weaker], near
            )
            if np.count_nonzero(same) > np.count_nonzero(shared) / 2:
                if (shared & ~same).any():
                    grown[weaker] = tracklets[weaker].take(~same)
                extra, own = tracklets[weaker].take(same | ~shared), grown[better].frames
                lone = np.abs(extra.frames[:, None] - own[None]).min(axis=1) > near
                beyond = (extra.frames < own[0]) | (extra.frames > own[-1])
                lone |= beyond & sure(extra)
                if lone.any():
                    grown[better] = grown[better].joined(extra.take(lone))
                break
        else:
            grown[weaker] = tracklets[weaker]
    return sorted(grown.values(), key=lambda t: t.start)


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


def _still(tracklet: Tracklet, camera: Camera, origin: int) -> Boxes:
    """The boxes as they would lie on frame `origin` if only the camera had moved."""
    rows = zip(tracklet.frames.tolist(), tracklet.boxes, strict=True)
    return np.concatenate([carried(box[None], camera.between(f, origin)) for f, box in rows])


def _meeting(tracklets: list[Tracklet], still: list[Boxes], near: int) -> npt.NDArray[np.bool_]:
    """(n, n) whether two tracklets come close in time and place: the others need no comparison."""
    start = np.array([t.start for t in tracklets])
    last = np.array([t.last for t in tracklets])
    together = (start[:, None] <= last[None] + near) & (start[None] <= last[:, None] + near)
    extent = np.array([[*(bounds(s)[:, :2].min(0)), *(bounds(s)[:, 2:].max(0))] for s in still])
    low, high = extent[:, :2], extent[:, 2:]
    touching = (low[:, None] <= high[None]).all(-1) & (low[None] <= high[:, None]).all(-1)
    return np.asarray(together & touching)


def _coincidence(
    better: Tracklet, better_still: Boxes, weaker: Tracklet, weaker_still: Boxes, near: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which sightings of `weaker` have one of `better` close in time, and which of those lie on
    the same face; none where fewer than a third have one."""
    gaps = np.abs(weaker.frames[:, None] - better.frames[None])
    shared = gaps.min(axis=1) <= near
    same = np.zeros(len(weaker), bool)
    if np.count_nonzero(shared) >= len(weaker) / 3:
        box, other = weaker_still[shared], better_still[gaps.argmin(axis=1)[shared]]
        away = np.linalg.norm(other[:, :2] - box[:, :2], axis=1)
        small, large = np.minimum(sizes(other), sizes(box)), np.maximum(sizes(other), sizes(box))
        inside = (paired_inside(other, box) > _INSIDE) & (small > large / 2.5)
        turned = np.abs(wrapped(other[:, 4] - box[:, 4])) > _TURNED
        turned &= ~sure(weaker)[shared]
        near_enough = np.where(turned, _TURNED_PLACE * large, _SAME_PLACE * small)
        same[shared] = (away < near_enough) | inside
    return shared, same
