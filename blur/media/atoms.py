"""Atoms (boxes) of MP4, QuickTime and HEIF files (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

LARGEST_LOOK = 1 << 20
"""Bytes; longer atoms are reported by their size."""


class Atom(NamedTuple):
    """An atom (box): its type, and the bytes [start, end) of its content in the file."""

    type: str
    start: int
    end: int


def atoms(file: BinaryIO, start: int, end: int) -> Iterator[Atom]:
    """The atoms in [start, end) of the file; ends at the first bytes that are no atom."""
    for atom in spans(file, end, start):
        yield atom._replace(end=min(atom.end, end))


def spans(file: BinaryIO, end: int, start: int = 0) -> Iterator[Atom]:
    """Like `atoms`, with the ends that the atoms announce: the last may lie beyond `end`."""
    while start + 8 <= end:
        file.seek(start)
        size, raw = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = int.from_bytes(file.read(8), "big"), 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield Atom(raw.decode("latin-1"), start + head, start + size)
        start += size


def payload(file: BinaryIO, atom: Atom, limit: int = LARGEST_LOOK) -> bytes:
    """Content of an atom, up to `limit` bytes."""
    file.seek(atom.start)
    return file.read(min(atom.end - atom.start, limit))


def top_level(path: Path) -> list[str]:
    """The types of a file's outermost atoms, in order. Raises OSError."""
    with path.open("rb") as file:
        return [atom.type for atom in atoms(file, 0, path.stat().st_size)]
