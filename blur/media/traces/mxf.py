"""Traces in MXF files (SMPTE ST 377-1), by an allow-list of the packs in blur's own outputs.

A file is a row of packs, each a 16-byte key, a length and a value; header metadata are sets of
properties with 2-byte tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blur.media.traces.metadata import Kind, Trace

_LABEL = bytes.fromhex("060e2b34")
_STRUCTURE = ("0d010201", "0d010301")
"""Packs of partitions, primer and index; and those of pictures and sound."""
_FILL = "03010210"
_SETS = "0d010101"
_PICTURE, _SOUND, _SYSTEM = (0x15, 0x05), (0x16, 0x06), (0x04, 0x14)
"""The byte after the prefix of essence: what a pack holds."""

_DATES = {0x3B02, 0x3C06, 0x4404, 0x4405}
_TEXTS = {0x3C01: Kind.DEVICE, 0x3C02: Kind.DEVICE, 0x3C04: Kind.SOFTWARE, 0x3C08: Kind.SOFTWARE}
_TEXTS |= {0x4402: Kind.TEXT, 0x4802: Kind.TEXT}
_VERSIONS = {0x3C03, 0x3C07}
_NO_VERSION = "0.0.0"
_UMIDS = {0x1101, 0x4401}
_UNIQUE = {0x3C0A, 0x3C05, 0x3C09}
_UNIQUE_OF_FFMPEG = bytes.fromhex("adab44242f254dc792ff")
_TAPE_PACKAGE, _PACKAGE_NAME = 0x37, 0x4402

_PLAIN = {
    *(
        0x0201,
        0x0202,
        0x1001,
        0x1102,
        0x1501,
        0x1502,
        0x1503,
        0x1901,
        0x1902,
        0x2701,
        0x3F01,
        0x3F06,
    ),
    *(0x3F07, 0x3001, 0x3004, 0x3006, 0x3B03, 0x3B05, 0x3B06, 0x3B07, 0x3B09, 0x3B0A, 0x4403),
    *(0x4701, 0x4801, 0x4803, 0x4804, 0x4B01, 0x4B02),
    *range(0x3201, 0x321B),  # the picture's size, aspect, fields and colour
    *range(0x3301, 0x330C),  # its samples
    *range(0x3401, 0x340B),  # those of RGB and 4:4:4
    *range(0x3D01, 0x3D0B),  # the sound's
}
"""Properties of structure: references between sets, lengths, rates, formats, layouts."""

_LONGEST = 1 << 20
"""Bytes of a set that is looked into; larger ones hold pictures."""


class _Pack(NamedTuple):
    key: bytes
    start: int
    length: int


def traces_of_mxf(path: Path) -> Iterator[Trace]:
    """Every property and pack beyond those that FFmpeg writes of pictures and sound alone."""
    with path.open("rb") as file:
        for pack in _packs(file):
            item = pack.key[8:12].hex()
            if item == _SETS and pack.key[4:6] == b"\x02\x53" and pack.length < _LONGEST:
                file.seek(pack.start)
                yield from _of_set(pack.key[14], file.read(pack.length))
            elif item == "0d010301" and pack.key[12] not in (*_PICTURE, *_SOUND, *_SYSTEM):
                yield Trace.of(Kind.TRACK, "file: essence that is no picture or sound")
            elif item not in (*_STRUCTURE, _SETS, _FILL):
                yield Trace.of(Kind.HIDDEN, f"file: pack {pack.key.hex()}")


def _packs(file: BinaryIO) -> Iterator[_Pack]:
    end, place = file.seek(0, 2), 0
    while place < end:
        file.seek(place)
        head = file.read(25)
        if not head.startswith(_LABEL) or len(head) < 17:
            return  # the demuxer reports damage
        first, size = head[16], 0
        if first >= 0x80:
            size = first & 0x7F
            length = int.from_bytes(head[17 : 17 + size])
        else:
            length = first
        yield _Pack(head[:16], place + 17 + size, length)
        place += 17 + size + length


def _of_set(kind: int, value: bytes) -> Iterator[Trace]:
    for tag, found in _properties(value):
        where = f"file: set {kind:02x}, property {tag:04x}"
        if not any(found):
            continue
        if tag in _DATES:
            yield Trace.of(Kind.DATE, where, found.hex())
        elif tag in _TEXTS:
            text = found.decode("utf-16-be", "replace").strip("\0 ")
            is_tape = (kind, tag) == (_TAPE_PACKAGE, _PACKAGE_NAME)
            if text and text != _NO_VERSION:
                yield Trace.of(Kind.TIMECODE if is_tape else _TEXTS[tag], where, text)
        elif tag in _VERSIONS:
            yield Trace.of(Kind.SOFTWARE, where, found.hex())
        elif tag in _UMIDS:
            if found[11:12] != b"\0":  # made from a clock or a machine's address
                yield Trace.of(Kind.DEVICE, where, found.hex())
        elif tag in _UNIQUE:
            if not found.startswith(_UNIQUE_OF_FFMPEG):
                yield Trace.of(Kind.HIDDEN, where)
        elif tag not in _PLAIN:
            yield Trace.of(Kind.HIDDEN, where, found.hex())


def _properties(value: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(value):
        tag = int.from_bytes(value[place : place + 2])
        length = int.from_bytes(value[place + 2 : place + 4])
        yield tag, value[place + 4 : place + 4 + length]
        place += 4 + length
