#!/usr/bin/env python3
"""How well the recogniser tells people apart: the numbers behind its bars.

    python tests/bench/likeness.py [shrunk|turned|masked|gray ...]

Pairs of photographs of `id_lfw`, as they are and made harder: share of pairs of one person that are
more alike than all but 1 in 100, 1000 and 10,000 pairs of strangers, and the likeness there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from paths import FACEDATA

from blur.data.arrays import Picture
from blur.data.likeness import Descriptor, likenesses
from blur.data.plan import Box
from blur.detect.recogniser import Recogniser

_RATES = (1e-2, 1e-3, 1e-4)
_SHRUNK = 40
"""Pixels from ear to ear."""


def _shrunk(picture: Picture, box: Box) -> tuple[Picture, Box]:
    """The face at `_SHRUNK` pixels, as a phone's JPEG of quality 70."""
    scale = _SHRUNK / box.w
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 70])
    return np.asarray(cv2.imdecode(coded, 1)), Box(*(v * scale for v in box[:4]))


def _turned(picture: Picture, box: Box) -> tuple[Picture, Box]:
    height = picture.shape[0]
    turned = np.ascontiguousarray(cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE))
    return turned, Box(box.cy, height - box.cx, box.w, box.h, -90.0)


def _masked(picture: Picture, box: Box) -> tuple[Picture, Box]:
    """The face below its eyes under a flat mask."""
    out = picture.copy()
    left, right = round(box.cx - 0.46 * box.w), round(box.cx + 0.46 * box.w)
    top, bottom = round(box.cy + 0.05 * box.h), round(box.cy + 0.5 * box.h)
    mask = np.array([[left, top], [right, top], [right - 12, bottom], [left + 12, bottom]])
    cv2.fillConvexPoly(out, mask, (160, 185, 200))
    return out, box


def _gray(picture: Picture, box: Box) -> tuple[Picture, Box]:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), box


_WAYS: dict[str, Callable[[Picture, Box], tuple[Picture, Box]]] = {
    "as it is": lambda picture, box: (picture, box),
    "shrunk": _shrunk,
    "turned": _turned,
    "masked": _masked,
    "gray": _gray,
}


def photographs() -> Iterator[tuple[str, Picture]]:
    """Each person's name with each of the photographs."""
    folder = FACEDATA / "id_lfw"
    people = json.loads((folder / "gt.json").read_text())["people"]
    for name, files in people.items():
        for file in files:
            yield name, np.ascontiguousarray(cv2.imread(str(folder / file))[..., ::-1])


def main(ways: Sequence[str]) -> None:
    recogniser = Recogniser(threads=1)
    given = [
        (name, picture, box)
        for name, picture in photographs()
        if (box := portrait(recogniser, picture)) is not None
    ]
    print(f"{len(given)} photographs")
    for way in ways or _WAYS:
        names, found = [], list[Descriptor]()
        for name, picture, box in given:
            known = recogniser.look(*_WAYS[way](picture, box))
            if known is not None:
                names.append(name)
                found.append(known.descriptor)
        alike = likenesses(found, found)
        person = np.array(names)
        once = np.triu(np.ones_like(alike, bool), 1)
        same = person[:, None] == person[None]
        ours, strangers = alike[same & once], np.sort(alike[~same & once])
        bars = [strangers[int(len(strangers) * (1 - rate))] for rate in _RATES]
        rates = "  ".join(f"{(ours > bar).mean():6.1%} over {bar:.2f}" for bar in bars)
        print(f"{way:9} {len(found):4} described  {rates}", flush=True)


def portrait(recogniser: Recogniser, picture: Picture) -> Box | None:
    """The face of a portrait: of the large ones, that nearest to the middle."""
    middle = np.array(picture.shape[1::-1]) / 2
    boxes = [box for box, _ in recogniser.faces(picture)]
    return min(
        boxes, key=lambda b: float(np.hypot(*(np.array(b[:2]) - middle))) - b.w, default=None
    )


if __name__ == "__main__":
    main(sys.argv[1:])
