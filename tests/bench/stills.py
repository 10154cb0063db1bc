#!/usr/bin/env python3
"""Reach and likeness of a question's pictures by which faces of filmed clips are seen in them.

    python tests/bench/stills.py --plans FOLDER [--only NAME ...]

Prints the share of known clear faces that the scan's first detector sees at the middle of a still,
by the still's reach in face sizes, of small faces in pixels; and by how much a face that shows
changes a moment from the covered one where a quarter of it shows, as `strip.unlike` measures it,
beside the change from one covered moment to the next: for `_REACH`, `_LEAST` and `_WIDER` of
`data.moments` and `_ALIKE` of `review.strip`.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import paths
from truth import CLEAR, Case, Face, cases

from blur.cover.fills import make_fill
from blur.cover.region import Covers
from blur.data.arrays import Picture
from blur.data.plan import Box
from blur.detect.registry import load_detector
from blur.media.open.probe import probe
from blur.media.open.seek import wanted_frames
from blur.render.pictures import as_shown, covered, patch
from blur.review.strip import SIDE, change, coarse
from blur.settings import CoverSettings
from blur.store.plans import load_plan

EVERY = 10
"""Frames between two of a clip that are measured."""
REACHES = (1.5, 2.0, 2.5, 3.0, 3.75, 4.0, 5.0, 6.0, 8.0)
"""Face sizes from a still's centre to its edge."""
SMALLER = 8
"""Factor by which pictures are made smaller for faces of a few pixels."""
LEASTS = (15, 20, 30, 40, 60, 80)
"""Pixels from the centre of a small face's still to its edge."""
SEEN = 0.3
"""Score from which the detector sees a face."""
SHOWN = 150
"""Pixels on which the page shows a still at least."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--plans", type=Path, required=True, help="plans of the filmed clips")
    asked.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    given = asked.parse_args()
    seen: dict[tuple[str, float], list[bool]] = defaultdict(list)
    comes: list[float] = []
    stays: list[float] = []
    for case in cases(paths.CLIPS):
        if case.name.startswith(tuple(given.only)):
            measure(case, given.plans / f"{case.name}.json", seen, comes, stays)
    for (kind, reach), rows in sorted(seen.items()):
        print(f"{kind:24} reach {reach:5.2f}: {np.mean(rows):5.1%} of {len(rows)} faces seen")
    for name, values in (("a quarter comes", comes), ("covered moments", stays)):
        tells = np.percentile(values, [0, 1, 5, 25, 50, 95])
        print(f"{name:16} {len(values)} changes:", *(f"{value:.1f}" for value in tells))


def measure(
    case: Case, file: Path, seen: dict[tuple[str, float], list[bool]],
    comes: list[float], stays: list[float],
) -> None:  # fmt: skip
    plan, info = load_plan(file), probe(case.file())
    covers = Covers.of_plan(plan, CoverSettings())
    fill, chance = make_fill(CoverSettings()), random.Random(case.name)
    wanted = set(range(0, plan.frames, EVERY)) | set(range(3, plan.frames, EVERY))
    before: dict[int, np.ndarray] = {}
    for frame in wanted_frames(case.file(), info, plan.pts, lambda at: at in wanted):
        faces = [f for f in case.faces[frame.index] if f.kind == CLEAR and inside(f, plan)]
        drawn = covered(frame.picture, info, covers.at(frame.index), fill)
        if frame.index % EVERY == 0:
            for face in chance.sample(faces, min(len(faces), 4)):
                for reach in REACHES:
                    still = patch(frame.picture, info, around(face, reach), SHOWN)
                    seen[kind_of(face), reach].append(shows(still, reach))
            small = as_shown(frame.picture, info, max(plan.width, plan.height) // SMALLER)
            for face in faces:
                tiny = face.scaled(1 / SMALLER)._replace(cx=face.cx / SMALLER, cy=face.cy / SMALLER)
                size = 2 * max(tiny.a, tiny.b)
                for least in LEASTS if size < 16 else ():
                    turn = np.array([[1, 0, -tiny.cx], [0, 1, -tiny.cy]]) * SHOWN / (2 * least)
                    turn[:, 2] += SHOWN / 2
                    still = cv2.warpAffine(small, turn, (SHOWN, SHOWN))
                    kind = f"small {kind_of(tiny)}"
                    seen[kind, least].append(shows(still, least / size))
        for face in faces:
            square = around(face, 2.5)
            still, clear = (patch(p, info, square, SIDE) for p in (drawn, frame.picture))
            hidden = coarse(still)
            comes.append(min(change(hidden, coarse(part)) for part in quarters(still, clear)))
            if face.id in before:
                stays.append(change(before[face.id], hidden))
            before[face.id] = hidden


def quarters(still: Picture, clear: Picture) -> Iterator[Picture]:
    """The still with a quarter of the face in clear, each of four."""
    middle, reach = SIDE // 2, SIDE // 10
    for rows in (slice(middle - reach, middle), slice(middle, middle + reach)):
        for columns in (slice(middle - reach, middle), slice(middle, middle + reach)):
            part = still.copy()
            part[rows, columns] = clear[rows, columns]
            yield part


def inside(face: Face, plan) -> bool:
    return face.a <= face.cx <= plan.width - face.a and face.b <= face.cy <= plan.height - face.b


def kind_of(face: Face) -> str:
    wide = 2 * face.a
    edges = (0, 8, 12, 16, 24, 40, 10_000)
    return next(f"{a:3}-{b} px wide" for a, b in itertools.pairwise(edges) if wide < b)


def around(face: Face, reach: float) -> Box:
    side = 2 * reach * 2 * max(face.a, face.b)
    return Box(face.cx, face.cy, side, side)


def shows(still: Picture, reach: float) -> bool:
    """Whether the detector sees a face at the middle of a still, as large as the page shows it."""
    found = load_detector("centerface").detect([still], SEEN)[0]
    near = np.abs(found.boxes[:, :2] - SHOWN / 2).max(axis=1) < SHOWN / (4 * reach) + 4
    return bool(near.any())


if __name__ == "__main__":
    main()
