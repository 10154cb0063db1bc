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
from blur.media.container import read_head, refuse_giant

_Decoder = Callable[[IO[bytes], str], ImageFile.ImageFile]

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif")
_DNG_VERSION = 50706
_CONVERT = "convert it to JPEG, PNG, WebP, TIFF or HEIC"

_DAMAGE = (OSError, SyntaxError, ValueError, RuntimeError, EOFError, struct.error)
"""Raised by Pillow and libheif on damaged pictures."""


def is_still(path: Path) -> bool:
    """Whether a file is a photograph, by its first bytes. Raises NotAClip or DecodeError."""
    return bool(_decoders(read_head(path, 1024), path.suffix.lower()))


def _decoders(head: bytes, suffix: str) -> tuple[_Decoder, ...]:
    """The decoders to try in turn; none for a film or any other file."""
    if head.startswith(b"\xff\xd8\xff"):
        return () if suffix in (".mjpg", ".mjpeg") else (JpegImagePlugin.jpeg_factory,)
    if head.startswith(b"\x89PNG"):
        return () if b"acTL" in head else (PngImagePlugin.PngImageFile,)
    if head[:4] == b"RIFF":
        return (WebPImagePlugin.WebPImageFile,) if head[8:12] == b"WEBP" else ()
    if head[:4] in (b"II*\0", b"MM\0*"):
        return (TiffImagePlugin.TiffImageFile,)
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIF_BRANDS:
        return ()
    heif, avif = HeifImageFile, AvifImagePlugin.AvifImageFile
    return (avif, heif) if head[8:12] == b"avif" else (heif, avif)


@contextlib.contextmanager
def photograph_header(path: Path) -> Iterator[ImageFile.ImageFile]:
    """A photograph whose samples are not decoded yet. Raises NotAClip or DecodeError."""
    decoders = _decoders(read_head(path, 1024), path.suffix.lower())
    try:
        with path.open("rb") as file, _first(decoders, file, path) as image:
            refuse_giant(image.width, image.height, path.name)
            yield image
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
        _refuse_parts(image, path)
        image.load()
        yield image


def _refuse_parts(image: Image.Image, path: Path) -> None:
    """Raise DecodeError for pictures that Pillow opens without giving the whole of them."""
    if image.format == "TIFF" and _DNG_VERSION in image.getexif():
        raise DecodeError("is a raw photograph", subject=path.name, remedy=_CONVERT)
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
