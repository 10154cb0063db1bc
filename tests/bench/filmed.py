"""Clips to measure speed on: real photographs with a known number of faces, filmed hand-held.

Made once and kept in the system's temporary folder. They show people: never commit one.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
from filming import view_of

RATE = 30
FACES = (0, 1, 4, 20)

_SHOTS = 2
_SLACK = 1.12
"""How much larger than the picture a photograph is, for the camera to wander in."""

Photograph = npt.NDArray[np.uint8]


class Form(NamedTuple):
    """What a clip is encoded as: about the bit rate and the key frames of a phone."""

    name: str
    width: int
    height: int
    encoder: str
    pix_fmt: str
    options: dict[str, str]


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


def filmed(form: Form, faces: int, frames: int, facedata: Path) -> Path:
    """A clip of `frames` frames with `faces` faces on each; `facedata` need not exist."""
    photographs = _photographs(faces, facedata)
    source = "photographs" if facedata.exists() else "astronaut"
    folder = Path(tempfile.gettempdir()) / "blur-bench"
    clip = folder / f"speed-{source}-{form.name}-{faces}faces-{frames}.mp4"
    if clip.exists():
        return clip
    folder.mkdir(mode=0o700, exist_ok=True)
    part = clip.with_suffix(f".{os.getpid()}.part")
    with av.open(str(part), "w", format="mp4") as out:
        stream: Any = out.add_stream(form.encoder, RATE, options=form.options)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pix_fmt
        stream.time_base = Fraction(1, RATE)
        if form.encoder == "libx265":
            stream.codec_context.codec_tag = "hvc1"
            stream.options = form.options | {"x265-params": "log-level=error"}
        for view in _views(photographs, form, frames):
            frame = av.VideoFrame.from_ndarray(view, "rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    part.replace(clip)
    return clip


def _photographs(faces: int, facedata: Path) -> list[Photograph]:
    import skimage.data

    shipped = Path(skimage.data.__path__[0])
    if faces == 0:
        return [_loaded(shipped / name) for name in ("coffee.png", "motorcycle_left.png")]
    if not facedata.exists():
        columns = math.ceil(math.sqrt(faces))
        row = np.hstack([_loaded(shipped / "astronaut.png")] * columns)
        return [np.vstack([row] * -(-faces // columns))]
    folder = facedata / "wider_train"
    chosen = []
    for item in json.loads((folder / "gt.json").read_text())["items"]:
        widths = [box[2] for box in item["faces"]]
        if abs(len(widths) - faces) <= faces // 10 and min(widths) >= 20:
            photograph = _loaded(folder / item["file"])
            if 0.55 <= photograph.shape[0] / photograph.shape[1] <= 0.8:
                chosen.append(photograph)
    return chosen[:_SHOTS]


def _loaded(path: Path) -> Photograph:
    return np.asarray(cv2.imread(str(path))[..., ::-1], np.uint8)


def _views(photographs: Sequence[Photograph], form: Form, frames: int) -> Iterator[Photograph]:
    """What the camera sees: a shot of each photograph, shaken, with a sensor's grain."""
    rng = np.random.default_rng(0)
    size = form.height + 64, form.width + 64, 3
    grain = [rng.normal(0, 3, size).astype(np.int8) for _ in range(3)]
    for i in range(frames):
        photograph = photographs[i * len(photographs) // frames]
        view = cv2.warpAffine(
            photograph,
            _camera(i / RATE, photograph, form)[:2],
            (form.width, form.height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        )
        y, x = rng.integers(0, 64, 2)
        noise = grain[i % len(grain)][y : y + form.height, x : x + form.width]
        yield cv2.add(view, noise, dtype=cv2.CV_8U)


def _camera(t: float, photograph: Photograph, form: Form) -> npt.NDArray[np.float64]:
    """From photograph to view, after `t` seconds: slow drift, and the tremble of a hand."""
    height, width = photograph.shape[:2]
    scale = max(form.width / width, form.height / height) * _SLACK
    scale *= 1 + 0.02 * math.sin(0.7 * t)
    turn = 1.2 * math.sin(0.9 * t) + 0.15 * math.sin(7.3 * t)
    x = form.width * (0.02 * math.sin(0.8 * t) + 0.0015 * math.sin(9.1 * t))
    y = form.width * (0.012 * math.cos(0.6 * t) + 0.0015 * math.cos(8.3 * t))
    window = form.width + 2 * x, form.height + 2 * y
    return view_of((width / 2, height / 2), scale, -turn, window)


def chosen(forms: Sequence[str], faces: Sequence[int]) -> Iterator[tuple[Form, int]]:
    """The forms whose name begins as one of `forms`, each with each number of faces."""
    known = [form for form in FORMS if form.name.startswith(tuple(forms))]
    return itertools.product(known, faces)
