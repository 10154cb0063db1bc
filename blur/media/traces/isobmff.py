"""MP4, QuickTime and HEIF files atom by atom (ISO/IEC 14496-12): content beside the samples.

An allow-list: every atom is known to hold structure alone, or is looked into, or is reported.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blur.media.atoms import Atom, atoms, payload
from blur.media.sample_tables import handler_type, unused_bytes
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
            unused = unused_bytes(file, size)
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
                media = handler_type(file, atom)
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
        value = _place(content) if item.type == "loci" else _text(content)
        yield Trace.of(kind, at, value or f"{len(content)} bytes")


def _place(content: bytes) -> str:
    """The degrees of latitude and longitude in a `loci` atom (3GPP TS 26.244, 8.3), as phones write
    them in text, and the place's name; "" where it is too short to hold any."""
    text = content[6:]  # after version, flags and language
    wide = text[:2] == b"\xfe\xff"
    step = 2 if wide else 1
    ends = (at for at in range(0, len(text), step) if not any(text[at : at + step]))
    end = next(ends, len(text))
    numbers = text[end + step + 1 :][:8]  # after the name's end and a byte for its role
    if len(numbers) < 8:
        return ""
    longitude, latitude = (number / 65536 for number in struct.unpack(">2i", numbers))
    name = text[:end].decode("utf-16" if wide else "utf-8", "replace")
    return f"{latitude:+08.4f}{longitude:+09.4f}/ {name}".strip()


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
