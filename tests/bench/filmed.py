"""Real photographs with known faces, filmed hand-held; each clip is made once and kept."""

from __future__ import annotations

import itertools
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import paths
from filming import view_of
from truth import CLEAR, OTHER, Case, Face

from blur.data.arrays import Picture
from blur.data.boxes import Affine

RATE = 30
"""Frames per second."""
FACES = (0, 1, 4, 20)
"""Faces on each frame of a clip that speed is measured on."""

_SHOTS = 2
"""Photographs, one a shot, of a clip with faces; larger has more cuts."""
_SLACK = 1.12
"""Size of a photograph as a multiple of the picture; larger gives the camera more room."""
_TURNS = (0, 0, 0, 1, 2, 3)
"""Counter-clockwise quarter turns, drawn from for each photograph with known faces."""
_LEAST = 20
"""Pixels, shorter side of a face in the clip, below which it does not count."""


class Form(NamedTuple):
    """Size and encoding of a clip."""

    name: str
    width: int
    height: int
    encoder: str
    pix_fmt: str
    options: dict[str, str]


# About the bit rates and the key frames of a phone.
FORMS = (
    Form("1080p-h264", 1920, 1080, "libx264", "yuv420p", {"b": "17M", "preset": "fast", "g": "30"}),
    Form(
        "1080p-hevc10",
        1920,
        1080,
        "libx265",
        "yuv420p10le",
        {"b": "9M", "preset": "superfast", "g": "30"},
    ),
    Form("720p-h264", 1280, 720, "libx264", "yuv420p", {"b": "8M", "preset": "fast", "g": "30"}),
    Form(
        "2160p-hevc10",
        3840,
        2160,
        "libx265",
        "yuv420p10le",
        {"b": "30M", "preset": "ultrafast", "g": "30"},
    ),
)


def filmed(form: Form, faces: int, frames: int, tripod: bool = False) -> Path:
    """A clip of `frames` frames with `faces` faces on each, by hand or from a tripod; a photograph
    in the public domain stands in where those of `FACEDATA` are missing."""
    source = "photographs" if paths.FACEDATA.exists() else "astronaut"
    way = "-tripod" * tripod
    clip = paths.KEPT / f"speed-{source}-{form.name}-{faces}faces{way}-{frames}.mp4"
    if not clip.exists():
        _film(clip, _photographs(faces), form, frames, tripod)
    return clip


def _film(
    clip: Path, photographs: Sequence[Picture], form: Form, frames: int, tripod: bool = False
) -> None:
    """Write `clip`, one shot of each photograph; it gets its name once it is whole."""
    clip.parent.mkdir(mode=0o700, exist_ok=True)
    part = clip.with_suffix(f".{os.getpid()}.part")
    with av.open(str(part), "w", format="mp4") as out:
        stream: Any = out.add_stream(form.encoder, RATE, options=form.options)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pix_fmt
        stream.time_base = Fraction(1, RATE)
        if form.encoder == "libx265":
            stream.codec_context.codec_tag = "hvc1"
            stream.options = form.options | {"x265-params": "log-level=error"}
        for view in _views(photographs, form, frames, tripod):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(view, "rgb24")))
        out.mux(stream.encode(None))
    part.replace(clip)


def _photographs(faces: int) -> list[Picture]:
    import skimage.data

    shipped = Path(skimage.data.__path__[0])
    if faces == 0:
        return [loaded(shipped / name) for name in ("coffee.png", "motorcycle_left.png")]
    if not paths.FACEDATA.exists():
        columns = math.ceil(math.sqrt(faces))
        row = np.hstack([loaded(shipped / "astronaut.png")] * columns)
        return [np.vstack([row] * -(-faces // columns))]
    folder = paths.FACEDATA / "wider_train"
    chosen = []
    for item in json.loads((folder / "gt.json").read_text())["items"]:
        widths = [box[2] for box in item["faces"]]
        if abs(len(widths) - faces) <= faces // 10 and min(widths) >= 20:
            photograph = loaded(folder / item["file"])
            if 0.55 <= photograph.shape[0] / photograph.shape[1] <= 0.8:
                chosen.append(photograph)
    return chosen[:_SHOTS]


def loaded(path: Path) -> Picture:
    """A photograph, (height, width, 3) RGB."""
    return np.asarray(cv2.imread(str(path))[..., ::-1], np.uint8)


def _views(
    photographs: Sequence[Picture], form: Form, frames: int, tripod: bool
) -> Iterator[Picture]:
    """RGB frames: one shot of each photograph, shaken or not, with a sensor's grain."""
    rng = np.random.default_rng(0)
    size = form.height + 64, form.width + 64, 3
    grain = [rng.normal(0, 3, size).astype(np.int8) for _ in range(3)]
    for i in range(frames):
        photograph = photographs[i * len(photographs) // frames]
        view = viewed(photograph, 0.0 if tripod else i / RATE, form)
        y, x = rng.integers(0, 64, 2)
        noise = grain[i % len(grain)][y : y + form.height, x : x + form.width]
        yield cv2.add(view, noise, dtype=cv2.CV_8U)


def viewed(photograph: Picture, t: float, form: Form) -> Picture:
    """The photograph as the camera sees it after `t` seconds, without grain."""
    return np.asarray(
        cv2.warpAffine(
            photograph,
            camera(t, photograph, form)[:2],
            (form.width, form.height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.uint8,
    )


def camera(t: float, photograph: Picture, form: Form) -> Affine:
    """From photograph to view, in pixels, after `t` seconds: slow drift and a hand's tremble."""
    height, width = photograph.shape[:2]
    scale = max(form.width / width, form.height / height) * _SLACK
    scale *= 1 + 0.02 * math.sin(0.7 * t)
    turn = 1.2 * math.sin(0.9 * t) + 0.15 * math.sin(7.3 * t)
    x = form.width * (0.02 * math.sin(0.8 * t) + 0.0015 * math.sin(9.1 * t))
    y = form.width * (0.012 * math.cos(0.6 * t) + 0.0015 * math.cos(8.3 * t))
    window = form.width + 2 * x, form.height + 2 * y
    return view_of((width / 2, height / 2), scale, -turn, window)


def known_faces(folder: Path, unlike: Path, count: int, form: Form, frames: int) -> Iterator[Case]:
    """Clips of one shot with the truth of every frame, from `count` photographs of `folder`.

    Order and quarter turns are drawn once, by a fixed seed, so that a larger `count` only adds
    clips. Photographs from which a clip in `unlike` was filmed are left out.
    """
    used = {json.loads(path.read_text()).get("source") for path in unlike.glob("*.json")}
    items = json.loads((folder / "gt.json").read_text())["items"]
    chance = random.Random(0)
    chance.shuffle(items)
    drawn = [(item, chance.choice(_TURNS)) for item in items]
    unused = [(item, turn) for item, turn in drawn if item["file"] not in used]
    for item, turn in unused[:count]:
        photograph = loaded(folder / item["file"])
        boxes = [(CLEAR, *b) for b in item["faces"]] + [(OTHER, *b) for b in item["ignore"]]
        for _ in range(turn):
            boxes = [(kind, y, photograph.shape[1] - x - w, h, w) for kind, x, y, w, h in boxes]
            photograph = np.ascontiguousarray(np.rot90(photograph))
        name = f"{Path(item['file']).stem}-{turn}"
        clip = paths.KEPT / f"known-{name}-{form.name}-{frames}.mp4"
        if not clip.exists():
            _film(clip, [photograph], form, frames)
        faces = [_ellipses(boxes, camera(i / RATE, photograph, form)) for i in range(frames)]
        yield Case("known", name, "known", clip, faces)


def _ellipses(boxes: Sequence[tuple[Any, ...]], view: Affine) -> list[Face]:
    """A photograph's faces, (kind, x, y, w, h), in a view of it."""
    scale, turn = math.hypot(view[0, 0], view[1, 0]), math.atan2(view[1, 0], view[0, 0])
    faces = []
    for number, (kind, x, y, w, h) in enumerate(boxes):
        cx, cy = (view @ (x + w / 2, y + h / 2, 1))[:2]
        kind = kind if scale * min(w, h) >= _LEAST else OTHER
        faces.append(Face(number, kind, cx, cy, scale * w / 2, scale * h / 2, turn))
    return faces


def chosen(forms: Sequence[str], faces: Sequence[int]) -> Iterator[tuple[Form, int]]:
    """Forms whose name begins as one of `forms`, each with each number of faces."""
    known = [form for form in FORMS if form.name.startswith(tuple(forms))]
    return itertools.product(known, faces)
