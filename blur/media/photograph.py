"""Opening a file as a photograph, by the decoder of its format.

Decoders are called by name: Pillow's registry and its limit of pixels stay as the process has them.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from PIL import (
    AvifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import HeifImageFile

from blur.errors import DecodeError, NotAClip
from blur.media import raw, tiff
from blur.media.atoms import top_level
from blur.media.container import count_pictures, is_animated_png, read_head
from blur.media.giants import refuse_giant, refuse_giant_by

_Decoder = Callable[[IO[bytes], str], ImageFile.ImageFile]

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"miaf", b"avif")

RAW = "RAW"
"""Cameras' raw photographs, for LibRaw."""

SINGLE = "SINGLE"
"""Files of one picture in formats that FFmpeg reads."""

_SINGLES: tuple[bytes, ...] = (
    b"GIF8",
    b"BM",
    b"P1",
    b"P2",
    b"P3",
    b"P4",
    b"P5",
    b"P6",
    b"P7",
    b"PF",
    b"Pf",
    b"qoif",
)
_SINGLES += (b"8BPS", b"SDPX", b"XPDS", b"\x76\x2f\x31\x01", b"DDS ", b"\x01\xda", b"\x0a\x05\x01")
_SINGLES += (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\x59\xa6\x6a\x95", b"\0\0\x01\0")
_SINGLES += (b"SIMPLE  =", b"#?RADIANCE", b"#?RGBE", b"#define ")
_TARGA = (b"\0\0\x02\0", b"\0\0\x0a\0", b"\0\0\x03\0", b"\0\0\x0b\0")
"""First bytes without a signature, believed under the suffix .tga alone."""

_DAMAGE = (
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    TypeError,
    KeyError,
    ValueError,
    RuntimeError,
    EOFError,
    struct.error,
)
"""Raised by Pillow and libheif on damaged pictures."""


def is_still(path: Path) -> bool:
    """Whether a file is a photograph, by its first bytes. Raises NotAClip or DecodeError."""
    return form_of(path) is not None


def form_of(path: Path) -> str | None:
    """Pillow's name of a photograph's format, RAW or SINGLE; None for a film or any other file.

    Raises NotAClip or DecodeError.
    """
    head = read_head(path, 1024)
    refuse_giant_by(head, path.name)
    if raw.is_raw(path, head):
        return RAW
    if head.startswith(b"\xff\xd8\xff"):
        return None if path.suffix.lower() in (".mjpg", ".mjpeg") else "JPEG"
    if head.startswith(b"\x89PNG"):
        return None if is_animated_png(path) else "PNG"
    if head[:4] == b"RIFF":
        return "WEBP" if head[8:12] == b"WEBP" else None
    if head.startswith(tiff.HEADS):
        return "TIFF"
    if head[4:8] == b"ftyp":
        return _heif(path, head)
    targa = path.suffix.lower() == ".tga" and head[:1] + b"\0" + head[2:4] in _TARGA
    window_dump = head[4:8] == b"\0\0\0\7" and path.suffix.lower() == ".xwd"
    if head.startswith(_SINGLES) or targa or window_dump:
        moving = head[20:24] == b"mjp2" or count_pictures(path, 2) != 1
        return None if moving else SINGLE
    return None


def _heif(path: Path, head: bytes) -> str | None:
    """The format of a HEIF file; None for one with a track of pictures: a film."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if not set(brands) & set(_HEIF_BRANDS) or "moov" in top_level(path):
        return None
    return "AVIF" if brands[0] == b"avif" else "HEIF"


def _decoders(form: str | None) -> tuple[_Decoder, ...]:
    """The decoders to try in turn."""
    heif, avif = HeifImageFile, AvifImagePlugin.AvifImageFile
    decoders: dict[str | None, tuple[_Decoder, ...]] = {
        "JPEG": (JpegImagePlugin.jpeg_factory,),
        "PNG": (PngImagePlugin.PngImageFile,),
        "WEBP": (WebPImagePlugin.WebPImageFile,),
        "TIFF": (TiffImagePlugin.TiffImageFile,),
        "HEIF": (heif, avif),
        "AVIF": (avif, heif),
    }
    return decoders.get(form, ())


@contextlib.contextmanager
def photograph_header(path: Path) -> Iterator[ImageFile.ImageFile]:
    """A photograph whose samples are not decoded yet. Raises NotAClip or DecodeError."""
    decoders = _decoders(form_of(path))
    with damage_explained(path), path.open("rb") as file, _first(decoders, file, path) as image:
        refuse_giant(image.width, image.height, path.name)
        yield image


@contextlib.contextmanager
def damage_explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DecodeError(f"cannot be decoded: {error}", subject=path.name) from error


def _first(decoders: tuple[_Decoder, ...], file: IO[bytes], path: Path) -> ImageFile.ImageFile:
    failed: SyntaxError | None = None
    for decoder in decoders:
        file.seek(0)
        try:
            return decoder(file, path.name)
        except SyntaxError as error:
            failed = failed or error
    raise failed or NotAClip("is not a photograph", subject=path.name)


@contextlib.contextmanager
def open_photograph(path: Path) -> Iterator[Image.Image]:
    """A photograph, wholly decoded, not yet turned upright. Raises NotAClip or DecodeError."""
    with photograph_header(path) as image:
        refuse_several(image, path)
        image.load()
        yield image


def refuse_several(image: Image.Image, path: Path) -> None:
    """Raise DecodeError for files of several pictures, of which Pillow opens one."""
    pictures = getattr(image, "n_frames", 1)
    if pictures > 1 and image.format in ("TIFF", "WEBP", "PNG", "AVIF"):
        raise DecodeError(
            f"holds {pictures} pictures in one file",
            subject=path.name,
            remedy="save them as files of their own, or as a film",
        )


def format_of(image: Image.Image) -> str:
    """Pillow's name of the format; a JPEG with further pictures (MPO) counts as JPEG."""
    return "JPEG" if image.format == "MPO" else image.format or ""
