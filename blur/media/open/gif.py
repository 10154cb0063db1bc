"""GIF files block by block (GIF89a): how many pictures a file holds by its own structure."""

from __future__ import annotations

from pathlib import Path

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B


def count_images(path: Path) -> tuple[int, bool]:
    """(image blocks up to the first bytes that are no block, whether the end mark was reached)."""
    data = path.read_bytes()
    if len(data) < 13:
        return 0, False
    at, images = 13 + _palette(data[10]), 0
    while at < len(data):
        kind = data[at]
        if kind == _END:
            return images, True
        if kind == _EXTENSION:
            at += 2
        elif kind == _IMAGE and at + 10 <= len(data):
            at += 11 + _palette(data[at + 9])
            images += 1
        else:
            return images, False
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return images, False


def _palette(flags: int) -> int:
    """Bytes of the palette that a descriptor's flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
