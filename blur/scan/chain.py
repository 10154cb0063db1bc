"""Chains: tracks of a clip that show a single person, over gaps and cuts. A proposal, for lists: no
chain keeps a face clear.

Within a shot, place and time decide, unless looks speak against it; over cuts, and wherever a face
comes back elsewhere, looks alone, by a stricter bar. Faces seen side by side are never of a chain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from blur.data.alike import UNLIKE
from blur.data.boxes import carried, sizes
from blur.data.likeness import Descriptor, likenesses, mean
from blur.data.persons import parted, side_by_side
from blur.data.plan import Track
from blur.scan.camera import Camera
from blur.scan.link import Tracklet
from blur.scan.timeline import Timeline
from blur.scan.weed import SEEN_WELL, top

CHAINED = 0.55
"""Likeness of two tracklets, and of all that was chained to each, from which looks alone make them
a person's: the most alike of 91,000 pairs of strangers, by single gray photographs of 20 pixels
from ear to ear; a person's tracklets in a clip reach 0.8 to 1. Larger makes more chains a person.
"""
_GAP_SECONDS = 5.0
"""Seconds between two tracklets that their place may join; larger joins longer absences, and people
who take each other's seat."""
_PLACE = 1.0
"""Face sizes between the last sighting of a tracklet and the first of the next; larger joins faces
that moved farther, and neighbours."""
_SWELL = 1.5  # factor in size between both, at most; larger joins faces that came nearer


def chains(
    tracklets: Sequence[Tracklet], tracks: Sequence[Track], camera: Camera, timeline: Timeline
) -> list[int | None]:
    """The number of each track's person, from 1 in order of appearance; None where nobody can be
    told: no tracklet of the chain was seen well. `tracks` are made of `tracklets`, one of each.
    """
    chained = _Chains(tracklets, tracks)
    for a, b in _in_place(tracklets, camera, timeline):
        chained.join(a, b, UNLIKE)
    for a, b in _alike(tracklets):
        chained.join(a, b, CHAINED)
    heads = [chained.head(i) for i in range(len(tracks))]
    told = {head for head, t in zip(heads, tracklets, strict=True) if top(t) >= SEEN_WELL}
    ordered = sorted(range(len(tracks)), key=lambda i: tracks[i].start)
    numbers: dict[int, int] = {}
    for i in ordered:
        if heads[i] in told:
            numbers.setdefault(heads[i], len(numbers) + 1)
    return [numbers.get(head) for head in heads]


class _Chains:
    """Disjoint sets of tracks, by position; those of a set are never side by side."""

    def __init__(self, tracklets: Sequence[Tracklet], tracks: Sequence[Track]) -> None:
        self._head = list(range(len(tracks)))
        self._members = {i: [i] for i in self._head}
        self._looks: dict[int, list[Descriptor]] = {
            i: list(_looks(tracklet)) for i, tracklet in enumerate(tracklets)
        }
        self._apart: dict[int, set[int]] = defaultdict(set)
        for a, b in _side_by_side(tracks):
            self._apart[a].add(b)
            self._apart[b].add(a)

    def head(self, track: int) -> int:
        while self._head[track] != track:
            track = self._head[track]
        return track

    def join(self, a: int, b: int, bar: float) -> None:
        """Make the chains of two tracks one, unless these are as unlike as `bar`, or tracks of both
        are side by side. Chains without a look are like any."""
        a, b = self.head(a), self.head(b)
        if a == b or any(self._apart[i] & set(self._members[b]) for i in self._members[a]):
            return
        ours, theirs = self._looks[a], self._looks[b]
        if ours and theirs and mean(ours).like(mean(theirs)) < bar:
            return
        self._head[b] = a
        self._members[a] += self._members.pop(b)
        self._looks[a] = ours + self._looks.pop(b)


def _looks(tracklet: Tracklet) -> Sequence[Descriptor]:
    """Looks of a tracklet at the person whom most of them show; none where it passes from a person
    to another."""
    part = max(parted(tracklet.looks), key=len, default=[])
    return [tracklet.looks[i] for i in part] if len(part) > len(tracklet.looks) / 2 else ()


def _side_by_side(tracks: Sequence[Track]) -> Iterator[tuple[int, int]]:
    starts = np.array([t.start for t in tracks], int)
    order = np.argsort(starts, kind="stable").tolist()
    for place, a in enumerate(order):
        for b in order[place + 1 :]:
            if tracks[b].start >= tracks[a].end:
                break
            if side_by_side(tracks[a], tracks[b]):
                yield a, b


def _in_place(
    tracklets: Sequence[Tracklet], camera: Camera, timeline: Timeline
) -> Iterator[tuple[int, int]]:
    """Pairs, of a shot, of which the second begins where the first ended not long before; the
    shortest gaps first."""
    pairs: list[tuple[int, int, int]] = []
    reach = timeline.frames(_GAP_SECONDS)
    starts = np.array([t.start for t in tracklets], int)
    order = np.argsort(starts, kind="stable")
    for a, before in enumerate(tracklets):
        _, end = timeline.shot_of(before.last)
        span = before.last + 1, min(before.last + reach + 1, end)
        for b in order[slice(*np.searchsorted(starts[order], span))].tolist():
            after = tracklets[b]
            moved = carried(before.boxes[-1:], camera.between(before.last, after.start))
            size, other = float(sizes(moved)[0]), float(sizes(after.boxes[:1])[0])
            away = float(np.linalg.norm(moved[0, :2] - after.boxes[0, :2]))
            near = away <= _PLACE * min(size, other)
            if near and max(size, other) <= _SWELL * min(size, other):
                pairs.append((after.start - before.last, a, b))
    yield from ((a, b) for _, a, b in sorted(pairs))


def _alike(tracklets: Sequence[Tracklet]) -> Iterator[tuple[int, int]]:
    """Pairs that look like one person, the most alike first."""
    looks = {i: seen for i, t in enumerate(tracklets) if (seen := _looks(t))}
    known, faces = list(looks), [mean(seen) for seen in looks.values()]
    rows, columns = np.triu_indices(len(known), 1)
    alike = likenesses(faces, faces)[rows, columns]
    order = np.argsort(-alike, kind="stable")
    for pair in order[: int((alike >= CHAINED).sum())].tolist():
        yield known[rows[pair]], known[columns[pair]]
