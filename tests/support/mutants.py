"""Damaged clips of many containers, each with a green face; the same seed makes the same bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import footage
import numpy as np
from made_clips import GREEN
from PIL import Image

CONTAINERS = (
    "plain", "vfr-mkv", "b-frames", "two-sounds", "pcm-mov", "hlg", "sar", "422-10", "mpeg4-avi",
    "mjpeg", "vp9", "av1", "open-gop", "wmv", "m2ts", "flv", "mpeg2", "ts", "rgb", "mov-keys",
    "mp4-cover", "mkv-all", "raw", "ts-data", "matrix01-10",
)  # fmt: skip
STILLS = (".jpg", ".png", ".webp", ".tif", ".gif", ".heic", ".avif")
WIDTH, HEIGHT, FACE = 128, 96, 24
_NEAR, _FEW = 60, 40
"""Difference from green, of each channel; pixels of it that show a face."""
_FIELDS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers that sizes, counts and offsets break on."""


def originals(folder: Path) -> list[Path]:
    """Whole clips and photographs, one of each kind."""
    import pillow_heif

    folder.mkdir(parents=True)
    pillow_heif.register_heif_opener()
    pillow_heif.register_avif_opener() if hasattr(pillow_heif, "register_avif_opener") else None
    made = []
    with _faces():
        for name in CONTAINERS:
            recipe = dataclasses.replace(footage.RECIPES[name], width=WIDTH, height=HEIGHT)
            made.append(footage.make(folder / f"{name}{recipe.suffix}", recipe))
    for suffix in STILLS:
        path = folder / f"still{suffix}"
        Image.fromarray(_picture(0)).save(path)
        made.append(path)
    return made


def mutant(whole: list[Path], seed: int, folder: Path) -> Path:
    """Writes one damaged clip, named by seed, way of damage and original."""
    chance = random.Random(seed)
    source, other = chance.sample(whole, 2)
    way = chance.choice(_WAYS)
    content = way(bytearray(source.read_bytes()), other.read_bytes(), chance)
    suffix = source.suffix if chance.random() < 0.9 else other.suffix
    path = folder / f"{seed:04d}-{way.__name__.strip('_')}-{source.stem}{suffix}"
    path.write_bytes(content)
    return path


def shows_green(path: Path) -> bool:
    """Whether a face is to be seen on any picture of a clip or photograph."""
    if path.suffix in STILLS:
        with Image.open(io.BytesIO(path.read_bytes())) as still:
            return _green(np.asarray(still.convert("RGB")))
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        seen = [_green(frame.to_ndarray(format="rgb24")) for frame in frames]  # decodes them all
        return any(seen)


def _green(picture: np.ndarray) -> bool:
    away = np.abs(picture.astype(np.int16) - GREEN).max(axis=2)
    return int(np.count_nonzero(away < _NEAR)) >= _FEW


def _picture(index: int) -> np.ndarray:
    """Grey blocks, and a green face that moves."""
    grey = np.random.default_rng(index // 6).integers(60, 180, (HEIGHT // 8, WIDTH // 8), np.uint8)
    picture = grey.repeat(8, 0).repeat(8, 1)[..., None].repeat(3, 2)
    left = 20 + 2 * index
    picture[36 : 36 + FACE, left : left + FACE] = GREEN
    return picture


@contextlib.contextmanager
def _faces() -> Iterator[None]:
    """Lets `footage` film faces."""
    before = footage.picture

    def picture(recipe: footage.Recipe, index: int) -> Any:
        rgb = np.ascontiguousarray(_picture(index)[: recipe.height, : recipe.width])
        return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=recipe.pix_fmt)

    footage.picture = picture
    try:
        yield
    finally:
        footage.picture = before


def _flip(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3, 30, 300))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def _flip_header(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 4, 16))):
        content[chance.randrange(min(1024, len(content)))] ^= 1 << chance.randrange(8)
    return bytes(content)


def _flip_index(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    """At the end, where MP4 and AVI keep their indices."""
    for _ in range(chance.choice((1, 4, 16))):
        content[-1 - chance.randrange(min(2048, len(content)))] ^= 1 << chance.randrange(8)
    return bytes(content)


def _field(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3))):
        at = chance.randrange(len(content) - 4)
        content[at : at + 4] = chance.choice(_FIELDS).to_bytes(4, chance.choice(("big", "little")))
    return bytes(content)


def _truncate(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    return bytes(content[: chance.randrange(1, len(content))])


def _zero(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    at, length = _span(content, chance)
    content[at : at + length] = bytes(length)
    return bytes(content)


def _remove(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    at, length = _span(content, chance)
    del content[at : at + length]
    return bytes(content)


def _repeat(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    at, length = _span(content, chance)
    content[at:at] = content[at : at + length]
    return bytes(content)


def _splice_header(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    """The head of another container on this one's rest."""
    length = chance.choice((16, 64, 512, 4096))
    return other[:length] + bytes(content[length:])


def _splice_inside(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    at, length = _span(content, chance)
    start = chance.randrange(len(other))
    content[at : at + length] = other[start : start + length]
    return bytes(content)


def _append(content: bytearray, other: bytes, chance: random.Random) -> bytes:
    return bytes(content) + other


def _span(content: bytearray, chance: random.Random) -> tuple[int, int]:
    length = min(len(content) // 2, chance.choice((1, 7, 64, 500, 4000)))
    return chance.randrange(len(content) - length), length


_WAYS: tuple[Callable[[bytearray, bytes, random.Random], bytes], ...] = (
    _flip, _flip_header, _flip_index, _field, _truncate, _zero, _remove, _repeat,
    _splice_header, _splice_inside, _append,
)  # fmt: skip
