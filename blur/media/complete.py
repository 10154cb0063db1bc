"""Does a file hold as many bytes as its own header says?"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import BinaryIO

import av.container

_EBML_SEGMENT = 0x18538067
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def missing_frames(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream
) -> int:
    """How many frames the file is too short for; at least 1 when only bytes can be counted.

    0 also where the format promises nothing.
    """
    size = path.stat().st_size
    name = container.format.name
    if name.startswith("mov"):
        return sum(entry.pos + entry.size > size for entry in stream.index_entries)
    with path.open("rb") as file:
        try:
            promised = _promised_bytes(file, name, size)
        except struct.error:  # the file ends within its own header
            return 1
    return int(promised > size)


def _promised_bytes(file: BinaryIO, name: str, size: int) -> int:
    if name.startswith("matroska"):
        return _matroska(file)
    if name == "avi":
        return _avi(file, size)
    if name == "asf":
        return _asf(file)
    if name == "gif":
        file.seek(-min(size, 16), io.SEEK_END)
        return size if b"\x3b" in file.read() else size + 1
    return 0


def _matroska(file: BinaryIO) -> int:
    end = 0
    while (element := _ebml_element(file)) is not None:
        tag, length = element
        if tag == _EBML_SEGMENT:
            return 0 if length is None else file.tell() + length
        end = file.tell() + (length or 0)
        file.seek(end)
    return 0


def _ebml_element(file: BinaryIO) -> tuple[int, int | None] | None:
    tag, length = _ebml_number(file, keep_marker=True), _ebml_number(file, keep_marker=False)
    if tag is None or length is None:
        return None
    value, unknown = length
    return tag[0], None if unknown else value


def _ebml_number(file: BinaryIO, *, keep_marker: bool) -> tuple[int, bool] | None:
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    raw = first + file.read(width - 1)
    value = int.from_bytes(raw, "big")
    mask = (1 << (7 * width)) - 1
    return (value if keep_marker else value & mask), value & mask == mask


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
