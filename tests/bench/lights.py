#!/usr/bin/env python3
"""Faces found in light of all kinds, in noise, behind nets: as they are, and as looks show them.

    python tests/bench/lights.py [--films FOLDER]

Frames of eight of CLIPS, seven tenths of their colours gone, in light of each colour and with a
sensor's noise; then at half their contrast in grey noise; then behind threads and lines, leaning
and worn; then in the striped shadows of blinds; then with 4 and 8 % of their light before
a bright window. A face is found when a detection near its middle reaches the score in the heading.

With --films, which needs ffmpeg, twelve of the clips are made into films there, for `leak.py
FOLDER`: by green night vision, dim and noisy; by a sensor in little light, in noise of 20 grey
levels; behind a net, from a screen with lines, behind bars, and in striped shadows. Then the faces
that YuNet finds on frames of the films of noise are counted, smoothed in several ways.
"""

from __future__ import annotations

import argparse
import math
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import paths
from truth import Face, cases

from blur.data.arrays import Picture
from blur.detect.backlight import out_of_backlight
from blur.detect.centerface import CenterFace
from blur.detect.mesh import without_mesh
from blur.detect.noise import noise, without_noise
from blur.detect.stripes import evened_out, stripes_of
from blur.detect.views import lifted
from blur.detect.yunet import YuNet

LIGHTS = {
    "green, night vision": (0.1, 1.0, 0.1),
    "green, weak": (0.3, 1.0, 0.3),
    "red": (1.0, 0.1, 0.1),
    "blue": (0.1, 0.1, 1.0),
    "screen": (0.2, 0.35, 1.0),
    "sodium": (1.0, 0.6, 0.1),
    "yellow": (1.0, 0.9, 0.05),
    "purple": (1.0, 0.1, 1.0),
    "cyan": (0.1, 1.0, 1.0),
    "daylight": (1.0, 1.0, 1.0),
}
"""Share of red, green and blue that reaches the sensor."""
NOISES = (0, 3, 6, 12, 20)
"""Grey levels, sigma."""
THREADS = {
    "bright net, 12 pixels": (12, 3, 12, 200),
    "dark net, 12": (12, 3, 12, 30),
    "dark net, 8": (8, 2, 8, 30),
    "dark net, 24": (24, 4, 24, 30),
    "lines, 4": (4, 2, 0, 0),
    "lines, 8": (8, 4, 0, 0),
}
"""Pixels from line to line and of its width, from thread to thread across (0: none), grey level."""
STRIPES = {
    "stripes of 40, 1:2": (40, 0.5),
    "stripes of 40, 1:3": (40, 0.33),
    "stripes of 24, 1:5": (24, 0.2),
    "stripes of 40, 1:5": (40, 0.2),
    "stripes of 56, 1:5": (56, 0.2),
    "stripes of 40, 1:8": (40, 0.12),
}
"""Pixels from shadow to shadow, share of the light in a shadow."""
AGAINST = {"against the light, 1:25": 0.04, "against the light, 1:12": 0.08}
"""Share of its light that reaches a body."""
_OPAQUE = 0.75
_SHOWN = ("edge0", "mask1", "pan1", "roll0", "zoom1", "cuts0", "occlude1", "whip2")
_DIMMED = (
    "cuts0", "edge0", "edge1", "lying0", "lying-mask1", "mask1", "occlude1", "pan1", "roll0",
    "upside1", "whip1", "zoom1",
)  # fmt: skip
_COLOURS = 0.3
"""Share of its own colours that a picture keeps, as sensors in little light do."""
_NOISE = 4.0
_SIDE, _EVERY, _UNTIL = 640, 30, 120
_FILMS = {
    "night": "hue=s=0,eq=contrast=0.6:brightness=-0.1,noise=alls=22:allf=t,"
    "colorchannelmixer=rr=0.1:gg=1:bb=0.1",
    "noisy": "eq=brightness=-0.12:contrast=0.8,noise=alls=40:allf=t",
    "net": "drawgrid=w=16:h=16:t=4:c=black@0.75",
    "screen": "drawgrid=w=0:h=8:t=3:c=black@0.75",
    "bars": "drawgrid=w=48:h=0:t=20:c=0x3a3a3e",
    "stripes": "format=gbrp[lit];nullsrc=s={w}x{h}:d=0.04,"
    "geq=lum='153+102*clip(3*sin((X*0.35+Y)/14),-1,1)':cb=128:cr=128,format=gbrp[light];"
    "[lit][light]blend=all_mode=multiply",
}


SMOOTHED: dict[str, Callable[[Picture], Picture]] = {
    "as it is": lambda picture: picture,
    "as looks show it": without_noise,
    **{
        f"Gaussian of {s}": partial(cv2.GaussianBlur, ksize=(0, 0), sigmaX=s) for s in (0.8, 1.3, 2)
    },
    "median of 3 x 3": partial(cv2.medianBlur, ksize=3),
    "bilateral of 40 levels": partial(cv2.bilateralFilter, d=5, sigmaColor=40, sigmaSpace=2),
}
"""By name: ways to calm noise. Sigmas in pixels."""
_FOUND = 0.3
"""YuNet's score from which it finds a face."""

Shown = list[tuple[Picture, list[Face]]]
"""Pictures with their faces."""


def frames(folder: Path, names: Sequence[str], side: int) -> Shown:
    """Frames, _EVERY apart, of the clips with those names, their longest side `side` pixels."""
    found = []
    for case in cases(folder):
        if case.name not in names:
            continue
        with av.open(str(case.source)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % _EVERY == 12:
                    picture = frame.to_ndarray(format="rgb24")
                    scale = min(1.0, side / max(picture.shape))
                    small = cv2.resize(
                        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
                    )
                    faces = case.faces[number]
                    moved = [f._replace(cx=f.cx * scale, cy=f.cy * scale) for f in faces]
                    found.append((small, [f.scaled(scale) for f in moved]))
                if number > _UNTIL:
                    break
    return found


def lit(picture: Picture, light: Sequence[float], random: np.random.Generator) -> Picture:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    mixed = (_COLOURS * picture + (1 - _COLOURS) * grey) * np.array(light)
    return np.clip(mixed + random.normal(0, _NOISE, mixed.shape), 0, 255).astype(np.uint8)


def grained(picture: Picture, sigma: float, random: np.random.Generator) -> Picture:
    grain = random.normal(0, sigma, (*picture.shape[:2], 1))
    return np.clip(picture / 2 + 60 + grain, 0, 255).astype(np.uint8)


def behind(picture: Picture, thread: tuple[int, int, int, int]) -> Picture:
    apart, width, across, tone = thread
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    u, v = x + 6 * np.sin(y / 90) + 0.02 * y, y + 5 * np.sin(x / 110) - 0.015 * x
    laid = v % apart < width
    if across:
        laid |= u % across < width
    share = cv2.GaussianBlur(laid.astype(np.float32), (0, 0), 0.6)[..., np.newaxis] * _OPAQUE
    return np.clip(picture * (1 - share) + tone * share, 0, 255).astype(np.uint8)


def shadowed(picture: Picture, shadow: tuple[int, float]) -> Picture:
    apart, dark = shadow
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    lit = np.where((0.35 * x + y) % apart < apart / 2, 1.15, dark * 1.15).astype(np.float32)
    light = cv2.GaussianBlur(lit, (0, 0), 1)[..., np.newaxis]
    return np.clip(picture * light, 0, 255).astype(np.uint8)


def backlit(picture: Picture, faces: Sequence[Face], share: float) -> Picture:
    """The picture as a bright window, before it each face with a body, in `share` of its light."""
    bodies = np.zeros(picture.shape[:2], np.uint8)
    for f in faces:
        sizes = ((f.cx, f.cy), (2.6 * f.a, 2.6 * f.b), math.degrees(f.theta))
        cv2.ellipse(bodies, sizes, 255, -1)
        cv2.ellipse(bodies, ((f.cx, f.cy + 3 * f.b), (5 * f.a, 4 * f.b), 0), 255, -1)
    body = cv2.GaussianBlur(bodies, (0, 0), 2)[..., np.newaxis] / 255
    light = 190 + 0.25 * picture.astype(np.float64)
    return np.clip(body * share * picture + (1 - body) * light, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    if given.films is not None:
        film(given.films)
        smoothed(given.films)
        return
    detectors = ((CenterFace(threads=1), 0.15), (YuNet(threads=1), _FOUND))
    shown = frames(paths.CLIPS, _SHOWN, _SIDE)
    faces = sum(len(f) for _, f in shown)
    heads = " ".join(f"{d.name + f' {score}':>16}{'shown':>8}" for d, score in detectors)
    print(f"{f'{faces} faces':22}{heads}")

    def line(name: str, pictures: Shown, way: Callable[[Picture], Picture]) -> None:
        row = [
            sum(near(detector.detect([made(p)], score)[0].boxes, f) for p, f in pictures) / faces
            for detector, score in detectors
            for made in (lambda p: p, way)
        ]
        print(f"{name:22}{row[0]:12.0%}{row[1]:8.0%}{row[2]:17.0%}{row[3]:8.0%}", flush=True)

    for name, light in LIGHTS.items():
        random = np.random.default_rng(0)
        line(name, [(lit(picture, light, random), f) for picture, f in shown], lifted)
    for sigma in NOISES:
        random = np.random.default_rng(0)
        grainy = [(grained(picture, sigma, random), f) for picture, f in shown]
        line(f"noise of {sigma}", grainy, without_noise)
    for name, thread in THREADS.items():
        line(
            name,
            [(behind(picture, thread), f) for picture, f in shown],
            lambda p: first_of(without_mesh(p), p),
        )
    for name, shadow in STRIPES.items():
        line(
            name,
            [(shadowed(picture, shadow), f) for picture, f in shown],
            lambda p: p if (found := stripes_of(p)) is None else evened_out(p, found),
        )
    for name, share in AGAINST.items():
        line(
            name,
            [(backlit(picture, f, share), f) for picture, f in shown],
            lambda p: first_of(out_of_backlight(p), p),
        )


def first_of(picture: Picture | None, otherwise: Picture) -> Picture:
    return otherwise if picture is None else picture


def near(boxes: np.ndarray, faces: Sequence[Face]) -> int:
    """Number of the faces near whose middle a box's middle lies."""
    off = [np.abs(boxes[:, :2] - (f.cx, f.cy)) / (2 * f.a, 2 * f.b) for f in faces]
    return sum(bool((o < 0.45).all(axis=1).any()) for o in off)


def smoothed(folder: Path) -> None:
    """Count the faces that YuNet finds on frames of the noisy films, by each way to calm them."""
    detector = YuNet(threads=1)
    for side in (_SIDE, 2 * _SIDE):
        shown = frames(folder, [f"{name}-noisy" for name in _DIMMED], side)
        faces, level = sum(len(f) for _, f in shown), np.median([noise(p) for p, _ in shown])
        print(f"{faces} faces, {side} pixels a side, in noise of {level:.0f} grey levels")
        for name, way in SMOOTHED.items():
            found = sum(near(detector.detect([way(p)], _FOUND)[0].boxes, f) for p, f in shown)
            print(f"{name:24}{found / faces:5.0%}", flush=True)


def film(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _DIMMED:
        source = paths.CLIPS / f"{name}.mp4"
        coder = ("-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "28")
        with av.open(str(source)) as container:
            video = container.streams.video[0]
            size = {"w": video.width, "h": video.height}
        for kind, way in _FILMS.items():
            made = folder / f"{name}-{kind}.mp4"
            filtered = ("-vf", way.format_map(size))
            command = ["ffmpeg", "-v", "error", "-y", "-i", source, *filtered, *coder, made]
            subprocess.run(command, check=True)
            made.with_suffix(".json").write_text(source.with_suffix(".json").read_text())


if __name__ == "__main__":
    main()
