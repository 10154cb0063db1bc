"""Photographs as clips of one frame: probed, read, turned upright, brought to 8 bits."""

from __future__ import annotations

import glob
import io
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageCms, ImageOps

from blur.media.open.clip_info import ClipInfo
from blur.media.open.geometry import Orientation
from blur.media.open.read import Frame, FrameReader
from blur.media.photograph import format_of, open_photograph
from blur.media.traces import icc
from blur.media.traces.image_parts import traces_of_still


def probe_still(path: Path) -> ClipInfo:
    """Decode a photograph and describe it; raises NotAClip or DecodeError."""
    with open_photograph(path) as image:
        width, height = ImageOps.exif_transpose(image).size
        return ClipInfo(
            path=path,
            container="image",
            codec=format_of(image).lower(),
            orientation=Orientation(width, height),
            pix_fmt="gray" if _is_gray(image) else "rgb24",
            size=path.stat().st_size,
            frames=1,
            duration=Fraction(1, 25),
            dropped=tuple(dict.fromkeys(f"{t.kind} in metadata" for t in traces_of_still(path))),
            notes=tuple(_notes(image, path)),
            profile=icc.standard_name(_profile(image)) or "sRGB",
            still=True,
        )


def live_partner(path: Path) -> Path | None:
    """The film of a Live Photo beside it: iPhones name them IMG_0001.HEIC and IMG_0001.MOV."""
    if path.suffix.lower() not in (".heic", ".heif", ".jpg", ".jpeg"):
        return None
    beside = path.parent.glob(f"{glob.escape(path.stem)}.*")
    return next((other for other in beside if other.suffix.lower() == ".mov"), None)


class StillReader(FrameReader):
    """The single frame of a photograph: at pts 0, upright, as 8-bit RGB or grey."""

    def __init__(self, path: Path, info: ClipInfo) -> None:
        super().__init__(_frame(path, info.pix_fmt))


def _frame(path: Path, pix_fmt: str) -> Generator[Frame, None, None]:
    with open_photograph(path) as image:
        pixels = np.asarray(_plain(ImageOps.exif_transpose(image)))
    picture = av.VideoFrame.from_ndarray(pixels, pix_fmt)
    picture.color_range = 2
    yield Frame(0, 0, 1, picture)


def _is_deep(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _is_gray(image: Image.Image) -> bool:
    return image.mode in ("1", "L", "LA") or _is_deep(image)


def _profile(image: Image.Image) -> bytes:
    return bytes(image.info.get("icc_profile") or b"")


def _plain(image: Image.Image) -> Image.Image:
    """8-bit grey or RGB in a standard colour space, flattened on white."""
    profile = _profile(image)
    if _is_deep(image):
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
    if _is_deep(image):
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
