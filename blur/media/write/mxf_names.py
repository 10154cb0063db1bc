"""The names in a new MXF file: its packages', which tell media apart, and its writer's.

FFmpeg gives every package of every file a single name (UMID, SMPTE ST 330) when it is asked to
write nothing of the machine; else the name tells 32 bits of chance, beside FFmpeg's version.
"""

from __future__ import annotations

import hashlib
import mmap
from pathlib import Path

_LABEL = bytes.fromhex("060a2b340101010501010d0013")
"""The first 13 bytes of each UMID: its universal label and length."""

_NAMELESS = bytes(18)
"""Instance and material number as FFmpeg writes them; the package's number follows."""

_WRITER = "Lavf".encode("utf-16-be")


def name_packages(path: Path) -> None:
    """Name the packages after the file's content, and blank the writer's name. Raises OSError."""
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").digest()[: len(_NAMELESS)]
        with mmap.mmap(file.fileno(), 0) as data:
            for old, new in (
                (_LABEL + _NAMELESS, _LABEL + digest),
                (_WRITER, bytes(len(_WRITER))),
            ):
                place = data.find(old)
                while place >= 0:
                    data[place : place + len(old)] = new
                    place = data.find(old, place + len(old))
