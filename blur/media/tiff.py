"""TIFF's directories of tags (TIFF 6.0, BigTIFF): photographs, cameras' raw files, EXIF."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

NEW_SUBFILE_TYPE, WIDTH, HEIGHT, BITS, PHOTOMETRIC = 254, 256, 257, 258, 262
ORIENTATION, SUB_DIRECTORIES, PROFILE, DNG_VERSION = 274, 330, 34675, 50706
CHANNELS, PLANES, FOURTH = 277, 284, 338

HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_MOST_DIRECTORIES = 32
"""Directories followed; real files have ten at most, damaged ones link in circles."""

_MOST_VALUES = 64
"""Values read of a tag; longer ones are places of strips, which nobody asks for here."""

_SIZES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}

Directory = dict[int, tuple[int, ...]]


def unreadable(tags: Directory) -> str | None:
    """The layout, in words, of deep samples that OpenCV takes for another one; None for usual ones.

    Measured: it reads planes one after the other as interleaved, CIE L*a*b* as RGB, and drops the
    alpha of grey.
    """
    channels = tags.get(CHANNELS, (1,))[0]
    if tags.get(PHOTOMETRIC, (1,))[0] not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return "stores deep samples in other colours than grey or RGB"
    if channels > 1 and tags.get(PLANES, (1,))[0] == _APART:
        return "stores deep samples in planes of their own"
    return None if channels in (1, 3, 4) else f"stores {channels} deep samples a pixel"


_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _APART = 0, 1, 2, 2


class _Shape(NamedTuple):
    """A file's numbers: struct formats of an entry's count and of places, byte order first."""

    order: str
    big: bool

    @property
    def place(self) -> str:
        return self.order + ("Q" if self.big else "I")


def directories(path: Path) -> list[Directory]:
    """Whole numbers by tag of each directory, the first first, each followed by its children.

    Ends at the first bytes that are no directory. Raises OSError.
    """
    found: list[Directory] = []
    with path.open("rb") as file:
        head = file.read(16)
        if not head.startswith(HEADS):
            return []
        shape = _Shape("<" if head[:1] == b"I" else ">", b"+" in head[:4])
        places = [struct.unpack_from(shape.place, head, 8 if shape.big else 4)[0]]
        seen: set[int] = set()
        while places and len(found) < _MOST_DIRECTORIES:
            place = places.pop(0)
            if place in seen or not place:
                continue
            seen.add(place)
            try:
                tags, following = _directory(file, place, shape)
            except (struct.error, OverflowError, ValueError, OSError):  # a place beyond the file
                break
            found.append(tags)
            places = [*tags.get(SUB_DIRECTORIES, ()), *places, following]
    return found


def _directory(file: BinaryIO, place: int, shape: _Shape) -> tuple[Directory, int]:
    def number(kind: str) -> int:
        size = struct.calcsize(kind)
        return int(struct.unpack(shape.order + kind, file.read(size))[0])

    file.seek(place)
    count = number("Q" if shape.big else "H")
    if count > 4096:
        raise ValueError("more tags than TIFF has")
    long = "Q" if shape.big else "I"
    inside = struct.calcsize(long)
    entries = [(number("H"), number("H"), number(long), file.read(inside)) for _ in range(count)]
    following = number(long)
    read = ((tag, _values(file, kind, n, held, shape)) for tag, kind, n, held in entries)
    return {tag: values for tag, values in read if values}, following


def _values(file: BinaryIO, kind: int, count: int, inside: bytes, shape: _Shape) -> tuple[int, ...]:
    code = _SIZES.get(kind)
    if code is None or not 0 < count <= _MOST_VALUES:
        return ()
    form = f"{shape.order}{count}{code}"
    size = struct.calcsize(form)
    if size > len(inside):
        file.seek(struct.unpack(shape.place, inside)[0])
        inside = file.read(size)
    return struct.unpack(form, inside[:size])
