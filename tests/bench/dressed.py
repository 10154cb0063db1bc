#!/usr/bin/env python3
"""People in hospital dress, made of the clips, for `leak.py FOLDER`.

    python tests/bench/dressed.py FOLDER [--only hood tube ...]

The first three seconds of twelve of CLIPS, each once for every dress: a mask under a cap, a mask
for oxygen, a tube held by tape, a visor, a bandage around the head or over the eyes, dark glasses,
a scarf that leaves the eyes, a hood with goggles and a mask. Dress is painted in a face's own
frame, so that it turns and grows with it, at the brightness of the face. Photographs show it on
people from the side and on faces that hide already, where it fits badly.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from woven import Film, Row, clip, save

Plane = npt.NDArray[np.float32]
Colour = tuple[int, int, int]
Layer = tuple[Plane, Colour]
"""Share of a layer's colour at each point, 0 to 1, and that colour, red, green and blue."""

_CLIPS = (
    "cuts0", "edge2", "lying-mask0", "lying1", "mask2", "occlude0", "pan1", "pan2", "roll1",
    "upside0", "whip0", "zoom2",
)  # fmt: skip
_FRAMES = 90
_REACH = 2.3
"""Half a face's longer axis, in which its dress lies."""
_EDGE = 0.05
_WHITE = 165.0
"""Grey level of the brighter quarter of a face in full light."""
_FOLDS, _PERIOD = 12.0, 256
"""Grey levels, sigma of a cloth's folds; points after which they repeat."""


def inside(*distances: Plane) -> Plane:
    """1 where all are above 0, falling to 0 over `_EDGE`."""
    nearest = distances[0]
    for distance in distances[1:]:
        nearest = np.minimum(nearest, distance)
    return np.asarray(np.clip(nearest / _EDGE + 0.5, 0, 1), np.float32)


def ring(u: Plane, v: Plane, width: float, height: float, below: float = 0.0) -> Plane:
    """1 at the middle of an ellipse, 0 at its edge, less outside."""
    return np.asarray(1 - np.hypot(u / width, (v - below) / height), np.float32)


def mask(u: Plane, v: Plane) -> Plane:
    return inside(v - 0.14 - 0.06 * abs(u), 1.08 - v - 0.25 * u**2, 1 - abs(u))


def cap(u: Plane, v: Plane) -> list[Layer]:
    hair = inside(-0.56 - v + 0.16 * u**2, ring(u, v, 1.5, 1.6))
    return [(hair, (70, 130, 140)), (mask(u, v), (150, 190, 215))]


def oxygen(u: Plane, v: Plane) -> list[Layer]:
    shell = ring(u, v, 0.62, 0.55, 0.42)
    strap = inside(0.05 - abs(v - 0.3), abs(u) - 0.6, 1.2 - abs(u))
    hose = inside(0.12 - abs(u), v - 0.85, 2.2 - v)
    rim = np.exp(-((shell / 0.06) ** 2)).astype(np.float32)
    clear = inside(shell) * np.float32(0.5)
    return [(clear, (190, 225, 205)), (rim, (215, 235, 225)), (strap, (160, 200, 180)),
            (hose, (170, 210, 190))]  # fmt: skip


def tube(u: Plane, v: Plane) -> list[Layer]:
    tapes = [inside(0.1 - abs(v - 0.42 - s * 0.25 * u), 0.9 - abs(u)) for s in (1, -1)]
    pipe = inside(0.07 - abs(u - 0.12 - 0.2 * (v - 0.4)), v - 0.4, 2 - v)
    nose = inside(0.12 - abs(v + 0.02), 0.3 - abs(u))
    return [*((tape, (236, 232, 222)) for tape in (*tapes, nose)), (pipe, (195, 215, 220))]


def visor(u: Plane, v: Plane) -> list[Layer]:
    pane = inside(1.25 - abs(u), 1.5 - v, v + 0.8)
    glare = np.clip(np.sin(2.6 * v + 4.8 * u + np.sin(2 * u)), 0, 1) ** 2 * 0.55 + 0.18
    band = inside(0.16 - abs(v + 0.8), 1.3 - abs(u))
    return [(np.asarray(pane * glare, np.float32), (225, 235, 240)), (band, (60, 90, 160))]


def bandage(u: Plane, v: Plane) -> list[Layer]:
    wound = np.maximum(-0.05 - v + 0.55 * u, np.maximum(abs(u) - 0.8, v - 0.92))
    return [(inside(ring(u, v, 1.45, 1.6), wound), (225, 222, 214))]


def blindfold(u: Plane, v: Plane) -> list[Layer]:
    return [(inside(0.27 - abs(v + 0.22), 1.15 - abs(u)), (228, 224, 216))]


def glasses(u: Plane, v: Plane) -> list[Layer]:
    lenses = [inside(ring(u - s * np.float32(0.4), v, 0.36, 0.2, -0.2)) for s in (1, -1)]
    bridge = inside(0.04 - abs(v + 0.28), 1 - abs(u))
    return [(part, (18, 18, 20)) for part in (*lenses, bridge)]


def scarf(u: Plane, v: Plane) -> list[Layer]:
    slit = inside(0.24 - abs(v + 0.2), 0.9 - abs(u))
    return [(inside(ring(u, v, 1.6, 1.75)) * (1 - slit), (34, 33, 36))]


def hood(u: Plane, v: Plane) -> list[Layer]:
    around = np.maximum(np.maximum(abs(u) - 0.85, -0.6 - v), v - 1)
    pane = inside(0.3 - abs(v + 0.2), 0.85 - abs(u))
    rim = pane * (1 - inside(0.23 - abs(v + 0.2), 0.77 - abs(u)))
    return [(inside(ring(u, v, 1.8, 1.9), around), (232, 234, 238)), (mask(u, v), (238, 238, 236)),
            (pane * np.float32(0.3), (200, 215, 225)), (rim, (70, 95, 120))]  # fmt: skip


DRESSES: dict[str, Callable[[Plane, Plane], list[Layer]]] = {
    made.__name__: made
    for made in (cap, oxygen, tube, visor, bandage, blindfold, glasses, scarf, hood)
}


def folds() -> Plane:
    noise = np.random.default_rng(0).normal(0, 1, (_PERIOD, _PERIOD)).astype(np.float32)
    wide = cv2.GaussianBlur(np.tile(noise, (3, 3)), (0, 0), 9)[_PERIOD:-_PERIOD, _PERIOD:-_PERIOD]
    return np.asarray(wide / wide.std() * _FOLDS, np.float32)


def dressed(film: Film, dress: Callable[[Plane, Plane], list[Layer]]) -> Film:
    """The film with everybody dressed, smaller faces behind larger ones."""
    cloth, lights = folds(), dict[int, float]()
    out: Film = []
    for picture, rows in film:
        painted = picture.astype(np.float32)
        for row in sorted(rows, key=lambda row: row["a"] * row["b"]):
            put_on(painted, row, dress, cloth, lights)
        out.append((np.clip(painted, 0, 255).astype(np.uint8), rows))
    return out


def put_on(
    painted: Plane,
    row: Row,
    dress: Callable[[Plane, Plane], list[Layer]],
    cloth: Plane,
    lights: dict[int, float],
) -> None:
    """Paint a person's dress; `lights` keeps the brightness of each face's first frame."""
    reach = _REACH * max(row["a"], row["b"])
    left, top = (max(0, int(row[axis] - reach)) for axis in ("cx", "cy"))
    here = painted[top : int(row["cy"] + reach) + 1, left : int(row["cx"] + reach) + 1]
    if row["cx"] + reach < 0 or row["cy"] + reach < 0 or not here.size:
        return
    y, x = np.mgrid[: here.shape[0], : here.shape[1]].astype(np.float32)
    x, y = x + left - row["cx"], y + top - row["cy"]
    cos, sin = np.cos(row["theta"]), np.sin(row["theta"])
    u = np.asarray((x * cos + y * sin) / row["a"], np.float32)
    v = np.asarray((y * cos - x * sin) / row["b"], np.float32)
    face = here[np.hypot(u, v) < 1]
    if not len(face):
        return
    bright = float(np.percentile(face.mean(axis=1), 75)) / _WHITE
    light = lights.setdefault(row["id"], min(max(bright, 0.15), 1.15))
    fold = cv2.remap(cloth, (100 * u) % _PERIOD, (100 * v) % _PERIOD, cv2.INTER_NEAREST)
    for share, colour in dress(u, v):
        laid = (np.array(colour, np.float32) + fold[..., None]) * light
        here += share[..., None] * (laid - here)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=list(DRESSES), choices=list(DRESSES))
    given = parser.parse_args()
    for name in _CLIPS:
        film = clip(name)[:_FRAMES]
        for dress in given.only:
            folder = given.folder / dress
            folder.mkdir(parents=True, exist_ok=True)
            save(dressed(film, DRESSES[dress]), folder / f"{name}-{dress}.mp4")
        print(name, flush=True)


if __name__ == "__main__":
    main()
