"""Headers that claim more pixels than a frame holds: told by their size, before any is decoded."""

from __future__ import annotations

import struct
import time
import zlib

import pillow_heif
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


BEFORE_SIZE = {".webp": (b"VP8X", 8), ".heic": (b"ispe", 8), ".avif": (b"ispe", 8)}
BEFORE_SIZE |= {".jp2": (b"\xff\x4f\xff\x51", 8)}


def claiming(path) -> None:
    """Write a picture in the format of the path's suffix, and let it claim 65535x65535 pixels."""
    sign, on = BEFORE_SIZE[path.suffix]
    picture = Image.new("RGBA" if path.suffix == ".webp" else "RGB", (96, 64))
    if path.suffix == ".heic":
        pillow_heif.from_pillow(picture).save(path)
    else:
        picture.save(path)
    data = bytearray(path.read_bytes())
    at = data.index(sign) + on
    size = (SIDE - 1).to_bytes(3, "little") * 2 if path.suffix == ".webp" else None
    size = size or struct.pack(">II", SIDE, SIDE)
    at += 4 if path.suffix == ".webp" else 0
    data[at : at + len(size)] = size
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", [*BEFORE_SIZE, ".ppm", ".qoi"])
def test_a_giant_of_any_format_is_told_by_its_size(tmp_path, suffix):
    path = tmp_path / f"giant{suffix}"
    if suffix == ".ppm":
        path.write_bytes(b"P6\n# by hand\n65535 65535 255\n" + bytes(100))
    elif suffix == ".qoi":
        path.write_bytes(b"qoif" + struct.pack(">II", SIDE, SIDE) + b"\3\0" + bytes(100))
    else:
        claiming(path)
    with pytest.raises(DecodeError, match="claims 65535x65535 pixels"):
        probe(path)


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


def test_a_header_of_endless_brands_is_read_at_once(tmp_path):
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.new("RGB", (96, 64))).save(path)
    path.write_bytes(b"\xff\xff\xff\xff" + path.read_bytes()[4:])
    began = time.process_time()
    with pytest.raises(DecodeError):
        probe(path)
    assert time.process_time() - began < 1


def test_the_largest_photographs_of_phones_are_no_giants(tmp_path):
    path = tmp_path / "phone.png"
    path.write_bytes(png(16320, 12240, zlib.compress(b"\0")))
    with pytest.raises(DecodeError, match="cannot be decoded"):  # cut off, not too large
        probe(path)
