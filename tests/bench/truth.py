"""Footage with known faces: clips, sequences of pictures, and stills.

Four forms of folders are known, by their JSON:
  NAME.json beside NAME.mp4 (or .mov, .mkv):  {"frames": [[{id, cx, cy, a, b, theta, cls}]]}, a clip
  truth.json:             {NAME: [[{id, cx, cy, a, b, theta, cls}]]}, clips beside it
  gt.json with "fps":     {"fps", "items": [{file, faces: [[x, y, w, h]]}]}, one item a frame
  gt.json without "fps":  the same, one item a picture
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import paths

CLEAR, HARD, OTHER = "clear", "hard", "other"
"""Kinds of faces: must be covered, hard to find, not counted."""

_SUFFIXES = (".mp4", ".mov", ".mkv")

_SEQUENCE_CORE = 0.5
"""Share of a sequence's boxes that is sure to be face: visual tracking made them."""


class Face(NamedTuple):
    """A face's ellipse on one frame, display pixels; `theta` in radians, clockwise on screen."""

    id: int
    kind: str
    cx: float
    cy: float
    a: float
    b: float
    theta: float = 0.0

    def holds(self, x: float, y: float) -> bool:
        """Whether the ellipse holds a point."""
        cos, sin = math.cos(self.theta), math.sin(self.theta)
        u, v = x - self.cx, y - self.cy
        return ((u * cos + v * sin) / self.a) ** 2 + ((v * cos - u * sin) / self.b) ** 2 <= 1

    def scaled(self, factor: float) -> Face:
        return self._replace(a=self.a * factor, b=self.b * factor)

    def row(self) -> dict[str, Any]:
        """The face as a clip's JSON and the judge name its parts."""
        return self._asdict() | {"cls": self.kind}


@dataclass(frozen=True)
class Case:
    """A clip with the faces of each frame; `core` is the share of an ellipse's axes scored."""

    folder: str
    name: str
    condition: str
    source: Path
    faces: list[list[Face]]
    core: float = 1.0
    fps: Fraction | None = None
    pictures: tuple[Path, ...] = ()

    def file(self) -> Path:
        """The clip; encodes a sequence, without loss, when first called."""
        return _encoded(self) if self.fps else self.source


def cases(folder: Path) -> Iterator[Case]:
    """Every case in `folder`, by name."""
    if (folder / "gt.json").exists():
        yield from _pictures(folder, json.loads((folder / "gt.json").read_text()))
    elif (folder / "truth.json").exists():
        yield from _clips(folder, json.loads((folder / "truth.json").read_text()))
    else:
        files = [path for path in folder.glob("*.json") if _video(folder, path.stem)]
        yield from _clips(folder, {p.stem: json.loads(p.read_text())["frames"] for p in files})


def _video(folder: Path, name: str) -> Path | None:
    return next((path for s in _SUFFIXES if (path := folder / f"{name}{s}").exists()), None)


def _clips(folder: Path, truth: dict[str, list[list[dict[str, Any]]]]) -> Iterator[Case]:
    """The clips in `folder` that `truth` names, by name."""
    keys = ("id", "cls", "cx", "cy", "a", "b", "theta")
    for name, frames in sorted(truth.items()):
        if (clip := _video(folder, name)) is not None:
            faces = [[Face(*(row[key] for key in keys)) for row in frame] for frame in frames]
            yield Case(folder.name, name, name.rstrip("0123456789"), clip, faces)


def _pictures(folder: Path, truth: dict[str, Any]) -> Iterator[Case]:
    items = truth["items"]
    faces = [[_from_box(i, box) for i, box in enumerate(item["faces"])] for item in items]
    files = tuple(folder / item["file"] for item in items)
    if "fps" in truth:
        fps = Fraction(truth["fps"]).limit_denominator(1001)
        name = folder.name
        yield Case("sequences", name, name, folder, faces, _SEQUENCE_CORE, fps, files)
    else:
        for file, found in zip(files, faces, strict=True):
            yield Case(folder.name, f"{folder.name}/{file.name}", folder.name, file, [found])


def _from_box(number: int, box: list[float]) -> Face:
    x, y, w, h = box
    return Face(number, CLEAR, x + w / 2, y + h / 2, w / 2, h / 2)


def _encoded(case: Case) -> Path:
    """The sequence as FFV1, made once for each state of its files."""
    stamps = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in case.pictures]
    key = hashlib.sha256(repr((case.fps, stamps)).encode()).hexdigest()[:12]
    target = paths.KEPT / f"{case.name}-{key}.mkv"
    if target.exists():
        return target
    target.parent.mkdir(mode=0o700, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.part")
    with av.open(str(part), "w", format="matroska") as out:
        stream = None
        for number, path in enumerate(case.pictures):
            with av.open(str(path)) as picture:
                frame = next(picture.decode(video=0))
            # JPEG's own planes: no conversion, no loss.
            native = frame.format.name.replace("yuvj", "yuv")
            if stream is None:
                stream = out.add_stream("ffv1", rate=case.fps)
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, native
                stream.codec_context.color_range = frame.color_range
            if frame.format.name != native:
                frame = frame.reformat(format=native, dst_color_range=frame.color_range)
            frame.pts, frame.time_base = number, 1 / case.fps
            out.mux(stream.encode(frame))
        if stream is not None:
            out.mux(stream.encode(None))
    part.replace(target)
    return target
