"""MP4, QuickTime and HEIF files box by box: what is there beside structure and samples.

Every box is either known to hold structure alone, or looked into, or reported: an allow-list.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from blur.media.traces.metadata import Kind, Trace, kind_of

_LARGEST_LOOK = 1 << 20
"""Bytes; longer boxes are reported by their size."""

_DEEPEST = 8
"""Levels; real files nest boxes seven deep."""

_EPOCH = datetime.datetime(1904, 1, 1, tzinfo=datetime.UTC)


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


_CONTAINERS = _types("moov trak edts mdia minf stbl dinf gmhd mvex moof traf mfra tref")

_STRUCTURE = _types(
    "ftyp styp sidx mdat iods vmhd smhd nmhd sthd gmin stts ctts stss stps stsz stz2 stsc stco"
    " co64 sdtp cslg sgpd sbgp saiz saio elst mehd trex mfhd tfhd tfdt trun mfro tfra load"
)

_SAMPLE_STRUCTURE = _types(
    "avcC hvcC lhvC av1C vpcC esds colr pasp btrt fiel clap gama mdcv clli SmDm CoLL chrm dvcC"
    " dvvC hvcE ACLR ARES APRG ADHR glbl chan alac dOps dfLa dac3 dec3 pcmC chnl wave frma enda"
    " damr d263 st3d sv3d"
)

_PADDING = frozenset(("free", "skip", "wide"))

# Four-character metadata boxes that say what they are.
_KINDS = {
    "loci": Kind.LOCATION,
    "auth": Kind.PERSON,
    "cprt": Kind.PERSON,
    "perf": Kind.PERSON,
    "thmb": Kind.THUMBNAIL,
    "covr": Kind.THUMBNAIL,
    "manu": Kind.DEVICE,
    "modl": Kind.DEVICE,
    "chpl": Kind.CHAPTERS,
    "\xa9xyz": Kind.LOCATION,
    "\xa9mak": Kind.DEVICE,
    "\xa9mod": Kind.DEVICE,
    "\xa9day": Kind.DATE,
    "\xa9swr": Kind.SOFTWARE,
    "\xa9too": Kind.SOFTWARE,
    "\xa9enc": Kind.SOFTWARE,
    "\xa9ART": Kind.PERSON,
    "\xa9aut": Kind.PERSON,
    "\xa9cpy": Kind.PERSON,
}

# What ProRes prescribes, and how FFmpeg's QuickTime muxer signs whatever it writes.
_NEUTRAL_VENDORS = {b"", b"appl", b"FFMP"}

_NEUTRAL_HANDLERS = {b"", b"VideoHandler", b"SoundHandler", b"TimeCodeHandler", b"DataHandler"}


class Box(NamedTuple):
    """A box's type and where its content lies in the file, [start, end)."""

    type: str
    start: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes in a range of the file; stops where what follows is no box."""
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
        yield Box(raw.decode("latin-1"), start + head, min(start + size, end))
        start += size


def traces(path: Path) -> Iterator[Trace]:
    """What the file gives away beside its tracks' samples."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            yield from _walk(file, 0, size, "")
            unused = _unused_bytes(file, size)
        except struct.error:
            yield Trace.of(Kind.HIDDEN, "file", "a box is shorter than its kind demands")
            return
    if unused > 0:
        yield Trace.of(Kind.HIDDEN, "mdat", f"{unused} bytes that no track uses")


def _walk(file: BinaryIO, start: int, end: int, parent: str, media: bytes = b"") -> Iterator[Trace]:
    """`media` is the handler type of the track that the range is in."""
    for box in boxes(file, start, end):
        where = f"{parent}/{box.type}".lstrip("/")
        if box.type in _CONTAINERS and where.count("/") < _DEEPEST:
            if box.type == "mdia":
                media = _handler_type(file, box)
            yield from _walk(file, box.start, box.end, where, media)
        elif box.type in _STRUCTURE:
            continue
        elif box.type in _PADDING:
            if payload(file, box).strip(b"\0"):
                yield Trace.of(Kind.HIDDEN, where, payload(file, box))
        elif box.type in ("mvhd", "tkhd", "mdhd"):
            yield from _header(payload(file, box), where, box.type)
        elif box.type == "hdlr":
            yield from _handler(payload(file, box), where)
        elif box.type == "dref":
            yield from _data_references(file, box, where)
        elif box.type == "stsd":
            yield from _sample_entries(file, box, where, media)
        elif box.type == "udta":
            yield from _user_data(file, box, where)
        elif box.type == "meta":
            yield from _meta(file, box, where)
        elif where.startswith("moov/trak/tref"):
            continue
        elif where in ("moov/trak/mdia/minf/gmhd/tmcd", "moov/trak/mdia/minf/gmhd/text"):
            continue  # how a timecode track would be drawn
        else:
            yield _unknown(file, box, where)


def payload(file: BinaryIO, box: Box, limit: int = _LARGEST_LOOK) -> bytes:
    """What a box holds, up to `limit` bytes."""
    file.seek(box.start)
    return file.read(min(box.end - box.start, limit))


def _unknown(file: BinaryIO, box: Box, where: str) -> Trace:
    content = payload(file, box, 400)
    kind = _KINDS.get(box.type, Kind.HIDDEN)
    return Trace.of(kind, where, _text(content) or f"{box.end - box.start} bytes")


def _text(content: bytes) -> str:
    """The longest printable run, where there is one worth the name."""
    runs = "".join(c if c.isprintable() else "\0" for c in content.decode("utf-8", "replace"))
    longest = max(runs.split("\0"), key=len)
    return longest.strip("\ufffd ") if len(longest) > 3 else ""


def _header(content: bytes, where: str, kind: str) -> Iterator[Trace]:
    wide = content[:1] == b"\1"
    times = struct.unpack_from(">QQ" if wide else ">II", content, 4)
    for name, seconds in zip(("created", "modified"), times, strict=True):
        if seconds:
            yield Trace.of(Kind.DATE, f"{where}: {name}", _date(seconds))
    if kind == "mdhd":
        (language,) = struct.unpack_from(">H", content, 32 if wide else 20)
        letters = "".join(chr(0x60 + (language >> shift & 31)) for shift in (10, 5, 0))
        if language not in (0x55C4, 0x7FFF, 0):
            yield Trace.of(
                Kind.TEXT, f"{where}: language", letters if language >= 0x400 else language
            )


def _date(seconds: int) -> str:
    try:
        return (_EPOCH + datetime.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return f"{seconds} s since 1904"


def _handler_type(file: BinaryIO, mdia: Box) -> bytes:
    found = (b for b in boxes(file, mdia.start, mdia.end) if b.type == "hdlr")
    handler = next(found, None)
    return b"" if handler is None else payload(file, handler)[8:12]


def _handler(content: bytes, where: str) -> Iterator[Trace]:
    maker, name = content[12:16], content[24:]
    if name[:1] and name[0] == len(name) - 1:  # QuickTime counts, MP4 ends with a zero
        name = name[1:]
    if name.rstrip(b"\0") not in _NEUTRAL_HANDLERS:
        yield Trace.of(Kind.SOFTWARE, f"{where}: name", name)
    if maker.strip(b"\0"):
        yield Trace.of(Kind.SOFTWARE, f"{where}: maker", maker)


def _data_references(file: BinaryIO, box: Box, where: str) -> Iterator[Trace]:
    for entry in boxes(file, box.start + 8, box.end):
        if entry.end - entry.start > 4:
            yield Trace.of(Kind.HIDDEN, f"{where}/{entry.type}", payload(file, entry)[4:])


def _sample_entries(file: BinaryIO, box: Box, where: str, media: bytes) -> Iterator[Trace]:
    for entry in boxes(file, box.start + 8, box.end):
        content = payload(file, entry, 128)
        at = f"{where}/{entry.type}"
        if media == b"tmcd":
            yield from _children(file, entry.start + 26, entry.end, at)
            continue
        if media not in (b"vide", b"soun"):
            continue  # the track itself is reported
        if content[12:16].strip(b"\0") not in _NEUTRAL_VENDORS:
            yield Trace.of(Kind.SOFTWARE, f"{at}: vendor", content[12:16])
        if media == b"vide":
            if content[43:74].strip(b"\0"):
                yield Trace.of(Kind.SOFTWARE, f"{at}: compressor", content[43:74])
            yield from _children(file, entry.start + 78, entry.end, at)
        else:
            version = int.from_bytes(content[8:10], "big")
            first = entry.start + 28 + {1: 16, 2: 36}.get(version, 0)
            yield from _children(file, first, entry.end, at)


def _children(file: BinaryIO, start: int, end: int, where: str) -> Iterator[Trace]:
    for box in boxes(file, start, end):
        if box.type not in _SAMPLE_STRUCTURE:
            yield _unknown(file, box, f"{where}/{box.type}")


def _user_data(file: BinaryIO, box: Box, where: str) -> Iterator[Trace]:
    for item in boxes(file, box.start, box.end):
        at = f"{where}/{item.type}"
        if item.type == "meta":
            yield from _meta(file, item, at)
            continue
        content = payload(file, item)
        if item.type.startswith("\xa9"):
            content = content[4:]  # length and language
        kind = _KINDS.get(item.type, Kind.TEXT if item.type == "name" else Kind.HIDDEN)
        yield Trace.of(kind, at, _text(content) or f"{len(content)} bytes")


def _meta(file: BinaryIO, box: Box, where: str) -> Iterator[Trace]:
    """Apple's key-value lists, in either of their forms; any other content as it is."""
    start = box.start if payload(file, box, 8)[4:8] == b"hdlr" else box.start + 4
    keys: list[str] = []
    for item in boxes(file, start, box.end):
        if item.type == "hdlr":
            continue
        if item.type == "keys":
            keys = [
                payload(file, key).decode("utf-8", "replace")
                for key in boxes(file, item.start + 8, item.end)
            ]
        elif item.type == "ilst":
            for entry in boxes(file, item.start, item.end):
                number = int.from_bytes(entry.type.encode("latin-1"), "big")
                key = keys[number - 1] if 0 < number <= len(keys) else entry.type
                yield from _list_entry(file, entry, key, where)
        elif item.type not in _PADDING:
            yield _unknown(file, item, f"{where}/{item.type}")


def _list_entry(file: BinaryIO, entry: Box, key: str, where: str) -> Iterator[Trace]:
    for data in boxes(file, entry.start, entry.end):
        content = payload(file, data)[8:]
        kind = _KINDS.get(key) or kind_of(key)
        value = _text(content) or int.from_bytes(content[:8], "big")
        yield Trace.of(kind, f"{where}: {key}", value)


def _unused_bytes(file: BinaryIO, size: int) -> int:
    """Bytes of media data that no sample table refers to; 0 where that cannot be told."""
    held = used = 0
    for box in boxes(file, 0, size):
        if box.type == "mdat":
            held += box.end - box.start
        elif box.type in ("moof", "meta"):
            return 0
        elif box.type == "moov":
            for trak in boxes(file, box.start, box.end):
                if trak.type == "trak":
                    sizes = _sample_bytes(file, trak)
                    if sizes is None:
                        return 0
                    used += sizes
    return held - used


def sample_counts(path: Path) -> list[tuple[int, int]]:
    """How many samples each track has, by its table of sizes and by its table of times."""
    found = []
    with path.open("rb") as file:
        for box in boxes(file, 0, path.stat().st_size):
            if box.type == "moov":
                for trak in boxes(file, box.start, box.end):
                    if trak.type == "trak":
                        found.append(_counts(file, trak))
    return found


def dolby_vision(path: Path) -> tuple[int, int] | None:
    """A film's Dolby Vision profile, and what its base layer is compatible with.

    1 is HDR10, 2 SDR, 4 HLG, 0 nothing else; None for a film without Dolby Vision.
    """
    with path.open("rb") as file:
        for moov in boxes(file, 0, path.stat().st_size):
            if moov.type != "moov":
                continue
            for trak in boxes(file, moov.start, moov.end):
                entries = _table(file, trak, "stsd")
                if entries is None:
                    continue
                for entry in boxes(file, entries.start + 8, entries.end):
                    for box in boxes(file, entry.start + 78, entry.end):
                        if box.type in ("dvcC", "dvvC"):
                            content = payload(file, box, 5).ljust(5, b"\0")
                            return content[2] >> 1, content[4] >> 4
    return None


def _counts(file: BinaryIO, trak: Box) -> tuple[int, int]:
    sizes, times = _table(file, trak, "stsz"), _table(file, trak, "stts")
    if sizes is None or times is None:
        return 0, 0
    count = int.from_bytes(payload(file, sizes, 12)[8:12], "big")
    return count, int(_numbers(file, times, 8)[::2].sum(dtype=np.int64))


def _table(file: BinaryIO, trak: Box, name: str) -> Box | None:
    """A table of a track's samples."""
    table = trak
    for step in ("mdia", "minf", "stbl", name):
        found = next((b for b in boxes(file, table.start, table.end) if b.type == step), None)
        if found is None:
            return None
        table = found
    return table


def _sample_bytes(file: BinaryIO, trak: Box) -> int | None:
    sizes = _table(file, trak, "stsz")
    if sizes is None:
        return None
    each, count = struct.unpack(">II", payload(file, sizes, 12)[4:])
    if each == 1:  # QuickTime's old way to count sound in single samples
        return None
    if each:
        return int(each * count)
    return int(_numbers(file, sizes, 12).sum(dtype=np.int64))


def _numbers(file: BinaryIO, table: Box, skip: int) -> npt.NDArray[np.uint32]:
    """The 32-bit numbers of a table, after `skip` bytes."""
    content = payload(file, table, table.end - table.start)[skip:]
    return np.frombuffer(content[: len(content) // 4 * 4], ">u4")
