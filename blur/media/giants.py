"""Pictures that claim more pixels than a frame can hold, told by their headers alone."""

from __future__ import annotations

import re
import struct

from blur.errors import DecodeError

_MOST_BYTES = 2**31
"""Bytes of a picture in memory, 8 to a pixel and with its margins, from which FFmpeg refuses it:
268 megapixels; phones take 200. A larger value lets pictures in that fail later, unexplained."""

_MARGIN = 128
"""Pixels that FFmpeg adds to either side of a picture when it reckons its bytes."""

_SIZES = {b"GIF8": "<6xHH", b"BM": "<18xII", b"qoif": ">4xII", b"8BPS": ">14xII"}
"""By first bytes: the places of width and height (PSD has them the other way round), in formats
whose decoders refuse giants without naming a size."""


_PLAIN = re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*(\d{1,10})\s+(\d{1,10})\s")
"""The header of PBM, PGM and PPM: numbers in words, with comments."""


def refuse_giant(width: int, height: int, name: str) -> None:
    """Raise DecodeError for a picture, by the size in its header, that no frame can hold."""
    if 8 * (width + _MARGIN) * (height + _MARGIN) < _MOST_BYTES:
        return
    raise DecodeError(
        f"claims {width}x{height} pixels: {width * height // 10**6} megapixels, 268 at most",
        subject=name,
        remedy="scale it down or cut it into parts; if it is smaller than it claims, its header is"
        " damaged: copy it from its source again",
    )


def refuse_giant_by(head: bytes, name: str) -> None:
    """`refuse_giant` for a file's first bytes, where they tell a size."""
    if (size := _claimed(head)) is not None:
        refuse_giant(*size, name)


def _claimed(head: bytes) -> tuple[int, int] | None:
    for sign, layout in _SIZES.items():
        if head.startswith(sign) and len(head) >= struct.calcsize(layout):
            width, height = struct.unpack_from(layout, head)
            return width, height
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) >= 30:
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if plain := _PLAIN.match(head):
        return int(plain[1]), int(plain[2])
    codestream = head.find(b"\xff\x4f\xff\x51")
    jpeg2000 = codestream == 0 or (codestream > 0 and head[4:8] == b"jP  ")
    if jpeg2000 and len(head) >= codestream + 16:
        width, height = struct.unpack_from(">II", head, codestream + 8)
        return width, height
    return None
