"""The packets that a file promises by its own structure, and those cut off."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
import av.container

from blur.media import sample_tables
from blur.media.container import items
from blur.media.open.gif import count_images
from blur.media.traces import ebml

_TS_PACKETS = (188, 192, 204)
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


class Promise(NamedTuple):
    """Packets of a stream by the file's structure.

    `packets` is their count, None where the format has none; `missing` are absent beyond doubt, at
    least 1 if bytes are; `hidden` by an edit list.
    """

    packets: int | None
    missing: int
    hidden: int = 0


def promise(path: Path, container: av.container.InputContainer, stream: av.VideoStream) -> Promise:
    """Read the structure of a freshly opened file, not its samples."""
    size = path.stat().st_size
    name = container.format.name
    if name.startswith("mov"):
        entries = list(stream.index_entries)
        tables = sample_tables.sample_counts(path)
        number = stream.index - sum(index < stream.index for index in items(container))
        sized, timed = tables[number] if number < len(tables) else (0, 0)
        missing = sum(entry.pos + entry.size > size for entry in entries) + abs(sized - timed)
        hidden = max(0, sized - sum(not entry.is_discard for entry in entries))
        packets = sum(entry.size > 0 for entry in entries) or None
        fragments = sample_tables.fragment_samples(path)
        if number < len(fragments) and fragments[number]:
            packets = sized + fragments[number]  # its entries show only while it is read
        return Promise(packets, missing, hidden)
    if name.startswith("matroska"):
        return _matroska(path, container, stream)
    if name == "gif":
        images, whole = count_images(path)
        return Promise(images, int(not whole))
    with path.open("rb") as file:
        try:
            promised = _promised_bytes(file, name, size)
        except struct.error:  # cut off within its own header
            return Promise(None, 1)
    packets = len(stream.index_entries) if name == "avi" else 0
    return Promise(packets or None, int(promised > size))


def _matroska(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream
) -> Promise:
    counted = ebml.count_blocks(path)
    if counted is None:
        return Promise(None, 0)
    blocks, whole = counted
    tracks = [s.index for s in container.streams if s.type != "attachment"]
    known = len(blocks) == len(tracks) and stream.index < len(blocks)
    return Promise(blocks[stream.index] if known else None, int(not whole))


def _promised_bytes(file: BinaryIO, name: str, size: int) -> int:
    if name == "avi":
        return _avi(file, size)
    if name == "asf":
        return _asf(file)
    if name == "mpegts":
        return size + 1 if all(size % packet for packet in _TS_PACKETS) else 0
    return 0


def _avi(file: BinaryIO, size: int) -> int:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        tag, length = struct.unpack("<4sI", file.read(8))
        if tag != b"RIFF" or length in (0, 0xFFFFFFFF):
            break
        at += 8 + length + length % 2
    return at - 1  # the last chunk need not be padded


def _asf(file: BinaryIO) -> int:
    file.seek(16)
    header_end = struct.unpack("<Q", file.read(8))[0]
    file.seek(30)
    while (at := file.tell()) < header_end:
        guid, length = struct.unpack("<16sQ", file.read(24))
        if guid == _ASF_FILE_PROPERTIES:
            file.seek(16, io.SEEK_CUR)
            promised: int = struct.unpack("<Q", file.read(8))[0]
            file.seek(at + 24 + 64)
            live = struct.unpack("<I", file.read(4))[0] & 1
            return 0 if live else promised
        file.seek(at + max(24, length))
    return 0
