#!/usr/bin/env python3
"""Shape of covers against true heads: their area, and its steps from frame to frame.

    python tests/bench/looks.py                      clips with truth beside them
    python tests/bench/looks.py --only pan lying     some of them

A true head is a face's ellipse 1.45 times as wide and 1.55 times as high, half a semi-axis further
up. `ratio` is the area of the smallest cover around a face's centre over that of its head, on
frames where the whole face is clear; `bare` the share of heads outside all covers; `steps` the
share of frames on which a cover's area changes by more than 8 % within a shot, `step` the largest
change. Covers that jump, or hide far more than a head, cost the picture; bare heads show hair.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import paths
from truth import CLEAR, OTHER, Case, Face, cases

from blur.cover.region import Covers, Outline
from blur.data.plan import Plan
from blur.scan.scan import scan
from blur.settings import CoverSettings, Level, ScanSettings

WIDER, HIGHER, UP = 1.45, 1.55, 0.5
"""A head over its face: factors on width and height, shift in semi-axes of the face."""

STEP = 0.08
"""Share of a cover's area; a larger change from one frame to the next is seen as a pop."""

_SCALE = 0.25
"""Samples a pixel of the masks on which bare heads are counted."""


@dataclass
class Shape:
    """Figures of one clip's covers."""

    ratios: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)

    def row(self) -> str:
        ratios, steps = np.array(self.ratios or [math.nan]), np.array(self.steps or [0.0])
        return (
            f"{np.median(ratios):6.2f} {np.percentile(ratios, 95):6.2f} "
            f"{np.mean(self.bare or [0.0]):6.1%} {(steps > STEP).mean():7.2%} {steps.max():6.2f}"
        )


def shape(case: Case, plan: Plan, settings: CoverSettings) -> Shape:
    """The figures of a plan's covers on a clip with known faces."""
    covers = Covers(plan.tracks, plan.shots(), settings, plan.width, plan.height)
    size = round(plan.height * _SCALE), round(plan.width * _SCALE)
    found, areas = Shape(), defaultdict[int, dict[int, float]](dict)
    for frame, faces in enumerate(case.faces[: plan.frames]):
        regions = covers.at(frame)
        outlines = [region.outline() for region in regions if not region.drawn]
        for region in regions:
            if not region.drawn:
                areas[region.seed][frame] = cv2.contourArea(region.outline())
        covered = np.zeros(size, np.uint8)
        for region in regions:
            cv2.fillConvexPoly(covered, _fixed(region.outline()), 255, cv2.LINE_8, 4)
        for face in (face for face in faces if face.kind != OTHER):
            head = _head(face, size)
            found.bare.append(float((head & ~covered).sum() / max(int(head.sum()), 1)))
            if face.kind == CLEAR and _whole(face, plan):
                found.ratios += _ratio(face, outlines)
    cuts = set(plan.cuts)
    for by_frame in areas.values():
        pairs = [(by_frame.get(f - 1), area) for f, area in by_frame.items() if f not in cuts]
        found.steps += [abs(area / before - 1) for before, area in pairs if before]
    return found


def _ratio(face: Face, outlines: Sequence[Outline]) -> list[float]:
    holding = [
        cv2.contourArea(outline)
        for outline in outlines
        if cv2.pointPolygonTest(outline, (face.cx, face.cy), measureDist=False) >= 0
    ]
    return [min(holding) / (math.pi * face.a * face.b * WIDER * HIGHER)] if holding else []


def _whole(face: Face, plan: Plan) -> bool:
    reach = max(face.a, face.b)
    return reach < face.cx < plan.width - reach and reach < face.cy < plan.height - reach


def _head(face: Face, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    mask = np.zeros(size, np.uint8)
    up = UP * face.b
    centre = face.cx + math.sin(face.theta) * up, face.cy - math.cos(face.theta) * up
    axes = face.a * WIDER, face.b * HIGHER
    x, y, a, b = (round(value * _SCALE * 16) for value in (*centre, *axes))
    cv2.ellipse(mask, (x, y), (a, b), math.degrees(face.theta), 0, 360, 255, -1, cv2.LINE_8, 4)
    return mask


def _fixed(outline: Outline) -> npt.NDArray[np.int32]:
    return np.round(outline * _SCALE * 16).astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--level", type=Level, default=Level.BALANCED, choices=list(Level))
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    given = parser.parse_args()
    if not paths.CLIPS.exists():
        parser.exit(0, f"skipped: no clips with truth in {paths.CLIPS}\n")
    whole, medians = Shape(), []
    print(f"{'':14} {'ratio':>6} {'95 %':>6} {'bare':>6} {'steps':>7} {'step':>6}")
    for case in cases(paths.CLIPS):
        if case.name.startswith(tuple(given.only)):
            plan = scan(case.file(), ScanSettings(level=given.level))
            found = shape(case, plan, CoverSettings())
            print(f"{case.name:14} {found.row()}", flush=True)
            whole.ratios += found.ratios
            whole.bare += found.bare
            whole.steps += found.steps
            medians += [float(np.median(found.ratios))] if found.ratios else []
    print(f"{'all':14} {whole.row()}")
    print(f"clips' medians: {np.median(medians):.2f}, 95 % {np.percentile(medians, 95):.2f}")


if __name__ == "__main__":
    main()
