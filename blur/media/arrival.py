"""Whether a file that is being copied or recorded is all there, by its container's own sizes.

Reads a few bytes and loads no library.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from blur.media.atoms import spans

_ISO = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_INDEXES = {"moov", "moof", "meta"}
"""Atoms, any of which a finished file has: the index of a film, of its parts, or of pictures."""
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def looks_whole(path: Path) -> bool:
    """Whether MP4, QuickTime, HEIF, AVI, WebP or Matroska data reach to the end they announce.

    True for other files, which announce none. Raises OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _ISO:
            found = list(spans(file, size))
            whole = bool(found) and found[-1].end == size
            return whole and not _INDEXES.isdisjoint(atom.type for atom in found)
        if head.startswith(b"RIFF") and len(head) >= 8:
            return 8 < int.from_bytes(head[4:8], "little") + 8 <= size
        if head.startswith(_EBML):
            return _matroska_is_whole(file, size)
    return size > 0


def _matroska_is_whole(file: BinaryIO, size: int) -> bool:
    """Whether the segment that a Matroska file announces is there; a live one has no length."""
    file.seek(len(_EBML))
    header = _length(file)
    file.seek(header or 0, 1)
    if header is None or file.read(len(_SEGMENT)) != _SEGMENT:
        return False
    length = _length(file)
    return length is None or file.tell() + length <= size


def _length(file: BinaryIO) -> int | None:
    """An EBML length: as many bytes as the first one has leading zero bits, and one more; None
    where it is unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    bits = 7 * (more + 1)
    value = int.from_bytes(first + file.read(more), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value
