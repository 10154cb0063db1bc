"""Headers that claim more pixels than a frame holds: told by their size, before any is decoded."""

from __future__ import annotations

import struct
import time
import zlib

import pytest
from PIL import Image

from blur.errors import DecodeError
from blur.media.open.probe import probe

SIDE = 65535


def png(width: int, height: int, packed: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes = b"") -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND")


def patched(path, kind: str, at: bytes | int, shift: int, size: bytes) -> None:
    Image.new("RGB", (40, 30), "red").save(path, kind)
    data = bytearray(path.read_bytes())
    place = (data.index(at) if isinstance(at, bytes) else at) + shift
    data[place : place + len(size)] = size
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif", ".tif"])
def test_a_giant_is_told_quickly_and_by_its_size(tmp_path, suffix):
    path = tmp_path / f"giant{suffix}"
    if suffix == ".png":  # 12 GB of samples in as many megabytes
        path.write_bytes(png(SIDE, SIDE, zlib.compress(bytes(1 << 20))))
    elif suffix == ".jpg":
        patched(path, "JPEG", b"\xff\xc0", 5, struct.pack(">HH", SIDE, SIDE))
    elif suffix == ".bmp":
        patched(path, "BMP", 18, 0, struct.pack("<ii", SIDE, SIDE))
    elif suffix == ".gif":
        patched(path, "GIF", 6, 0, struct.pack("<HH", SIDE, SIDE))
    else:
        patched(path, "TIFF", struct.pack("<HHI", 256, 4, 1), 8, struct.pack("<I", SIDE))
        data = path.read_bytes()
        at = data.index(struct.pack("<HHI", 257, 4, 1)) + 8
        path.write_bytes(data[:at] + struct.pack("<I", SIDE) + data[at + 4 :])
    began = time.process_time()
    with pytest.raises(DecodeError, match="claims 65535x65535 pixels: 4294 megapixels") as caught:
        probe(path)
    assert time.process_time() - began < 1
    assert "scale it down" in caught.value.remedy and "report" not in str(caught.value)


def test_the_largest_photographs_of_phones_are_no_giants(tmp_path):
    path = tmp_path / "phone.png"
    path.write_bytes(png(16320, 12240, zlib.compress(b"\0")))
    with pytest.raises(DecodeError, match="cannot be decoded"):  # cut off, not too large
        probe(path)
