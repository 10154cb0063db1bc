"""Persons: tracks of all clips that look alike. Nothing here decides who is kept clear: groups are
shown to a person, who does. Descriptors stay in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from blur.data.alike import UNLIKE
from blur.data.arrays import Floats
from blur.data.boxes import sizes
from blur.data.likeness import Descriptor, likenesses
from blur.data.plan import Mark, Track

ALIKE = 0.4
"""Mean likeness between two groups from which they are one person. Of 428 single photographs of 50
people none is grouped with a stranger from 0.3 on, and a person falls into 1.02 groups from 0.3 to
0.4, 1.12 at 0.5; larger makes more groups a person."""
_NEVER = 5.0
"""Distance between two faces that are in a picture together, where a stranger's is 1; larger parts
larger groups by a single such pair. At 10 a second track beside a person parts 3 of 21 and 3 of 22
of that person's faces in 20 clips from the others (`tests/bench/keeping.py`), from 2 to 6 none."""


@dataclass(frozen=True, slots=True)
class Face:
    """A track of a clip, and the look of a person whom it shows: of a track that goes from one
    person to another there are several. `others` are further tracks of its chain."""

    clip: str
    track: Track
    look: Descriptor
    others: tuple[Track, ...] = ()

    @property
    def tracks(self) -> tuple[Track, ...]:
        return (self.track, *self.others)


def persons(faces: Sequence[Face]) -> list[list[int]]:
    """Positions of the faces of each person, the person with most of them first.

    Average linkage; faces seen side by side are two people. O(n^2) memory.
    """
    if len(faces) < 2:
        return [[i] for i in range(len(faces))]
    groups = fcluster(
        linkage(squareform(_distances(faces), checks=False), "average"), 1 - ALIKE, "distance"
    )
    found = [np.flatnonzero(groups == group).tolist() for group in np.unique(groups)]
    return sorted(found, key=lambda group: (-len(group), group))


def parted(looks: Sequence[Descriptor]) -> list[list[int]]:
    """Positions of a track's looks, in order of time, by the people it shows: a look unlike all
    before it is somebody else's, who took the track over where two people crossed."""
    parts: list[list[int]] = []
    for position, look in enumerate(looks):
        alike = [max(look.like(looks[i]) for i in part) for part in parts]
        if alike and max(alike) >= UNLIKE:
            parts[alike.index(max(alike))].append(position)
        else:
            parts.append([position])
    return parts


def _distances(faces: Sequence[Face]) -> Floats:
    looks = [face.look for face in faces]
    away = (1 - likenesses(looks, looks)).clip(0, 2)
    for i, face in enumerate(faces):
        for j in range(i + 1, len(faces)):
            if faces[j].clip == face.clip and _differ(face, faces[j]):
                away[i, j] = away[j, i] = _NEVER
    np.fill_diagonal(away, 0)
    return away


def _differ(one: Face, other: Face) -> bool:
    """Whether two looks of a track are meant, or two people."""
    return any(a.id == b.id or side_by_side(a, b) for a in one.tracks for b in other.tracks)


def side_by_side(one: Track, other: Track) -> bool:
    """Whether a detector saw two tracks at once, more than a face apart."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    if start >= end:
        return False
    a, b = slice(start - one.start, end - one.start), slice(start - other.start, end - other.start)
    seen = (one.marks[a] == Mark.DETECTED) & (other.marks[b] == Mark.DETECTED)
    away = np.linalg.norm(one.boxes[a, :2] - other.boxes[b, :2], axis=1)
    return bool((seen & (away > np.maximum(sizes(one.boxes[a]), sizes(other.boxes[b])))).any())
