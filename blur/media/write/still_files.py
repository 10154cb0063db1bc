"""Encoders of photographs, one a format: from samples to a file with the picture alone."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

from blur.disk.places import absolute
from blur.media.open.clip_info import Colour
from blur.media.open.samples import Samples, pix_fmt_of

_AVIF_OPTIONS = {"crf": "12", "preset": "6"}
"""By SVT-AV1: a mean difference below 300 of 65535 on smooth pictures; a larger crf makes files
smaller, a larger preset makes them sooner."""

_SQUEEZE = 6
"""zlib's level: 26 MB/s to 91 % of a noisy 16-bit photograph; 1 gives 31 MB/s, 9 saves nothing."""


def save_png(path: Path, samples: Samples, profile: bytes | None, colour: Colour) -> None:
    """PNG of 8 or 16 bits; code points beyond sRGB stand in a cICP chunk. Raises OSError."""
    if samples.dtype == np.uint8:
        Image.fromarray(samples).save(path, "PNG", icc_profile=profile)
        data = path.read_bytes()
    else:
        order = samples if samples.ndim == 2 else samples[:, :, ::-1]
        ok, coded = cv2.imencode(".png", np.ascontiguousarray(order))
        if not ok:
            raise OSError("PNG refuses the picture")
        data = coded.tobytes()
        if profile:
            data = _after_header(data, b"iCCP", b"ICC\0\0" + zlib.compress(profile))
    if has_code_points(colour):
        codes = colour.primaries, colour.transfer, 0, 1
        data = _after_header(data, b"cICP", bytes(codes))
    path.write_bytes(data)


def _after_header(png: bytes, kind: bytes, content: bytes) -> bytes:
    end = 8 + 25  # signature, IHDR
    check = struct.pack(">I", zlib.crc32(kind + content))
    return png[:end] + struct.pack(">I", len(content)) + kind + content + check + png[end:]


def save_tiff(path: Path, samples: Samples, profile: bytes | None) -> None:
    """TIFF of 8 or 16 bits, LZW or Deflate. Raises OSError."""
    if samples.dtype == np.uint8:
        options = {} if profile is None else {"icc_profile": profile}
        Image.fromarray(samples).save(path, "TIFF", compression="tiff_lzw", **options)
        return
    path.write_bytes(_tiff(samples.astype(np.uint16), profile or b""))


def _tiff(samples: npt.NDArray[np.uint16], profile: bytes) -> bytes:
    """A 16-bit TIFF (6.0) of one Deflate strip, horizontally predicted."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else 3
    rows = samples.reshape(height, width, channels)
    rows = np.concatenate([rows[:, :1], rows[:, 1:] - rows[:, :-1]], axis=1)
    strip = zlib.compress(rows.astype("<u2").tobytes(), _SQUEEZE)
    tags: list[tuple[int, int, tuple[int, ...] | bytes]] = [
        (256, 4, (width,)),
        (257, 4, (height,)),
        (258, 3, (16,) * channels),
        (259, 3, (8,)),  # Deflate
        (262, 3, (1 if channels == 1 else 2,)),  # black is zero, or RGB
        (273, 4, (0,)),  # the strip's place, below
        (277, 3, (channels,)),
        (278, 4, (height,)),
        (279, 4, (len(strip),)),
        (284, 3, (1,)),
        (317, 3, (2,)),
    ]
    if profile:
        tags.append((34675, 7, profile))
    place = 8 + 2 + 12 * len(tags) + 4
    table, apart = struct.pack("<H", len(tags)), b""
    for tag, kind, values in tags:
        content = values if isinstance(values, bytes) else _numbers(kind, values)
        if tag == 273:
            outside = sum(_outside(kind, values) for _, kind, values in tags)
            content = struct.pack("<I", place + outside)
        table += struct.pack("<HHI", tag, kind, len(values))
        if len(content) > 4:
            table += struct.pack("<I", place + len(apart))
            apart += content + bytes(len(content) % 2)
        else:
            table += content.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", 8) + table + bytes(4) + apart + strip


def _numbers(kind: int, values: tuple[int, ...]) -> bytes:
    return struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)


def _outside(kind: int, values: tuple[int, ...] | bytes) -> int:
    size = len(values) if isinstance(values, bytes) else len(_numbers(kind, values))
    return size + size % 2 if size > 4 else 0


def save_heif(path: Path, samples: Samples, profile: bytes | None, colour: Colour) -> None:
    """HEIC of 8 or 10 bits. Raises OSError, ValueError or RuntimeError."""
    height, width = samples.shape[:2]
    mode = ("L" if samples.ndim == 2 else "RGB") + (";16" if samples.dtype == np.uint16 else "")
    mode = "I;16" if mode == "L;16" else mode
    file = pillow_heif.from_bytes(mode, (width, height), np.ascontiguousarray(samples).tobytes())
    options: dict[str, Any] = {"quality": 90}
    if profile is not None:
        file.info["icc_profile"] = profile
    if has_code_points(colour):
        options |= {
            "color_primaries": colour.primaries,
            "transfer_characteristics": colour.transfer,
            "matrix_coefficients": colour.matrix if colour.matrix not in (0, 2) else 6,
            "full_range_flag": 1,
        }
    file.save(path, **options)


def save_avif(path: Path, samples: Samples, profile: bytes | None, colour: Colour) -> None:
    """AVIF: 8-bit sRGB by Pillow, any other as 10 bits in 4:2:0 by SVT-AV1."""
    if samples.dtype == np.uint8 and not has_code_points(colour):
        Image.fromarray(samples).save(path, "AVIF", quality=90, icc_profile=profile)
        return
    source = pix_fmt_of(samples)
    matrix = colour.matrix if colour.matrix in (1, 5, 6, 9) else 1
    os.environ.setdefault("SVT_LOG", "1")  # errors alone on the terminal
    place, bare = f"file:{absolute(path)}", {"fflags": "+bitexact"}
    with (
        _scheduled_as_before(),
        av.open(place, "w", format="avif", container_options=bare) as container,
    ):
        stream = container.add_stream("libsvtav1", rate=1, options=_AVIF_OPTIONS)
        stream.height, stream.width = samples.shape[:2]
        stream.pix_fmt = "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        context.colorspace, context.color_range = matrix, 2
        picture = av.VideoFrame.from_ndarray(samples.copy(), source)
        picture = picture.reformat(
            format="yuv420p10le", dst_colorspace=matrix, dst_color_range=2, interpolation="AREA"
        )
        picture.pts = 0
        for packet in (*stream.encode(picture), *stream.encode(None)):
            container.mux(packet)


@contextmanager
def _scheduled_as_before() -> Iterator[None]:
    """Root's SVT-AV1 leaves its caller at real-time priority, which would starve the machine."""
    if sys.platform != "linux":
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


def has_code_points(colour: Colour) -> bool:
    return colour.transfer != 2 or colour.primaries != 2
