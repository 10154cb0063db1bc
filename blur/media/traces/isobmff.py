"""MP4, QuickTime and HEIF files atom by atom (ISO/IEC 14496-12): content beside the samples.

An allow-list: every atom is known to hold structure alone, or is looked into, or is reported.
"""

from __future__ import annotations

import datetime
import struct
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from blur.media.atoms import Atom, atoms, payload
from blur.media.traces.metadata import Kind, Trace, kind_of

_DEEPEST = 8
"""Levels; real files nest atoms seven deep, and damaged ones without end."""

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

# Metadata atoms by the kind of trace that their four characters stand for.
_NAMES = {
    Kind.LOCATION: "loci \xa9xyz",
    Kind.PERSON: "auth cprt perf \xa9ART \xa9aut \xa9cpy",
    Kind.THUMBNAIL: "thmb covr",
    Kind.DEVICE: "manu modl \xa9mak \xa9mod",
    Kind.CHAPTERS: "chpl",
    Kind.DATE: "\xa9day",
    Kind.SOFTWARE: "\xa9swr \xa9too \xa9enc",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}

# The vendor that ProRes prescribes, and the sign of FFmpeg's QuickTime muxer.
_NEUTRAL_VENDORS = {b"", b"appl", b"FFMP"}

_NEUTRAL_HANDLERS = {b"", b"VideoHandler", b"SoundHandler", b"TimeCodeHandler", b"DataHandler"}


def traces_of_mp4(path: Path) -> Iterator[Trace]:
    """Every trace outside the tracks' samples; damaged structure is a trace, never an error."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            yield from _walk(file, 0, size, "")
            unused = _unused_bytes(file, size)
            films = sum(atom.type == "moov" for atom in atoms(file, 0, size))
        except struct.error:
            yield Trace.of(Kind.HIDDEN, "file", "an atom is shorter than its kind demands")
            return
    if films > 1:  # readers show the first alone
        yield Trace.of(Kind.HIDDEN, "moov", f"{films - 1} further films behind the first")
    if unused > 0:
        yield Trace.of(Kind.HIDDEN, "mdat", f"{unused} bytes that no track uses")


def _walk(file: BinaryIO, start: int, end: int, parent: str, media: bytes = b"") -> Iterator[Trace]:
    """`media` is the handler type of the track that the range is in."""
    for atom in atoms(file, start, end):
        where = f"{parent}/{atom.type}".lstrip("/")
        if atom.type in _CONTAINERS and where.count("/") < _DEEPEST:
            if atom.type == "mdia":
                media = _handler_type(file, atom)
            yield from _walk(file, atom.start, atom.end, where, media)
        elif atom.type in _STRUCTURE:
            continue
        elif atom.type in _PADDING:
            if payload(file, atom).strip(b"\0"):
                yield Trace.of(Kind.HIDDEN, where, payload(file, atom))
        elif atom.type in ("mvhd", "tkhd", "mdhd"):
            yield from _header(payload(file, atom), where, atom.type)
        elif atom.type == "hdlr":
            yield from _handler(payload(file, atom), where)
        elif atom.type == "dref":
            yield from _data_references(file, atom, where)
        elif atom.type == "stsd":
            yield from _sample_entries(file, atom, where, media)
        elif atom.type == "udta":
            yield from _user_data(file, atom, where)
        elif atom.type == "meta":
            yield from _meta(file, atom, where)
        elif where.startswith("moov/trak/tref"):
            continue
        elif where in ("moov/trak/mdia/minf/gmhd/tmcd", "moov/trak/mdia/minf/gmhd/text"):
            continue  # how players draw a timecode track
        else:
            yield _unknown(file, atom, where)


def _unknown(file: BinaryIO, atom: Atom, where: str) -> Trace:
    content = payload(file, atom, 400)
    kind = _KINDS.get(atom.type, Kind.HIDDEN)
    return Trace.of(kind, where, _text(content) or f"{atom.end - atom.start} bytes")


def _text(content: bytes) -> str:
    """The longest printable run, "" where it is shorter than four characters."""
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


def _handler_type(file: BinaryIO, mdia: Atom) -> bytes:
    found = (b for b in atoms(file, mdia.start, mdia.end) if b.type == "hdlr")
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


def _data_references(file: BinaryIO, atom: Atom, where: str) -> Iterator[Trace]:
    for entry in atoms(file, atom.start + 8, atom.end):
        if entry.end - entry.start > 4:
            yield Trace.of(Kind.HIDDEN, f"{where}/{entry.type}", payload(file, entry)[4:])


def _sample_entries(file: BinaryIO, atom: Atom, where: str, media: bytes) -> Iterator[Trace]:
    for entry in atoms(file, atom.start + 8, atom.end):
        content = payload(file, entry, 128)
        at = f"{where}/{entry.type}"
        if media == b"tmcd":
            for atom in atoms(file, entry.start + 26, entry.end):  # beside it, a tape's name
                trace = _unknown(file, atom, f"{at}/{atom.type}")
                named = Trace(Kind.TIMECODE, trace.where, trace.value)
                yield named if atom.type == "name" else trace
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
    for atom in atoms(file, start, end):
        if atom.type not in _SAMPLE_STRUCTURE:
            yield _unknown(file, atom, f"{where}/{atom.type}")


def _user_data(file: BinaryIO, atom: Atom, where: str) -> Iterator[Trace]:
    for item in atoms(file, atom.start, atom.end):
        at = f"{where}/{item.type}"
        if item.type == "meta":
            yield from _meta(file, item, at)
            continue
        content = payload(file, item)
        if item.type.startswith("\xa9"):
            content = content[4:]  # length and language
        kind = _KINDS.get(item.type, Kind.TEXT if item.type == "name" else Kind.HIDDEN)
        yield Trace.of(kind, at, _text(content) or f"{len(content)} bytes")


def _meta(file: BinaryIO, atom: Atom, where: str) -> Iterator[Trace]:
    """Apple's key-value lists, in either of their forms; other content by its longest text."""
    start = atom.start if payload(file, atom, 8)[4:8] == b"hdlr" else atom.start + 4
    keys: list[str] = []
    for item in atoms(file, start, atom.end):
        if item.type == "hdlr":
            continue
        if item.type == "keys":
            keys = [
                payload(file, key).decode("utf-8", "replace")
                for key in atoms(file, item.start + 8, item.end)
            ]
        elif item.type == "ilst":
            for entry in atoms(file, item.start, item.end):
                number = int.from_bytes(entry.type.encode("latin-1"), "big")
                key = keys[number - 1] if 0 < number <= len(keys) else entry.type
                yield from _list_entry(file, entry, key, where)
        elif item.type not in _PADDING:
            yield _unknown(file, item, f"{where}/{item.type}")


def _list_entry(file: BinaryIO, entry: Atom, key: str, where: str) -> Iterator[Trace]:
    for data in atoms(file, entry.start, entry.end):
        content = payload(file, data)[8:]
        kind = _KINDS.get(key) or kind_of(key)
        value = _text(content) or int.from_bytes(content[:8], "big")
        yield Trace.of(kind, f"{where}: {key}", value)


def _unused_bytes(file: BinaryIO, size: int) -> int:
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
            found += [_handler_type(file, atom) for atom in media[:1]]
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
