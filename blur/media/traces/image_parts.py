"""Photographs part by part: content beside the picture.

An allow-list: every part is known to hold the picture alone, or is looked into, or is reported.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image

from blur.media import tiff
from blur.media.atoms import Atom, atoms, payload
from blur.media.container import open_input, read_head
from blur.media.photograph import RAW, SINGLE, form_of, photograph_header
from blur.media.traces import icc
from blur.media.traces.metadata import Kind, Trace, kind_of, traces_of

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "sBIT", "bKGD"}
_PNG_PICTURE |= {"pHYs", "cICP"}
_PNG_TEXT = {"tEXt", "zTXt", "iTXt"}
_WEBP_PICTURE = {"VP8 ", "VP8L", "VP8X", "ALPH"}

# TIFF tags of the picture's storage, shared by EXIF's main directory.
_TIFF_PICTURE = {254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322}
_TIFF_PICTURE |= {323, 324, 325, 338, 339, 282, 283, 296, 530, 531, 532, 34665, 34853}

_HEIF_PICTURE = {"hvc1", "av01", "grid", "iden", "jpeg"}
_HEIF_STRUCTURE = {"hdlr", "pitm", "iloc", "idat", "dinf"}
_HEIF_PROPERTIES = {"ispe", "pixi", "hvcC", "av1C", "pasp", "irot", "imir", "clap", "clli", "mdcv"}


def traces_of_still(path: Path) -> Iterator[Trace]:
    """Every trace beside the picture. Raises DecodeError where the file cannot be opened."""
    form = form_of(path)
    if form == "TIFF" or (form == RAW and read_head(path).startswith(tiff.HEADS)):
        yield from _tiff(path)
    elif form == RAW:
        yield Trace.of(Kind.DEVICE, "file", "a camera's raw photograph")
    elif form == SINGLE:
        with open_input(path) as container:
            yield from traces_of(container.metadata, "file")
    elif form in ("HEIF", "AVIF"):
        yield from _heif(path)
    elif form is not None:
        yield from {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}[form](path.read_bytes())


def exif_traces(exif: Image.Exif, where: str) -> Iterator[Trace]:
    """A trace for each EXIF field except those of the picture's storage."""
    for tag, value in exif.items():
        if tag not in _TIFF_PICTURE:
            yield _exif_trace(tag, value, where, ExifTags.TAGS)
    for tag, value in exif.get_ifd(ExifTags.IFD.Exif).items():
        yield _exif_trace(tag, value, f"{where}/Exif", ExifTags.TAGS)
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    for tag, value in gps.items():
        name = ExifTags.GPSTAGS.get(tag, str(tag))
        yield Trace.of(Kind.LOCATION, f"{where}/GPS: {name}", value)
    if exif.get_ifd(ExifTags.IFD.IFD1):
        yield Trace.of(Kind.THUMBNAIL, f"{where}/IFD1")


def _exif_trace(tag: int, value: object, where: str, names: dict[int, str]) -> Trace:
    name = names.get(tag, f"tag {tag}")
    if name == "MakerNote":
        size = len(value) if isinstance(value, bytes) else 0
        return Trace.of(Kind.DEVICE, f"{where}: {name}", f"{size} bytes")
    return Trace.of(kind_of(name), f"{where}: {name}", value)


def _exif_block(block: bytes, where: str) -> Iterator[Trace]:
    exif = Image.Exif()
    try:
        exif.load(block)
        found = list(exif_traces(exif, where))
    except (SyntaxError, struct.error, ValueError, KeyError, TypeError):
        found = [Trace.of(Kind.HIDDEN, where, f"{len(block)} damaged bytes")]
    yield from found


def _profile(profile: bytes, where: str) -> Iterator[Trace]:
    if not icc.is_ours(profile):
        yield Trace.of(Kind.PROFILE, where, icc.standard_name(profile) or f"{len(profile)} bytes")


def _jpeg(data: bytes) -> Iterator[Trace]:
    at, profile = 2, b""
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xD9:
            at += 2
            break
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xDA:
            at = _end_of_scan(data, at)
        elif marker == 0xE2 and segment.startswith(b"ICC_PROFILE\0"):
            profile += segment[14:]
        else:
            yield from _jpeg_segment(marker, segment)
    if profile:
        yield from _profile(profile, "APP2: ICC profile")
    yield from _trailing(data[at:])


def _end_of_scan(data: bytes, at: int) -> int:
    """Offset of the next marker after a scan's coded samples."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2
    return len(data)


def _jpeg_segment(marker: int, segment: bytes) -> Iterator[Trace]:
    if marker == 0xFE:
        yield Trace.of(Kind.TEXT, "comment", segment)
    elif not 0xE0 <= marker <= 0xEF:
        return  # tables and frame headers
    elif marker == 0xE0 and segment.startswith(b"JFIF\0"):
        if any(segment[12:14]):
            yield Trace.of(Kind.THUMBNAIL, "APP0: JFIF")
    elif marker == 0xE1 and segment.startswith(b"Exif\0"):
        yield from _exif_block(segment, "APP1: EXIF")
    elif marker == 0xE1 and b"ns.adobe.com/x" in segment[:40]:
        yield Trace.of(Kind.TEXT, "APP1: XMP", segment.split(b"\0", 1)[-1])
    elif marker == 0xE2 and segment.startswith(b"MPF\0"):
        yield Trace.of(Kind.THUMBNAIL, "APP2: further pictures")
    elif marker == 0xEB:
        yield Trace.of(Kind.SOFTWARE, "APP11: content credentials", f"{len(segment)} bytes")
    elif marker == 0xED:
        yield Trace.of(Kind.TEXT, "APP13: IPTC", f"{len(segment)} bytes")
    elif not (marker == 0xEE and segment.startswith(b"Adobe") and len(segment) == 12):
        yield Trace.of(Kind.HIDDEN, f"APP{marker - 0xE0}", f"{len(segment)} bytes")


def _trailing(rest: bytes) -> Iterator[Trace]:
    if rest.strip(b"\0"):
        content = "a film" if rest[4:8] == b"ftyp" or b"ftypmp4" in rest else "data"
        yield Trace.of(Kind.HIDDEN, "after the picture", f"{content}, {len(rest)} bytes")


def _png(data: bytes) -> Iterator[Trace]:
    at = len(_PNG_HEAD)
    while at + 12 <= len(data):
        length, raw = struct.unpack_from(">I4s", data, at)
        kind, content = raw.decode("latin-1"), data[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == "IEND":
            break
        if kind in _PNG_TEXT:
            key, _, value = content.partition(b"\0")
            name = key.decode("latin-1")
            yield Trace.of(kind_of(name), f"{kind}: {name}", value)
        elif kind == "eXIf":
            yield from _exif_block(b"Exif\0\0" + content, "eXIf")
        elif kind == "iCCP":
            yield from _png_profile(content)
        elif kind == "tIME":
            yield Trace.of(Kind.DATE, kind, "-".join(str(b) for b in content[2:]))
        elif kind not in _PNG_PICTURE:
            yield Trace.of(Kind.HIDDEN, kind, f"{length} bytes")
    yield from _trailing(data[at:])


def _png_profile(content: bytes) -> Iterator[Trace]:
    name, _, packed = content.partition(b"\0")
    try:
        profile = zlib.decompress(packed[1:])
    except zlib.error:
        profile = packed
    yield from _profile(profile, f"iCCP: {name.decode('latin-1')}")


def _webp(data: bytes) -> Iterator[Trace]:
    end = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    while at + 8 <= min(end, len(data)):
        raw, length = struct.unpack_from("<4sI", data, at)
        kind, content = raw.decode("latin-1"), data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
        if kind == "EXIF":
            yield from _exif_block(content, kind)
        elif kind == "XMP ":
            yield Trace.of(Kind.TEXT, "XMP", content)
        elif kind == "ICCP":
            yield from _profile(content, kind)
        elif kind not in _WEBP_PICTURE:
            yield Trace.of(Kind.HIDDEN, kind, f"{length} bytes")
    yield from _trailing(data[at:])


def _tiff(path: Path) -> Iterator[Trace]:
    try:
        found = _tags(path)
    except (SyntaxError, struct.error, ValueError, KeyError, TypeError):
        found = [Trace.of(Kind.HIDDEN, "TIFF", "a damaged directory")]
    if profile := icc.in_tiff(path):
        yield from _profile(profile, "ICC profile")
    yield from (trace for trace in found if "InterColorProfile" not in trace.where)


def _tags(path: Path) -> list[Trace]:
    if b"+" in read_head(path)[:4]:  # BigTIFF, which Pillow reads as a photograph alone
        with photograph_header(path) as image:
            return list(exif_traces(image.getexif(), "TIFF"))
    exif = Image.Exif()
    with path.open("rb") as file:
        exif.load_from_fp(file)
        return list(exif_traces(exif, "TIFF"))


def _heif(path: Path) -> Iterator[Trace]:
    with path.open("rb") as file:
        for atom in atoms(file, 0, path.stat().st_size):
            if atom.type == "meta":
                yield from _heif_meta(file, atom)
            elif atom.type not in ("ftyp", "mdat", "free", "skip"):
                yield Trace.of(Kind.HIDDEN, atom.type, f"{atom.end - atom.start} bytes")
    with photograph_header(path) as image:
        yield from exif_traces(image.getexif(), "Exif item")


def _heif_meta(file: BinaryIO, meta: Atom) -> Iterator[Trace]:
    for atom in atoms(file, meta.start + 4, meta.end):
        if atom.type == "iinf":
            yield from _heif_items(file, atom)
        elif atom.type == "iref":
            for reference in atoms(file, atom.start + 4, atom.end):
                if reference.type == "thmb":
                    yield Trace.of(Kind.THUMBNAIL, "meta/iref")
                elif reference.type == "auxl":
                    yield Trace.of(Kind.HIDDEN, "meta/iref", "depth or gain map")
        elif atom.type == "iprp":
            for part in atoms(file, atom.start, atom.end):
                if part.type == "ipco":
                    yield from _heif_properties(file, part)
        elif atom.type not in _HEIF_STRUCTURE:
            yield Trace.of(Kind.HIDDEN, f"meta/{atom.type}", f"{atom.end - atom.start} bytes")


def _heif_items(file: BinaryIO, atom: Atom) -> Iterator[Trace]:
    head = payload(file, atom, 1)
    for item in atoms(file, atom.start + (6 if head == b"\0" else 8), atom.end):
        entry = payload(file, item)
        at = 8 if entry[:1] == b"\2" else 10
        kind, name = entry[at : at + 4].decode("latin-1"), entry[at + 4 :].split(b"\0", 1)[0]
        if kind not in _HEIF_PICTURE:
            yield Trace.of(Kind.TEXT, f"meta/iinf: {kind} item")
        if name not in (b"", b"Color", b"Alpha"):
            yield Trace.of(Kind.TEXT, "meta/iinf: item name", name)


def _heif_properties(file: BinaryIO, atom: Atom) -> Iterator[Trace]:
    for item in atoms(file, atom.start, atom.end):
        if item.type == "colr":
            content = payload(file, item)
            if content[:4] in (b"prof", b"rICC"):
                yield from _profile(content[4:], "meta/iprp/ipco/colr")
        elif item.type not in _HEIF_PROPERTIES:
            yield Trace.of(Kind.HIDDEN, f"meta/iprp/ipco/{item.type}")
