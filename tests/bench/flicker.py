#!/usr/bin/env python3
"""Shimmer of covers: temporal variation inside them against the picture around them.

    python tests/bench/flicker.py                    clips that pan, zoom and roll, and stills
    python tests/bench/flicker.py CLIP.mp4 ...       other clips with truth beside them

Covers lie on the true faces, with boxes that tremble by 1 % of their size as a detector's do.
`change` is the mean absolute difference of luma, 8-bit steps, from frame to frame; `flicker` from
the mean of the frames before and after. Inside: under covers on all the frames compared. Around:
under none, within half a cover's width of a cover. A `still` is a clip's first frame, held by an
unsteady hand before a noisy sensor. Exits 1 when covers change or flicker more than the picture
around them.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
import paths
from truth import Face, cases

from blur.cover.fills import make_fill
from blur.cover.paint import paint
from blur.cover.region import Covers
from blur.data.plan import Mark, Track
from blur.settings import CoverSettings, FillName

FRAMES = 60
"""Of each clip."""
PANS = "pan0 pan1 pan2 zoom1 roll0".split()  # noqa: SIM905
STILLS = "dark0 lying1 occlude1".split()  # noqa: SIM905

TREMBLE = 0.01
"""Standard deviation of a box's place and size, share of its size; larger shakes covers more."""


class Moment(NamedTuple):
    """A covered frame: luma, and masks of the samples under covers and around them."""

    luma: npt.NDArray[np.float32]
    under: npt.NDArray[np.bool_]
    around: npt.NDArray[np.bool_]


def tracks(faces: list[list[Face]], seed: int = 0) -> list[Track]:
    """A track for each unbroken appearance, with trembling boxes."""
    rng = np.random.default_rng(seed)
    rows: dict[int, dict[int, list[float]]] = defaultdict(dict)
    for frame, there in enumerate(faces):
        for face in there:
            size = (2 * face.a, 2 * face.b)
            row = [face.cx, face.cy, *size, float(np.degrees(face.theta))]
            tremble = rng.normal(0, TREMBLE, 4) * (size * 2)
            rows[face.id][frame] = (row + np.append(tremble, 0)).tolist()
    found = []
    for by_frame in rows.values():
        frames = sorted(by_frame)
        for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
            boxes = np.array([by_frame[int(frame)] for frame in run], np.float32)
            marks = np.full(len(run), Mark.DETECTED, np.uint8)
            scores = np.ones(len(run), np.float32)
            found.append(Track(len(found), int(run[0]), boxes, marks, scores))
    return found


def decoded(clip: Path) -> Iterator[av.VideoFrame]:
    """The clip's first `FRAMES` frames."""
    with av.open(str(clip)) as container:
        for frame, picture in enumerate(container.decode(video=0)):
            if frame == FRAMES:
                return
            yield picture


def held(clip: Path) -> Iterator[av.VideoFrame]:
    """The clip's first frame, `FRAMES` times, shaken by a hand and with a sensor's noise."""
    rng = np.random.default_rng(1)
    first = next(decoded(clip)).to_ndarray(format="rgb24").astype(np.float32)
    for _ in range(FRAMES):
        x, y = rng.normal(0, 0.3, 2)
        moved = cv2.warpAffine(
            first,
            np.array([[1, 0, x], [0, 1, y]]),
            first.shape[1::-1],
            borderMode=cv2.BORDER_REFLECT,
        )
        noisy = moved + rng.normal(0, 1.5, first.shape[:2])[..., None]
        picture = av.VideoFrame.from_ndarray(
            np.clip(noisy, 0, 255).astype(np.uint8), format="rgb24"
        )
        yield picture.reformat(format="yuv420p")


def moments(
    pictures: Iterator[av.VideoFrame], faces: list[list[Face]], fill: str
) -> Iterator[Moment]:
    """The frames covered by `fill`."""
    made = make_fill(CoverSettings(fill=FillName(fill)))
    covers: Covers | None = None
    for frame, picture in enumerate(pictures):
        width, height = picture.width, picture.height
        covers = covers or Covers(tracks(faces), [(0, len(faces))], CoverSettings(), width, height)
        before = picture.to_ndarray(format="gray").astype(np.float32)
        regions = covers.at(frame)
        painted = paint(picture, regions, made).to_ndarray(format="gray").astype(np.float32)
        under, near = (np.zeros(before.shape, np.uint8) for _ in range(2))
        for region in regions:
            cv2.fillConvexPoly(under, np.round(region.outline()).astype(np.int32), 1)
            reach = region.boxes[0].w / 2
            cv2.fillConvexPoly(near, np.round(region.outline(reach)).astype(np.int32), 1)
        yield Moment(painted, under > 0, (near > 0) & (painted == before) & (under == 0))


def measured(sequence: Iterator[Moment]) -> dict[str, tuple[float, float]]:
    """`change` and `flicker`, each (inside, around), in 8-bit steps."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    last: list[Moment] = []
    for moment in sequence:
        last = [*last[-2:], moment]
        for name, count in (("change", 2), ("flicker", 3)):
            if len(last) < count:
                continue
            some = last[-count:]
            middle = some[1].luma if count == 3 else some[0].luma
            other = (some[0].luma + some[2].luma) / 2 if count == 3 else some[1].luma
            difference = np.abs(middle - other)
            for place in ("under", "around"):
                where = np.logical_and.reduce([getattr(m, place) for m in some])
                sums[name, place][0] += float(difference[where].sum())
                sums[name, place][1] += float(where.sum())
    means = {key: total / max(count, 1) for key, (total, count) in sums.items()}
    return {name: (means[name, "under"], means[name, "around"]) for name in ("change", "flicker")}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--fill", default="soft", choices=[name.value for name in FillName])
    given = parser.parse_args()
    chosen = [*given.clips] or [paths.CLIPS / f"{name}.mp4" for name in PANS]
    jobs = [(path, False) for path in chosen]
    if not given.clips:
        jobs += [(paths.CLIPS / f"{name}.mp4", True) for name in STILLS]
    worse = 0
    print(f"{'clip':16}{'change in':>10}{'around':>8}{'flicker in':>12}{'around':>8}")
    for path, still in jobs:
        case = next((c for c in cases(path.parent) if c.source == path), None)
        if case is None:
            print(f"skipped: {path} has no truth beside it")
            continue
        faces = [case.faces[0]] * FRAMES if still else case.faces[:FRAMES]
        result = measured(moments(held(path) if still else decoded(path), faces, given.fill))
        (change, changes), (flicker, flickers) = result["change"], result["flicker"]
        name = f"{case.name} still" if still else case.name
        print(f"{name:16}{change:10.2f}{changes:8.2f}{flicker:12.2f}{flickers:8.2f}", flush=True)
        worse += change > changes or flicker > flickers
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
