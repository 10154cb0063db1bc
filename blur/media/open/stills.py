"""Photographs: read, turned upright, and written as clips of one frame from their pixels alone."""

from __future__ import annotations

import contextlib
import glob
import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps

from blur.errors import DecodeError
from blur.media.open.geometry import Orientation
from blur.media.open.probe import ClipInfo, read_head
from blur.media.open.read import Frame
from blur.media.traces import icc, image_parts

pillow_heif.register_heif_opener()

Image.MAX_IMAGE_PIXELS = 1_000_000_000
"""Phones take 200 megapixels; Pillow's own limit guards web servers."""

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif")

_DNG_VERSION = 50706

# By Pillow's names: the suffixes a format goes by, and how it is written, visually lossless.
FORMATS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "JPEG": ((".jpg", ".jpeg", ".jpe"), {"quality": 95}),
    "PNG": ((".png",), {}),
    "WEBP": ((".webp",), {"quality": 95}),
    "TIFF": ((".tif", ".tiff"), {"compression": "tiff_lzw"}),
    "HEIF": ((".heic", ".heif"), {"quality": 90}),
    "AVIF": ((".avif",), {"quality": 90}),
}
_DAMAGE = (OSError, SyntaxError, ValueError, RuntimeError, EOFError, struct.error)
"""What Pillow and libheif raise on damaged pictures."""


def is_still(path: Path) -> bool:
    """Whether a file is a photograph, by its first bytes. Raises NotAClip or DecodeError."""
    head = read_head(path, 1024)
    if head.startswith(b"\xff\xd8\xff"):
        return path.suffix.lower() not in (".mjpg", ".mjpeg")
    if head.startswith(b"\x89PNG"):
        return b"acTL" not in head
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return True
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def probe_still(path: Path) -> ClipInfo:
    """Look at a photograph; raises DecodeError when it cannot be decoded."""
    with opened(path) as image:
        width, height = ImageOps.exif_transpose(image).size
        traces = image_parts.traces(path)
        return ClipInfo(
            path=path,
            container="image",
            codec=_format(image).lower(),
            orientation=Orientation(width, height),
            pix_fmt="gray" if _is_gray(image) else "rgb24",
            size=path.stat().st_size,
            frames=1,
            duration=Fraction(1, 25),
            dropped=tuple(dict.fromkeys(f"{trace.kind} in metadata" for trace in traces)),
            notes=tuple(_notes(image, path)),
            profile=icc.standard_name(_profile(image)) or "sRGB",
            still=True,
        )


def suffix_of(info: ClipInfo) -> str:
    """A photograph's output keeps its format, and its suffix where that fits."""
    suffixes, _ = FORMATS[info.codec.upper()]
    own = info.path.suffix.lower()
    return own if own in suffixes else suffixes[0]


def live_partner(path: Path) -> Path | None:
    """The film of a Live Photo beside it: iPhones name them IMG_0001.HEIC and IMG_0001.MOV."""
    if path.suffix.lower() not in (".heic", ".heif", ".jpg", ".jpeg"):
        return None
    beside = path.parent.glob(f"{glob.escape(path.stem)}.*")
    return next((other for other in beside if other.suffix.lower() == ".mov"), None)


class StillReader:
    """The one frame of a photograph, upright, as RGB or grey."""

    damaged = 0

    def __init__(self, path: Path, info: ClipInfo) -> None:
        self._path = path
        self._pix_fmt = info.pix_fmt
        self._frames = self._read()
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __next__(self) -> Frame:
        return next(self._frames)

    def _read(self) -> Iterator[Frame]:
        with opened(self._path) as image:
            pixels = np.asarray(_plain(ImageOps.exif_transpose(image)))
        picture = av.VideoFrame.from_ndarray(pixels, self._pix_fmt)
        picture.color_range = 2
        yield Frame(0, 0, 1, picture)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """A photograph, wholly decoded; raises DecodeError."""
    try:
        with Image.open(path) as image:
            _refuse(image, path)
            image.load()
            yield image
    except _DAMAGE as error:
        raise DecodeError(f"cannot be decoded: {error}", subject=path.name) from error


def _refuse(image: Image.Image, path: Path) -> None:
    """Pictures that Pillow opens but does not give whole."""
    if _format(image) not in FORMATS:
        raise DecodeError(f"is a {image.format} picture", subject=path.name, remedy=_CONVERT)
    if image.format == "TIFF" and _DNG_VERSION in image.getexif():
        raise DecodeError("is a raw photograph", subject=path.name, remedy=_CONVERT)
    pictures = getattr(image, "n_frames", 1)
    if pictures > 1 and image.format in ("TIFF", "WEBP", "PNG", "AVIF"):
        raise DecodeError(
            f"holds {pictures} pictures in one file",
            subject=path.name,
            remedy="save them as files of their own, or as a film",
        )


_CONVERT = "convert it to JPEG, PNG, WebP, TIFF or HEIC"


def _format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else image.format or ""


def _is_gray(image: Image.Image) -> bool:
    return image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16")


def _profile(image: Image.Image) -> bytes:
    return bytes(image.info.get("icc_profile") or b"")


def _plain(image: Image.Image) -> Image.Image:
    """8-bit grey or RGB in a standard colour space, flattened on white."""
    profile = _profile(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.float64)
        scale = 1 / 257 if deep.max(initial=0) > 255 else 1
        return Image.fromarray((deep * scale).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    if _is_gray(image):
        return image.convert("L")
    if icc.standard_name(profile) is None and image.mode in ("RGB", "RGBA", "CMYK"):
        own = ImageCms.getOpenProfile(io.BytesIO(profile))
        mode = "RGB" if image.mode == "RGBA" else image.mode
        converted = ImageCms.profileToProfile(
            image.convert(mode), own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        assert converted is not None
        return converted
    return image.convert("RGB")


def _notes(image: Image.Image, path: Path) -> Iterator[str]:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        yield "16-bit samples reduced to 8 bits"
    if image.has_transparency_data:
        yield "transparency flattened on white"
    if icc.standard_name(_profile(image)) is None:
        yield "colours converted from a profile of its own to sRGB"
    if getattr(image, "n_frames", 1) > 1:
        yield "further pictures in the file are dropped"
    film = live_partner(path)
    if film is not None:
        yield f"Live Photo: its film {film.name} is a clip of its own, to be covered as well"
