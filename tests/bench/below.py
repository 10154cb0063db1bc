#!/usr/bin/env python3
"""Faces in masks, blurred and dim, below a sure face, where its body is, for `leak.py FOLDER`.

    python tests/bench/below.py FOLDER [--films 40]

A child held in arms, a patient before a nurse: two or three photographs of masked people, cut by
the picture's lower edge, on cloth below a face without a mask. Films of 60 frames, 640x360, in
tremble and grain, deterministic by number. They show people: never commit one.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from appearances import _CRF, cloth
from crowds import MASKS
from filmed import RATE, loaded
from truth import CLEAR, Face

from blur.data.arrays import Picture

_WIDTH, _HEIGHT, _ROOM = 640, 360, 8
_FRAMES = 60
_COLUMNS = (150, 320, 490)
"""Pixels from the left, about, of the faces below."""
_SURE, _HARD = 70, 24
"""Pixels, least width in its photograph of a sure face, and of those below."""


class Cut(NamedTuple):
    """A face cut out of a photograph: how far around it, in its longer sides; the blur, in its
    widths; the shares of its contrast and light that are left."""

    around: float
    blur: float = 0.0
    contrast: float = 1.0
    light: float = 1.0


class Shown(NamedTuple):
    """A face of a photograph: the file and its box, x, y, w, h."""

    file: str
    box: tuple[int, int, int, int]


class Ground:
    """Cloth with the faces pasted on it; its size is the view's, with room to tremble."""

    def __init__(self, grain: np.random.Generator) -> None:
        self.picture = cloth(_HEIGHT + 2 * _ROOM, _WIDTH + 2 * _ROOM, grain).copy()
        self.faces: list[Face] = []

    def paste(self, face: Shown, cx: float, cy: float, width: float, cut: Cut) -> None:
        """Paste the face at `width` pixels, its middle at (cx, cy) of the ground."""
        photograph, (x, y, w, h) = loaded(MASKS / face.file), face.box
        scale, reach = width / w, cut.around * max(w, h)
        x0, x1 = max(0, int(x + w / 2 - reach)), int(x + w / 2 + reach)
        y0, y1 = max(0, int(y + h / 2 - reach)), int(y + h / 2 + reach * 1.3)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        part = cv2.resize(photograph[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=how)
        if cut.blur > 0:
            part = cv2.GaussianBlur(part, (0, 0), cut.blur * width)
        if cut != Cut(cut.around):
            mean = part.mean()
            lit = (part - mean) * cut.contrast + mean * cut.light
            part = np.clip(lit, 0, 255).astype(np.uint8)
        in_x, in_y = (x + w / 2 - x0) * scale, (y + h / 2 - y0) * scale
        left, top = int(cx - in_x), int(cy - in_y)
        here = self.picture[max(0, top) : top + len(part), max(0, left) : left + part.shape[1]]
        if here.size:
            from_x, from_y = max(0, -left), max(0, -top)
            here[:] = part[from_y : from_y + len(here), from_x : from_x + here.shape[1]]
            number, middle = len(self.faces), (left + in_x, top + in_y)
            self.faces.append(Face(number, CLEAR, *middle, width / 2, h * scale / 2))


def shown() -> tuple[list[Shown], list[Shown]]:
    """Sure faces, and those that are shown below them."""
    sure, hard = [], []
    for item in json.loads((MASKS / "gt.json").read_text())["items"]:
        for box, label in zip(item["faces"], item["labels"], strict=True):
            if label == "without_mask" and box[2] >= _SURE:
                sure.append(Shown(item["file"], tuple(box)))
            if box[2] >= _HARD:
                hard.append(Shown(item["file"], tuple(box)))
    return sure, hard


def ground(chance: random.Random, grain: np.random.Generator) -> Ground:
    sure, hard = shown()
    made, count = Ground(grain), chance.randint(2, 3)
    columns = chance.sample(_COLUMNS, count)
    first = chance.choice(sure)
    made.paste(first, _WIDTH / 2 + _ROOM + chance.randint(-60, 60), 95, 80, Cut(1.4))
    for column in columns:
        face, width = chance.choice(hard), chance.uniform(26, 64)
        tall, inside = face.box[3] * width / face.box[2], chance.uniform(0.76, 0.92)
        middle = _ROOM + _HEIGHT - (1.2 * tall * inside - 0.6 * tall)
        aside = column + _ROOM + chance.randint(-25, 25)
        around, blur = chance.uniform(0.75, 1.3), chance.choice([0, 0.06, 0.1, 0.14, 0.18])
        cut = Cut(around, blur, chance.uniform(0.35, 1), chance.uniform(0.4, 1))
        made.paste(face, aside, middle, width, cut)
    return made


def frames(made: Ground, grain: np.random.Generator) -> Iterator[tuple[Picture, list[Face]]]:
    """Views of the ground, with their faces."""
    place = np.zeros(2)
    for _ in range(_FRAMES):
        place = np.clip(place * 0.95 + grain.normal(0, 0.5, 2), -4, 4)
        x, y = place - _ROOM
        size, move = (_WIDTH, _HEIGHT), np.array([[1, 0, x], [0, 1, y]])
        view = cv2.warpAffine(made.picture, move, size, flags=cv2.INTER_CUBIC)
        noise = grain.integers(-5, 6, view.shape, np.int8)
        seen = cv2.add(view, noise, dtype=cv2.CV_8U)
        yield seen, [face._replace(cx=face.cx + x, cy=face.cy + y) for face in made.faces]


def film(file: Path, number: int) -> None:
    """Write a film and its truth; it gets its name once it is whole."""
    grain = np.random.default_rng(number)
    made, rows = ground(random.Random(number), grain), []
    part = file.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as out:
        stream: Any = out.add_stream("libx264", RATE, options=_CRF)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        for view, faces in frames(made, grain):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(view, "rgb24")))
            rows.append([face.row() for face in faces])
        out.mux(stream.encode(None))
    part.replace(file)
    file.with_suffix(".json").write_text(json.dumps({"frames": rows}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=40)
    given = parser.parse_args()
    given.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(given.films):
        film(given.folder / f"below{number:03}.mp4", number)


if __name__ == "__main__":
    main()
