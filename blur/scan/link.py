"""Linking: the sightings of a shot become tracklets, by global assignment.

Every sighting has at most one successor and one predecessor; the cheapest choice over the shot is a
minimum-cost path cover, solved as a sparse bipartite matching (Zhang, Li, Nevatia, "Global data
association for multi-object tracking using network flows", CVPR 2008, without their entry and exit
costs per detection). Weak sightings take part like strong ones (Zhang et al., "ByteTrack", ECCV
2022): weeding judges whole tracklets later.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from blur.data.arrays import Floats
from blur.data.boxes import carried, sizes
from blur.data.likeness import Descriptor
from blur.data.plan import Boxes
from blur.data.sightings import Sightings
from blur.scan.camera import Camera

_END_COST = 4.0
"""Cost of ending a tracklet, and of the dearest link; larger makes fewer, longer tracklets and more
wrong links."""
_WINDOW = 240
"""Frames solved at once, and those within some reaches of them; links from the latter belong to the
next window. Larger comes nearer the shot's optimum and takes more memory."""
_AHEAD = 4
"""Reaches of frames after a window that are solved with it. Parting a face into two chains, every
other sighting each, costs a tenth of a link for each look: with 1, a wall's chain that ends there
goes on as the face, on one of 18 real videos. Larger takes more memory."""
_NEAR, _NEAR_A_FRAME, _NEAR_BLIND, _MOST_GAP = 0.25, 0.05, 1.0, 20
"""Face sizes of motion that cost 1: for a link, for each frame of its gap up to `_MOST_GAP`, and
where the camera's motion is unknown. Larger links faster faces, and strangers."""
_SWELL = 0.25
"""Change in log size that costs 1; larger links faces that grow faster, and strangers. With 0.35,
bodies and folds of twice a face's size link on to it: covers beyond faces 1.3 times as large over
31 filmed clips; with 0.2, 23 more hard face-frames of 4099 are exposed."""
_GAP = 0.06  # cost of each frame of a gap; larger prefers the nearest sighting in time


class Verdict(enum.Enum):
    """A tracklet's result in close-ups at several moments; `OPEN` before them.

    `FACE` is proven, `UNLIKELY` has silent close-ups, `NONE` all evidence against it: no cover.
    """

    FACE = enum.auto()
    OPEN = enum.auto()
    UNLIKELY = enum.auto()
    NONE = enum.auto()


@dataclass(frozen=True, slots=True)
class Tracklet:
    """Sightings of one face: `frames` (n,) ascending, `boxes` (n, 5), `evidence` (n, families).

    A row without evidence was followed, not detected. `hits` is the share of its span's frames with
    looks that detected it. `answer` is the score of its close-ups, 0 to 1 (`Closeup.answer`), or
    nan; `looks` are its descriptors, in order of time. `beside` are ways back to a face elsewhere,
    each up to its sighting: it needs covers of its own.
    """

    frames: npt.NDArray[np.intp]
    boxes: Boxes
    evidence: npt.NDArray[np.float32]
    hits: float = 1.0
    answer: float = math.nan
    verdict: Verdict = Verdict.OPEN
    looks: tuple[Descriptor, ...] = ()
    beside: tuple[Tracklet, ...] = ()

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
        """Both in order of time; of two rows on a frame, the one with the better score."""
        frames = np.concatenate([self.frames, other.frames])
        evidence = np.concatenate([self.evidence, other.evidence])
        boxes = np.concatenate([self.boxes, other.boxes])
        order = np.lexsort((-evidence.max(axis=1), frames))
        _, first = np.unique(frames[order], return_index=True)
        keep = order[first]
        return replace(self, frames=frames[keep], boxes=boxes[keep], evidence=evidence[keep])


def link(sightings: Sequence[Sightings], camera: Camera, reach: int) -> list[Tracklet]:
    """Tracklets of one shot, ordered by start; every sighting is in exactly one.

    `sightings` ascend in frame. `reach` is the most frames that a link may jump.
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
        end = begin + _WINDOW
        # Without the frames ahead, an end there costs nothing, and a face falls into two tracklets.
        inside = [k for k, s in enumerate(seen) if begin <= s.frame < end + _AHEAD * reach]
        rows, cols, costs = _candidates(seen, inside, offsets, camera, reach)
        free = ~taken[cols]
        for a, b in matching(rows[free], cols[free], costs[free], _END_COST):
            if frames[a] < end:
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
    """(n, m) cost of linking each box of `moved`, carried along the camera's motion, to each box of
    `later`, `gap` frames on; `blind` if the camera's motion is unknown."""
    size = np.sqrt(sizes(moved)[:, None] * sizes(later)[None])
    away = np.linalg.norm(moved[:, None, :2] - later[None, :, :2], axis=2) / size
    swell = np.abs(np.log(sizes(moved)[:, None] / sizes(later)[None]))
    allowance = _NEAR + _NEAR_A_FRAME * min(gap, _MOST_GAP) + (_NEAR_BLIND if blind else 0.0)
    return np.asarray((away / allowance) ** 2 + (swell / _SWELL) ** 2 + _GAP * (gap - 1))


def matching(
    rows: npt.NDArray[np.intp], cols: npt.NDArray[np.intp], costs: Floats, end: float
) -> list[tuple[int, int]]:
    """The cheapest set of pairs (row, col) out of the candidates `rows`, `cols` with their `costs`;
    each row and column is in one pair at most, and a row in none costs `end`."""
    if not len(rows):
        return []
    sources, row = np.unique(rows, return_inverse=True)
    targets, col = np.unique(cols, return_inverse=True)
    n, m = len(sources), len(targets)
    # With an "end" column for every source, a full matching always exists.
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
