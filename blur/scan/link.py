"""Linking: sightings of one shot become tracklets, by one global assignment.

Every sighting chooses at most one successor and serves at most one predecessor; the cheapest
set of choices over the whole shot is a minimum-cost path cover of the sightings, solved as a
sparse bipartite matching (Zhang, Li, Nevatia, "Global data association for multi-object
tracking using network flows", CVPR 2008, without their entry and exit costs per detection).
Weak sightings take part like strong ones (Zhang et al., "ByteTrack", ECCV 2022): what is real
is decided later, from the whole tracklet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from blur.data.boxes import Floats, carried, sizes
from blur.data.plan import Boxes
from blur.data.sightings import Sightings
from blur.scan.camera import Camera

_END_COST = 4.0
"""Price of ending a tracklet; a link that costs more is not made."""

_WINDOW = 240
"""Sightings' frames solved at once; links across the border are settled by the earlier window."""


@dataclass(frozen=True, slots=True)
class Tracklet:
    """Sightings of one face: `frames` (n,) ascending, `boxes` (n, 5), `evidence` (n, families).

    A row without evidence was followed, not seen. `hits` is the share of the looks in its span
    that saw it. `answer` is what the second look gave (see `faces.closeup`), nan when none was
    taken.
    """

    frames: npt.NDArray[np.intp]
    boxes: Boxes
    evidence: npt.NDArray[np.float32]
    hits: float = 1.0
    answer: float = math.nan

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def start(self) -> int:
        return int(self.frames[0])

    @property
    def last(self) -> int:
        return int(self.frames[-1])

    def take(self, rows: npt.NDArray[np.bool_]) -> Tracklet:
        return replace(
            self, frames=self.frames[rows], boxes=self.boxes[rows], evidence=self.evidence[rows]
        )

    def joined(self, other: Tracklet) -> Tracklet:
        """Both, in order of time; on a frame that both have, the better seen one stays."""
        frames = np.concatenate([self.frames, other.frames])
        evidence = np.concatenate([self.evidence, other.evidence])
        boxes = np.concatenate([self.boxes, other.boxes])
        order = np.lexsort((-evidence.max(axis=1), frames))
        _, first = np.unique(frames[order], return_index=True)
        keep = order[first]
        return replace(self, frames=frames[keep], boxes=boxes[keep], evidence=evidence[keep])


def link(sightings: Sequence[Sightings], camera: Camera, reach: int) -> list[Tracklet]:
    """Tracklets of one shot, ordered by start; every sighting is in exactly one.

    `sightings` ascend in frame. `reach` is the most frames that a link may jump; a larger one
    bridges longer losses and makes more wrong joins.
    """
    seen = [s for s in sightings if len(s)]
    if not seen:
        return []
    offsets = np.cumsum([0, *(len(s) for s in seen)])
    frames = np.concatenate([np.full(len(s), s.frame) for s in seen])
    boxes = np.concatenate([s.boxes for s in seen])
    evidence = np.concatenate([s.evidence for s in seen])
    successor = np.full(len(frames), -1)
    taken = np.zeros(len(frames), bool)
    for begin in range(seen[0].frame, seen[-1].frame + 1, _WINDOW):
        inside = [k for k, s in enumerate(seen) if begin <= s.frame < begin + _WINDOW]
        rows, cols, costs = _candidates(seen, inside, offsets, camera, reach)
        free = ~taken[cols]
        for a, b in matching(rows[free], cols[free], costs[free], _END_COST):
            successor[a], taken[b] = b, True
    tracklets = []
    for head in np.flatnonzero(~taken):
        chain = [int(head)]
        while successor[chain[-1]] >= 0:
            chain.append(int(successor[chain[-1]]))
        tracklets.append(Tracklet(frames[chain], boxes[chain], evidence[chain]))
    return tracklets


def _candidates(
    seen: list[Sightings],
    inside: list[int],
    offsets: npt.NDArray[np.intp],
    camera: Camera,
    reach: int,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    rows, cols, costs = [], [], []
    for k in inside:
        for m in range(k + 1, len(seen)):
            gap = seen[m].frame - seen[k].frame
            if gap > reach:
                break
            moved = carried(seen[k].boxes, camera.between(seen[k].frame, seen[m].frame))
            blind = not camera.reliable(seen[k].frame, seen[m].frame)
            cost = link_cost(moved, seen[m].boxes, gap, blind)
            a, b = np.nonzero(cost < _END_COST)
            rows.append(a + offsets[k])
            cols.append(b + offsets[m])
            costs.append(cost[a, b])
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)
    return np.concatenate(rows), np.concatenate(cols), np.concatenate(costs)


def link_cost(moved: Boxes, later: Boxes, gap: int, blind: bool) -> Floats:
    """(n, m) price of taking `later` for what `moved` has become after `gap` frames.

    Distance counts in face sizes; the allowance grows with the gap, and much more where the
    camera's motion could not be measured (`blind`).
    """
    size = np.sqrt(sizes(moved)[:, None] * sizes(later)[None])
    away = np.linalg.norm(moved[:, None, :2] - later[None, :, :2], axis=2) / size
    swell = np.abs(np.log(sizes(moved)[:, None] / sizes(later)[None]))
    allowance = 0.25 + 0.05 * min(gap, 20) + (1.0 if blind else 0.0)
    return np.asarray((away / allowance) ** 2 + (swell / 0.35) ** 2 + 0.06 * (gap - 1))


def matching(
    rows: npt.NDArray[np.intp], cols: npt.NDArray[np.intp], costs: Floats, end: float
) -> list[tuple[int, int]]:
    """The cheapest set of pairs (row, col), each in one pair at most, of those that have `costs`;
    to leave a row alone costs `end`."""
    if not len(rows):
        return []
    sources, row = np.unique(rows, return_inverse=True)
    targets, col = np.unique(cols, return_inverse=True)
    n, m = len(sources), len(targets)
    # A private "end" column for every source makes the matching always full.
    table = coo_array(
        (
            np.concatenate([costs + 1e-3, np.full(n, end)]),
            (np.concatenate([row, np.arange(n)]), np.concatenate([col, m + np.arange(n)])),
        ),
        shape=(n, m + n),
    )
    chosen_row, chosen_col = min_weight_full_bipartite_matching(table.tocsr())
    real = chosen_col < m
    return list(
        zip(sources[chosen_row[real]].tolist(), targets[chosen_col[real]].tolist(), strict=True)
    )
