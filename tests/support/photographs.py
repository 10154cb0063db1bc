"""Photographs that no library at hand writes: raw, deep, HDR, of many formats."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pillow_heif
from PIL import Image


def scene(width: int = 96, height: int = 64) -> np.ndarray:
    """(h, w, 3) uint8: smooth colours, brighter to the right, redder downwards, a white corner."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([60 + 150 * y, 40 + 160 * x, 120 * np.ones_like(x)], axis=2)
    pixels[:10, :20] = 255
    return pixels.astype(np.uint8)


def grey(width: int = 96, height: int = 64) -> np.ndarray:
    return scene(width, height)[:, :, 1].copy()


def deep(samples: np.ndarray) -> np.ndarray:
    """16 bits whose lower byte is not a copy of the upper."""
    rows = np.arange(samples.shape[0], dtype=np.uint16).reshape(-1, *[1] * (samples.ndim - 1))
    return (samples.astype(np.uint16) << 8) | (rows % 251)


def tiff(path: Path, samples: np.ndarray, photometric: int, **tags: int) -> Path:
    """Uncompressed little-endian TIFF of any depth; `tags` as t274=6."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    bits = 8 * samples.itemsize
    form = 3 if samples.dtype.kind == "f" else 1
    entries = {256: width, 257: height, 259: 1, 262: photometric, 273: 0, 277: channels}
    entries |= {278: height, 279: samples.nbytes, 258: [bits] * channels, 339: [form] * channels}
    entries |= {int(name[1:]): value for name, value in tags.items()}
    return _write_tiff(path, entries, samples.tobytes())


_CODES = {1: "B", 3: "H", 4: "I"}


def _write_tiff(path: Path, entries: dict, data: bytes) -> Path:
    entries = entries | {273: 8 + len(_directory(entries, 8))}
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + _directory(entries, 8) + data)
    return path


def _directory(entries: dict, start: int) -> bytes:
    """The bytes of a directory that lies at `start`, long values behind it."""
    place = start + 2 + 12 * len(entries) + 4
    table, apart = struct.pack("<H", len(entries)), b""
    for tag, value in sorted(entries.items()):
        values = value if isinstance(value, (list, bytes)) else [value]
        long = tag in (256, 257, 273, 278, 279, 330)
        kind = 1 if isinstance(values, bytes) else 4 if long else 3
        packed = struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
        table += struct.pack("<HHI", tag, kind, len(values))
        if len(packed) > 4:
            table += struct.pack("<I", place + len(apart))
            apart += packed + bytes(len(packed) % 2)
        else:
            table += packed.ljust(4, b"\0")
    return table + bytes(4) + apart


def dng(path: Path, shown: np.ndarray | None = None) -> Path:
    """A raw photograph: 16-bit Bayer samples (RGGB) of RGB pixels, without any finished picture."""
    rgb = deep(scene() if shown is None else shown)
    height, width = rgb.shape[:2]
    mosaic = rgb[:, :, 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = rgb[::2, ::2, 0], rgb[1::2, 1::2, 2]
    entries = {254: 0, 256: width, 257: height, 258: 16, 259: 1, 262: 32803, 273: 0, 277: 1}
    entries |= {278: height, 279: mosaic.nbytes, 33421: [2, 2], 33422: bytes([0, 1, 1, 2])}
    entries |= {50706: bytes([1, 4, 0, 0]), 50717: 65535}
    return _write_tiff(path, entries, mosaic.astype("<u2").tobytes())


def dng_with_preview(path: Path) -> Path:
    """As cameras write it: first a small finished picture, the raw samples in a directory below."""
    small = scene(48, 32)
    mosaic = dng(path).read_bytes()[-96 * 64 * 2 :]
    first = {254: 1, 256: 48, 257: 32, 258: [8] * 3, 259: 1, 262: 2, 273: 0, 277: 3, 278: 32}
    first |= {279: small.nbytes, 330: 0, 50706: bytes([1, 4, 0, 0])}
    raw = {254: 0, 256: 96, 257: 64, 258: 16, 259: 1, 262: 32803, 273: 0, 277: 1, 278: 64}
    raw |= {279: len(mosaic), 33421: [2, 2], 33422: bytes([0, 1, 1, 2])}
    below = 8 + len(_directory(first, 8))
    samples = below + len(_directory(raw, below))
    first |= {273: samples, 330: below}
    raw |= {273: samples + small.nbytes}
    head = b"II*\0" + struct.pack("<I", 8) + _directory(first, 8) + _directory(raw, below)
    path.write_bytes(head + small.tobytes() + mosaic)
    return path


def png(path: Path, samples: np.ndarray, *chunks: tuple[bytes, bytes]) -> Path:
    """PNG of 8 or 16 bits with further chunks before the samples."""

    def chunk(kind: bytes, data: bytes = b"") -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    channels = 1 if samples.ndim == 2 else samples.shape[2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = samples.astype(">u2" if samples.itemsize == 2 else np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(
        ">IIBBBBB", samples.shape[1], samples.shape[0], 8 * samples.itemsize, colour, 0, 0, 0
    )
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(*each) for each in chunks)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND")
    )
    return path


def hdr_avif(path: Path, transfer: int, pix_fmt: str = "yuv420p10le", primaries: int = 9) -> Path:
    matrix = 9 if primaries == 9 else 1
    with av.open(str(path), "w", format="avif") as container:
        stream = container.add_stream("libsvtav1", rate=1, options={"crf": "10", "preset": "12"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, pix_fmt
        context = stream.codec_context
        context.color_primaries, context.color_trc = primaries, transfer
        context.colorspace, context.color_range = matrix, 2
        picture = av.VideoFrame.from_ndarray(scene(), "rgb24")
        picture = picture.reformat(format=pix_fmt, dst_colorspace=matrix, dst_color_range=2)
        picture.pts = 0
        for packet in (*stream.encode(picture), *stream.encode(None)):
            container.mux(packet)
    return path


def hdr_heic(path: Path, primaries: int, transfer: int, *, bits: int = 10) -> Path:
    samples, mode = (scene(), "RGB") if bits == 8 else (deep(scene()), "RGB;16")
    file = pillow_heif.from_bytes(mode, (96, 64), samples.tobytes())
    file.save(
        path,
        quality=90,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=9 if primaries == 9 else 6,
        full_range_flag=1,
    )
    return path


def coded(path: Path, codec: str, pix_fmt: str) -> Path:
    """The scene by an encoder of FFmpeg, in the format of the path's suffix."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pix_fmt
        picture = av.VideoFrame.from_ndarray(scene(), "rgb24").reformat(format=pix_fmt)
        picture.pts = 0
        for packet in (*stream.encode(picture), *stream.encode(None)):
            container.mux(packet)
    return path


def other(path: Path, kind: str, mode: str = "RGB") -> Path:
    """A format that Pillow writes, under the suffix of `path`."""
    held = io.BytesIO()
    Image.fromarray(scene()).convert(mode).save(held, kind)
    path.write_bytes(held.getvalue())
    return path
