"""Films of crowds with masks: small, dark, blurred, lying; on cloth, with each frame's truth.

Photographs of masked people are pasted at a face's width onto cloth, darkened or blurred, and
filmed hand-held. Deterministic by number. They show people: never commit one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import paths
from appearances import _CRF, cloth
from filmed import RATE, Form, _ellipses, camera, loaded, viewed
from truth import CLEAR, OTHER, Case, Face, cases

from blur.data.arrays import Picture

MASKS = paths.FACEDATA / "masks"
FRAMES = 45
"""Of a film; longer ones show places that go unseen for seconds, and take longer."""
WIDTHS = ((12, 16), (16, 20), (20, 26), (26, 44))
"""Pixels of a film's median face, least and most of each band; films take turns."""
LOOKS = ("plain", "dark", "blurred", "dark-blurred")
FORMS = tuple(
    Form(f"{h}p", w, h, "libx264", "yuv420p", _CRF)
    for w, h in ((640, 360), (640, 360), (640, 360), (1280, 720))
)
_MOST = 30
"""Faces of a film, about; more take a scan longer."""
_TRIES = 60
"""Places tried for photographs; more fill the cloth."""

_Faces = list[tuple[str, float, float, float, float]]
"""Kind, left, top, width, height on the ground."""


def crowds(folder: Path, count: int) -> Iterator[Case]:
    """The first `count` films, made in `folder` unless they are there, their truth beside them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(count):
        form = FORMS[number // 16 % len(FORMS)]
        width, look = WIDTHS[number % len(WIDTHS)], LOOKS[number // len(WIDTHS) % len(LOOKS)]
        file = folder / f"crowd{number:03}-w{width[0]}-{look}-{form.name}.mp4"
        if not file.with_suffix(".json").exists():
            chance, grain = random.Random(number), np.random.default_rng(number)
            ground, boxes = crowd(form, chance.uniform(*width), look, chance, grain)
            film(file, ground, form, grain)
            rows = [[face.row() for face in faces] for faces in truth(ground, boxes, form)]
            file.with_suffix(".json").write_text(json.dumps({"frames": rows}))
    yield from cases(folder)


def truth(ground: Picture, boxes: _Faces, form: Form) -> Iterator[list[Face]]:
    """The faces of each frame; small ones count, too."""
    kinds = [kind for kind, *_ in boxes]
    for frame in range(FRAMES):
        seen = _ellipses(boxes, camera(frame / RATE, ground, form))
        yield [face._replace(kind=kind) for face, kind in zip(seen, kinds, strict=True)]


def crowd(
    form: Form, width: float, look: str, chance: random.Random, grain: np.random.Generator
) -> tuple[Picture, _Faces]:
    """Photographs on cloth, in the size of a view with room to move, and the faces on it."""
    high, wide = round(1.12 * form.height), round(1.12 * form.width)
    ground, boxes = cloth(high, wide, grain), []
    taken = np.zeros((high, wide), bool)
    items = json.loads((MASKS / "gt.json").read_text())["items"]
    for item in chance.sample(items, _TRIES):
        scale = width / float(np.median([w for _, _, w, _ in item["faces"]]))
        if scale > 1 or len(boxes) + len(item["faces"]) > _MOST:
            continue
        picture = cv2.resize(
            loaded(MASKS / item["file"]), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
        faces = [(CLEAR, *box) for box in item["faces"]]
        faces += [(OTHER, *box) for box in item["ignore"]]
        placed = [(kind, *(scale * value for value in box)) for kind, *box in faces]
        if chance.random() < 0.2:  # lying
            placed = [(k, y, picture.shape[1] - x - w, h, w) for k, x, y, w, h in placed]
            picture = np.ascontiguousarray(np.rot90(picture))
        h, w = picture.shape[:2]
        if h >= high or w >= wide:
            continue
        top, left = chance.randrange(high - h), chance.randrange(wide - w)
        place = slice(top, top + h), slice(left, left + w)
        if not taken[place].any():
            taken[place], ground[place] = True, picture
            boxes += [(k, x + left, y + top, a, b) for k, x, y, a, b in placed]
    light = chance.uniform(0.12, 0.3) if "dark" in look else 1.0
    if "blurred" in look:
        ground = cv2.GaussianBlur(ground, (0, 0), chance.uniform(0.06, 0.12) * width)
    return np.asarray(ground * light, np.uint8), boxes


def film(file: Path, ground: Picture, form: Form, grain: np.random.Generator) -> None:
    """Write the film with a sensor's noise; it gets its name once it is whole."""
    part = file.with_suffix(".part")
    with av.open(str(part), "w", format="mp4") as out:
        stream: Any = out.add_stream(form.encoder, RATE, options=form.options)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pix_fmt
        for frame in range(FRAMES):
            view = viewed(ground, frame / RATE, form)
            noise = grain.integers(-5, 6, view.shape, np.int8)
            seen = cv2.add(view, noise, dtype=cv2.CV_8U)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(seen, "rgb24")))
        out.mux(stream.encode(None))
    part.replace(file)
