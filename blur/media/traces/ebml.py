"""Matroska and WebM files element by element (RFC 9559): content beside the blocks."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blur.media.traces.metadata import Kind, Trace, kind_of

_HEADER, _SEGMENT, _CLUSTER, _VOID, _CRC = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xEC, 0xBF
_TAG, _SIMPLE_TAG, _TAG_NAME, _TAG_STRING = 0x7373, 0x67C8, 0x45A3, 0x4487
_ATTACHED_FILE, _FILE_NAME = 0x61A7, 0x466E

_CONTAINERS = {
    0x1549A966: "Info",
    0x1654AE6B: "Tracks",
    0xAE: "TrackEntry",
    0xE0: "Video",
    0xE1: "Audio",
}

# Elements that hold structure alone: EBML header, SeekHead, Cues, and the fields of Info,
# TrackEntry, Video, Audio that describe timing, coding, geometry and colour.
_STRUCTURE = frozenset(
    {_HEADER, _CRC, 0x114D9B74, 0x1C53BB6B, 0x2AD7B1, 0x4489}
    | {0xD7, 0x73C5, 0x83, 0xB9, 0x88, 0x55AA, 0x9C, 0x23E383, 0x23314F, 0x55EE, 0x86, 0x63A2}
    | {0xAA, 0x56AA, 0x56BB, 0x6DE7, 0x6DF8, 0x6D80, 0x41E4, 0x234E7A, 0x537F}
    | {0x9A, 0x9D, 0x53B8, 0x53C0, 0xB0, 0xBA, 0x54AA, 0x54BB, 0x54CC, 0x54DD, 0x54B0, 0x54BA}
    | {0x54B2, 0x54B3, 0x2EB524, 0x55B0, 0x7670, 0x2FB523, 0x2383E3}
    | {0xB5, 0x78B5, 0x9F, 0x6264, 0x52F1}
)

_TEXTS = {
    0x4D80: ("MuxingApp", Kind.SOFTWARE),
    0x5741: ("WritingApp", Kind.SOFTWARE),
    0x7BA9: ("Title", Kind.TEXT),
    0x7384: ("SegmentFilename", Kind.TEXT),
    0x536E: ("track name", Kind.TEXT),
    0x22B59C: ("track language", Kind.TEXT),
    0x22B59D: ("track language", Kind.TEXT),
    0x258688: ("codec name", Kind.SOFTWARE),
}

# Values without information for fields that the format demands.
_NEUTRAL_TEXTS = {"MuxingApp": b"Lavf", "WritingApp": b"Lavf", "track language": b"und"}

_TRACKS, _TRACK_ENTRY, _TRACK_NUMBER = 0x1654AE6B, 0xAE, 0xD7
_VIDEO = 0xE0
_CROPS = (0x54CC, 0x54BB, 0x54DD, 0x54AA)  # PixelCropLeft, -Top, -Right, -Bottom
_BLOCK_GROUP, _BLOCK, _SIMPLE_BLOCK = 0xA0, 0xA1, 0xA3
_NUMBERS_IN_CLUSTER = {0xE7, 0xA7, 0xAB}  # Timestamp, Position, PrevSize
_IN_CLUSTER = {_BLOCK_GROUP, _SIMPLE_BLOCK, _VOID, _CRC, 0x5854} | _NUMBERS_IN_CLUSTER

_DATE = 0x4461
_IDS = {0x73A4: "SegmentUID", 0x3CB923: "PrevUID", 0x3EB923: "NextUID", 0x4444: "SegmentFamily"}
_TAGS, _CHAPTERS, _ATTACHMENTS = 0x1254C367, 0x1043A770, 0x1941A469

_LONGEST_NUMBER = 8
"""Bytes of a number (RFC 8794); a larger limit takes a damaged block for one."""

_DEEPEST = 3
"""Levels: Segment/Tracks/TrackEntry/Video is the deepest."""

_TOP = {0x114D9B74, 0x1549A966, 0x1C53BB6B, _TAGS, _CHAPTERS, _ATTACHMENTS, _VOID, _CRC}

_EPOCH = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


class Element(NamedTuple):
    """An element: its id, and the bytes [start, end) of its content in the file."""

    id: int
    start: int
    end: int
    open_ended: bool = False


def elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The elements in [start, end) of the file; an element of unknown size reaches to `end`.

    Ends at the first bytes that are no element, or the beginning of one that does not fit.
    """
    while start < end:
        file.seek(start)
        tag, size = read_number(file, keep_marker=True), read_number(file, keep_marker=False)
        if tag is None or size is None:
            return
        at = file.tell()
        if at > end:
            return
        if size < 0:
            yield Element(tag, at, end, True)
            return
        yield Element(tag, at, min(at + size, end))
        start = at + size


def read_number(file: BinaryIO, *, keep_marker: bool) -> int | None:
    """EBML's variable-length number (RFC 8794); -1 for an unknown size, None at the file's end."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    raw = first + file.read(width - 1)
    value, mask = int.from_bytes(raw, "big"), (1 << 7 * width) - 1
    if keep_marker:
        return value
    return -1 if value & mask == mask else value & mask


def traces_of_matroska(path: Path) -> Iterator[Trace]:
    """Every trace outside the tracks' blocks; damaged structure ends the walk, never raises."""
    with path.open("rb") as file:
        for element in elements(file, 0, path.stat().st_size):
            if element.id == _SEGMENT:
                yield from _walk(file, element.start, element.end, "Segment")
            elif element.id == _VOID:
                yield from _void(file, element, "file")
            elif element.id != _HEADER:
                yield _unknown(element, "file")


def count_blocks(path: Path) -> tuple[list[int], bool] | None:
    """(blocks of each track, in order of track; whether the file is whole).

    None for a live recording, whose clusters have no size.
    """
    blocks: Counter[int] = Counter()
    tracks: list[int] = []
    size = path.stat().st_size
    with path.open("rb") as file:
        segments = [e for e in elements(file, 0, size) if e.id == _SEGMENT]
        if not segments or segments[0].open_ended:
            return None
        segment = segments[0]
        whole = _declared_end(file, segment) <= size
        end = segment.start
        for element in elements(file, segment.start, segment.end):
            if element.open_ended:
                return None
            end = element.end
            if element.id == _TRACKS:
                tracks = _track_numbers(file, element)
            elif element.id == _CLUSTER:
                whole &= _count_in_cluster(file, element, blocks)
            elif element.id not in _TOP:
                whole = False
        whole &= end == segment.end and set(blocks) <= set(tracks)
    return [blocks[number] for number in tracks], whole


def count_segments(path: Path) -> int:
    """Segments of a file: more than one where recordings were appended to each other."""
    with path.open("rb") as file:
        return sum(e.id == _SEGMENT for e in elements(file, 0, path.stat().st_size))


def pixel_crops(path: Path) -> list[tuple[int, int, int, int]]:
    """Pixels that are not shown at the left, top, right and bottom of each track's pictures."""
    with path.open("rb") as file:
        for segment in elements(file, 0, path.stat().st_size):
            if segment.id != _SEGMENT:
                continue
            for element in elements(file, segment.start, segment.end):
                if element.id == _TRACKS:
                    entries = elements(file, element.start, element.end)
                    return [_crop(file, e) for e in entries if e.id == _TRACK_ENTRY]
                if element.id == _CLUSTER:
                    break
    return []


def _crop(file: BinaryIO, entry: Element) -> tuple[int, int, int, int]:
    for part in elements(file, entry.start, entry.end):
        if part.id == _VIDEO:
            found = {e.id: _content(file, e, 8) for e in elements(file, part.start, part.end)}
            left, top, right, bottom = (int.from_bytes(found.get(i, b""), "big") for i in _CROPS)
            return left, top, right, bottom
    return 0, 0, 0, 0


def _declared_end(file: BinaryIO, segment: Element) -> int:
    """The segment's end by its own size field, which may lie beyond the file's end."""
    file.seek(segment.start - 8)  # FFmpeg, phones and browsers all write eight bytes of size
    size = read_number(file, keep_marker=False)
    return segment.end if file.tell() != segment.start else segment.start + (size or 0)


def _track_numbers(file: BinaryIO, tracks: Element) -> list[int]:
    numbers = []
    for entry in elements(file, tracks.start, tracks.end):
        if entry.id == _TRACK_ENTRY:
            for part in elements(file, entry.start, entry.end):
                if part.id == _TRACK_NUMBER:
                    numbers.append(int.from_bytes(_content(file, part), "big"))
    return numbers


def _count_in_cluster(file: BinaryIO, cluster: Element, blocks: Counter[int]) -> bool:
    end = cluster.start
    for element in elements(file, cluster.start, cluster.end):
        end = element.end
        if element.id not in _IN_CLUSTER:
            return False
        if element.id in _NUMBERS_IN_CLUSTER and element.end - element.start > _LONGEST_NUMBER:
            return False  # a block whose id was damaged
        if element.id == _BLOCK_GROUP:
            inner = [e for e in elements(file, element.start, element.end) if e.id == _BLOCK]
            if len(inner) != 1:
                return False
            element = inner[0]
        if element.id in (_BLOCK, _SIMPLE_BLOCK):
            file.seek(element.start)
            number = read_number(file, keep_marker=False)
            if number is None:
                return False
            blocks[number] += 1
    return end == cluster.end


def _walk(file: BinaryIO, start: int, end: int, where: str) -> Iterator[Trace]:
    for element in elements(file, start, end):
        if element.open_ended and element.id == _CLUSTER:
            return  # a live recording: only clusters of unknown size follow
        if element.id in _STRUCTURE or element.id == _CLUSTER:
            continue
        if element.id in _CONTAINERS and where.count("/") < _DEEPEST:
            at = f"{where}/{_CONTAINERS[element.id]}"
            yield from _walk(file, element.start, element.end, at)
        elif element.id in _TEXTS:
            name, kind = _TEXTS[element.id]
            value = _content(file, element).rstrip(b"\0")
            if value and value != _NEUTRAL_TEXTS.get(name):
                yield Trace.of(kind, f"{where}: {name}", value)
        elif element.id == _DATE:
            nanoseconds = int.from_bytes(_content(file, element, 8), "big", signed=True)
            date = _EPOCH + datetime.timedelta(microseconds=nanoseconds // 1000)
            yield Trace.of(Kind.DATE, f"{where}: DateUTC", date.isoformat())
        elif element.id in _IDS:
            value = _content(file, element)
            if value.strip(b"\0"):
                yield Trace.of(Kind.TEXT, f"{where}: {_IDS[element.id]}", value.hex())
        elif element.id == _TAGS:
            yield from _tags(file, element, where)
        elif element.id == _ATTACHMENTS:
            yield from _attachments(file, element, where)
        elif element.id == _CHAPTERS:
            yield Trace.of(Kind.CHAPTERS, f"{where}: Chapters")
        elif element.id == _VOID:
            yield from _void(file, element, where)
        else:
            yield _unknown(element, where)


def _content(file: BinaryIO, element: Element, limit: int = 1 << 20) -> bytes:
    file.seek(element.start)
    return file.read(min(element.end - element.start, limit))


def _tags(file: BinaryIO, tags: Element, where: str) -> Iterator[Trace]:
    for tag in elements(file, tags.start, tags.end):
        if tag.id != _TAG:  # a checksum, whose bytes may look like any element
            continue
        for simple in elements(file, tag.start, tag.end):
            if simple.id != _SIMPLE_TAG:
                continue
            parts = {e.id: _content(file, e) for e in elements(file, simple.start, simple.end)}
            name = parts.get(_TAG_NAME, b"").decode("utf-8", "replace").rstrip("\0")
            if name.upper() != "DURATION":
                value = parts.get(_TAG_STRING, b"")
                yield Trace.of(kind_of(name), f"{where}/Tags: {name}", value)


def _attachments(file: BinaryIO, attachments: Element, where: str) -> Iterator[Trace]:
    for attached in elements(file, attachments.start, attachments.end):
        for part in elements(file, attached.start, attached.end):
            if part.id == _FILE_NAME:
                yield Trace.of(Kind.THUMBNAIL, f"{where}/Attachments: file", _content(file, part))


def _void(file: BinaryIO, element: Element, where: str) -> Iterator[Trace]:
    content = _content(file, element)
    if content.strip(b"\0"):
        yield Trace.of(Kind.HIDDEN, f"{where}: Void", content)


def _unknown(element: Element, where: str) -> Trace:
    return Trace.of(
        Kind.HIDDEN, f"{where}: element {element.id:X}", f"{element.end - element.start} bytes"
    )
