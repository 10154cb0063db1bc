"""Tracks of MP4, QuickTime and HEIF files, by their sample tables (ISO/IEC 14496-12).

Their numbers of samples and of bytes, the media they hold, Dolby Vision, clean apertures. An atom
shorter than its kind demands raises struct.error.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from blur.media.atoms import Atom, atoms, payload


def unused_bytes(file: BinaryIO, size: int) -> int:
    """Bytes of media data outside every sample table; 0 where tables do not tell."""
    held = used = 0
    for atom in atoms(file, 0, size):
        if atom.type == "mdat":
            held += atom.end - atom.start
        elif atom.type in ("moof", "meta"):
            return 0
    for trak in _tracks(file, size):
        sizes = _sample_bytes(file, trak)
        if sizes is None:
            return 0
        used += sizes
    return held - used


def _tracks(file: BinaryIO, size: int) -> Iterator[Atom]:
    for moov in atoms(file, 0, size):
        if moov.type == "moov":
            yield from (a for a in atoms(file, moov.start, moov.end) if a.type == "trak")


def sample_counts(path: Path) -> list[tuple[int, int]]:
    """Samples of each track: (count by its table of sizes, count by its table of times)."""
    with path.open("rb") as file:
        return [_counts(file, trak) for trak in _tracks(file, path.stat().st_size)]


def fragment_samples(path: Path) -> list[int]:
    """Samples of each track in the fragments of a file, in order of track; zeros without any."""
    counts: Counter[int] = Counter()
    size = path.stat().st_size
    with path.open("rb") as file:
        ids = [_track_id(file, trak) for trak in _tracks(file, size)]
        for moof in atoms(file, 0, size):
            if moof.type != "moof":
                continue
            for traf in (a for a in atoms(file, moof.start, moof.end) if a.type == "traf"):
                track = 0
                for atom in atoms(file, traf.start, traf.end):
                    number = int.from_bytes(payload(file, atom, 8)[4:8], "big")
                    if atom.type == "tfhd":
                        track = number
                    elif atom.type == "trun":
                        counts[track] += number
    return [counts[track] for track in ids]


def _track_id(file: BinaryIO, trak: Atom) -> int:
    for atom in atoms(file, trak.start, trak.end):
        if atom.type == "tkhd":
            content = payload(file, atom, 24)
            at = 20 if content[:1] == b"\1" else 12
            return int.from_bytes(content[at : at + 4], "big")
    return 0


def handlers(path: Path) -> list[bytes]:
    """The handler type of each track: vide, soun, pict, auxv ..."""
    with path.open("rb") as file:
        found = []
        for trak in _tracks(file, path.stat().st_size):
            media = [a for a in atoms(file, trak.start, trak.end) if a.type == "mdia"]
            found += [handler_type(file, atom) for atom in media[:1]]
        return found


def dolby_vision(path: Path) -> tuple[int, int] | None:
    """(profile, compatibility of its base layer) of a Dolby Vision film, None for any other.

    Compatibility 1 is HDR10, 2 SDR, 4 HLG, 0 none.
    """
    with path.open("rb") as file:
        for trak in _tracks(file, path.stat().st_size):
            entries = _table(file, trak, "stsd")
            if entries is None:
                continue
            for entry in atoms(file, entries.start + 8, entries.end):
                for atom in atoms(file, entry.start + 78, entry.end):
                    if atom.type in ("dvcC", "dvvC"):
                        content = payload(file, atom, 5).ljust(5, b"\0")
                        return content[2] >> 1, content[4] >> 4
    return None


def clean_apertures(path: Path) -> list[tuple[int, int, int, int]]:
    """Pixels that are not shown at the left, top, right and bottom of each track's pictures."""
    with path.open("rb") as file:
        return [_clean_aperture(file, trak) for trak in _tracks(file, path.stat().st_size)]


def _clean_aperture(file: BinaryIO, trak: Atom) -> tuple[int, int, int, int]:
    entries = _table(file, trak, "stsd")
    whole = 0, 0, 0, 0
    if entries is None:
        return whole
    for entry in atoms(file, entries.start + 8, entries.end):
        size = payload(file, entry, 28)[24:]
        for atom in atoms(file, entry.start + 78, entry.end):
            if atom.type != "clap":
                continue
            content = payload(file, atom, 32)
            if len(content) < 32 or not all(struct.unpack(">8i", content)[1::2]):
                return whole
            numbers = struct.unpack(">8i", content)
            shown = [Fraction(n, d) for n, d in zip(numbers[::2], numbers[1::2], strict=True)]
            sides = []
            for stored, length, shift in zip(
                struct.unpack(">2H", size), shown, shown[2:], strict=False
            ):
                before = (stored - length) / 2 + shift
                sides.append((round(before), round(stored - length - before)))
            (left, right), (top, bottom) = sides
            return (left, top, right, bottom) if min(left, top, right, bottom) >= 0 else whole
    return whole


def _counts(file: BinaryIO, trak: Atom) -> tuple[int, int]:
    sizes, times = _table(file, trak, "stsz"), _table(file, trak, "stts")
    if sizes is None or times is None:
        return 0, 0
    count = int.from_bytes(payload(file, sizes, 12)[8:12], "big")
    return count, int(_numbers(file, times, 8)[::2].sum(dtype=np.int64))


def _table(file: BinaryIO, trak: Atom, name: str) -> Atom | None:
    """The sample table of type `name`; None without it."""
    table = trak
    for step in ("mdia", "minf", "stbl", name):
        found = next((b for b in atoms(file, table.start, table.end) if b.type == step), None)
        if found is None:
            return None
        table = found
    return table


def _sample_bytes(file: BinaryIO, trak: Atom) -> int | None:
    sizes = _table(file, trak, "stsz")
    if sizes is None:
        return None
    each, count = struct.unpack(">II", payload(file, sizes, 12)[4:])
    if each == 1:  # QuickTime's old way: sound counted in single samples
        return None
    if each:
        return int(each * count)
    return int(_numbers(file, sizes, 12).sum(dtype=np.int64))


def _numbers(file: BinaryIO, table: Atom, skip: int) -> npt.NDArray[np.uint32]:
    """(n,) 32-bit numbers of a table, after `skip` bytes."""
    content = payload(file, table, table.end - table.start)[skip:]
    return np.frombuffer(content[: len(content) // 4 * 4], ">u4")


def handler_type(file: BinaryIO, mdia: Atom) -> bytes:
    """The four characters of a track's media, b"" where `mdia` tells none."""
    found = (b for b in atoms(file, mdia.start, mdia.end) if b.type == "hdlr")
    handler = next(found, None)
    return b"" if handler is None else payload(file, handler)[8:12]
