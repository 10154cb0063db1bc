#!/usr/bin/env python3
"""Clips pulled wide and pressed tall, for `leak.py FOLDER/wide` and `leak.py FOLDER/tall`.

    python tests/bench/squeezed.py FOLDER [--by 3.16]

The first two seconds of twelve of CLIPS: an upright part around the largest face pulled to the
clip's own size, as editing programs pull a phone's upright film over a wide one; and the whole
clip pressed into an upright picture. At 3.16 a film of 9:16 becomes one of 16:9, and the other way
round; an anamorphic lens of 2 presses by 2.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
from truth import CLEAR, OTHER
from woven import Film, Row, clip, save

from blur.data.boxes import bounds, stretched_box
from blur.data.plan import Box

_CLIPS = (
    "cuts0", "edge0", "edge1", "lying0", "lying-mask1", "mask1", "occlude1", "pan1", "roll0",
    "upside1", "whip1", "zoom1",
)  # fmt: skip
_FRAMES = 66
_BY = (16 / 9) ** 2
_WITHIN = 0.75
"""Share of a face's width inside the picture from which it counts."""
_LEAST = 8
"""Pixels, shorter half of a face that counts."""


def pulled(film: Film, by: float) -> Film:
    """An upright part of the film, pulled to its own size."""
    height, width = film[0][0].shape[:2]
    part = round(width / by)
    left = min(max(0, round(middle(film) - part / 2)), width - part)
    out: Film = []
    for picture, rows in film:
        size = (width, height)
        wide = cv2.resize(picture[:, left : left + part], size, interpolation=cv2.INTER_CUBIC)
        out.append((np.asarray(wide, np.uint8), moved(rows, left, width / part, width)))
    return out


def pressed(film: Film, by: float) -> Film:
    """The film, pressed into an upright picture."""
    height, width = film[0][0].shape[:2]
    size = (round(width / by) // 2 * 2, height)
    return [
        (
            np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8),
            moved(rows, 0, size[0] / width, size[0]),
        )
        for picture, rows in film
    ]


def middle(film: Film) -> float:
    """Median over frames of the largest clear face's middle, pixels from the left."""
    clear = [[(row["a"], row["cx"]) for row in rows if row["cls"] == CLEAR] for _, rows in film]
    return float(np.median([max(faces)[1] for faces in clear if faces]))


def moved(rows: list[Row], left: float, across: float, width: int) -> list[Row]:
    """The faces on a picture whose left edge lies at `left`, then stretched `across`."""
    out = []
    for row in rows:
        face = Box(
            row["cx"] - left, row["cy"], 2 * row["a"], 2 * row["b"], math.degrees(row["theta"])
        )
        box = stretched_box(face, across, 1.0)
        low, _, high, _ = bounds(np.array([box], np.float32))[0]
        shown = (min(width, high) - max(0, low)) / (high - low)
        if shown <= 0:
            continue
        kept = shown >= _WITHIN and min(box.w, box.h) >= 2 * _LEAST
        ellipse = {"cx": box.cx, "cy": box.cy, "a": box.w / 2, "b": box.h / 2}
        turn = {"theta": math.radians(box.angle), "cls": row["cls"] if kept else OTHER}
        out.append(row | ellipse | turn)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--by", type=float, default=_BY, metavar="FACTOR")
    given = parser.parse_args()
    for name in _CLIPS:
        film = clip(name)[:_FRAMES]
        for kind, made in (("wide", pulled(film, given.by)), ("tall", pressed(film, given.by))):
            folder = given.folder / kind
            folder.mkdir(parents=True, exist_ok=True)
            save(made, folder / f"{name}-{kind}.mp4")
        print(name, flush=True)


if __name__ == "__main__":
    main()
