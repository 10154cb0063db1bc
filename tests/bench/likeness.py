#!/usr/bin/env python3
"""How well the recogniser tells people apart: the numbers behind its bars.

    python tests/bench/likeness.py [shrunk|turned|masked|gray|tiny|trials ...]

Pairs of photographs of `id_lfw`, as they are and made harder: share of pairs of one person that
are more alike than all but 1 in 100, 1000 and 10,000 pairs of strangers, and the likeness there;
the likeness of the two most alike strangers.
`trials`: is a track offered as the person's, who is known by one to three photographs? 10,000
tracks of strangers and as many of the person, of one to three other photographs each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from paths import FACEDATA

from blur.data.alike import Alike, alike
from blur.data.arrays import Picture
from blur.data.likeness import Descriptor, likenesses, mean
from blur.data.plan import Box, Track
from blur.detect.recogniser import Recogniser

_RATES = (1e-2, 1e-3, 1e-4)
_TRIALS = 10_000
_SHRUNK, _TINY = 40, 20
"""Pixels from ear to ear."""


def _shrunk(picture: Picture, box: Box, width: int = _SHRUNK) -> tuple[Picture, Box]:
    """The face at `width` pixels, as a phone's JPEG of quality 70."""
    scale = width / box.w
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
    "tiny": lambda picture, box: _gray(*_shrunk(picture, box, _TINY)),
}


def photographs() -> Iterator[tuple[str, Picture]]:
    """Each person's name with each of the photographs."""
    folder = FACEDATA / "id_lfw"
    people = json.loads((folder / "gt.json").read_text())["people"]
    for name, files in people.items():
        for file in files:
            yield name, np.ascontiguousarray(cv2.imread(str(folder / file))[..., ::-1])


def trials(people: dict[str, list[Descriptor]]) -> None:
    """Prints how often a track is offered as the person's, of strangers and of the person."""
    rng = np.random.default_rng(0)
    names = sorted(people)
    offered = {True: 0, False: 0}
    for trial in range(2 * _TRIALS):
        own = trial % 2 == 0
        kept, other = rng.choice(names, 2, replace=False).tolist()
        photos = [people[kept][i] for i in rng.permutation(len(people[kept]))]
        known, rest = photos[: rng.integers(1, 4)], photos[3:] if own else people[other]
        shown = [rest[i] for i in rng.permutation(len(rest))[: rng.integers(1, 4)]]
        offered[own] += bool(_offered(shown, mean(known)))
    for own, count in offered.items():
        print(f"{'own' if own else 'strangers'}: offered {count} of {_TRIALS}", flush=True)


def _offered(shown: Sequence[Descriptor], person: Descriptor) -> list[Alike]:
    """What is offered of a track that looks like each of `shown` for half a second."""
    frames = 15 * len(shown)
    boxes = np.tile(np.array([[100, 100, 50, 60, 0]], np.float32), (frames, 1))
    track = Track(0, 0, boxes, np.zeros(frames, np.uint8), np.ones(frames, np.float32))
    return alike(track, [track], lambda _, frame: shown[frame // 15], person, 30.0)


def main(ways: Sequence[str]) -> None:
    recogniser = Recogniser(threads=1)
    given = [
        (name, picture, box)
        for name, picture in photographs()
        if (box := portrait(recogniser, picture)) is not None
    ]
    print(f"{len(given)} photographs")
    if not ways or "trials" in ways:
        people: dict[str, list[Descriptor]] = {}
        for name, picture, box in given:
            if (known := recogniser.look(picture, box)) is not None:
                people.setdefault(name, []).append(known.descriptor)
        trials(people)
    for way in [way for way in ways if way in _WAYS] if ways else _WAYS:
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
        most = f"strangers up to {strangers[-1]:.2f}"
        print(f"{way:9} {len(found):4} described  {rates}  {most}", flush=True)


def portrait(recogniser: Recogniser, picture: Picture) -> Box | None:
    """The face of a portrait: of the large ones, that nearest to the middle."""
    middle = np.array(picture.shape[1::-1]) / 2
    boxes = [box for box, _ in recogniser.faces(picture)]
    return min(
        boxes, key=lambda b: float(np.hypot(*(np.array(b[:2]) - middle))) - b.w, default=None
    )


if __name__ == "__main__":
    main(sys.argv[1:])
