"""A photograph's samples: upright, grey or RGB, in 8 or 16 bits, in a colour space with a name.

Samples deeper than 8 bits stay so where their format keeps them; a note says where not.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, ImageCms, ImageOps

from blur.errors import DecodeError
from blur.media import raw, tiff
from blur.media.container import open_input, read_head
from blur.media.giants import refuse_giant
from blur.media.open.clip_info import Colour
from blur.media.open.gif import count_images
from blur.media.open.opaque import has_alpha
from blur.media.photograph import (
    RAW,
    SINGLE,
    damage_explained,
    form_of,
    format_of,
    open_photograph,
    photograph_header,
)
from blur.media.traces import icc

Samples = npt.NDArray[Any]
"""(h, w) or (h, w, 3) of uint8 or uint16."""

_TRANSFERS = {16: "PQ", 18: "HLG"}

_PLAIN = (1, 13)
"""Primaries and transfer of sRGB (ISO/IEC 23091-2)."""

_BROKEN = "a damaged colour profile is dropped: colours are taken for sRGB"

_CONVERT = "convert it to JPEG, PNG, WebP, TIFF or HEIC"


@dataclass(frozen=True, slots=True)
class Photograph:
    """`samples` are (h, w) grey or (h, w, 3) RGB, upright. `codec` names the file's format.

    `profile` is a standard colour space by ICC's name; `colour` holds code points that say more
    (HDR, wide colour without a profile), else none.
    """

    samples: Samples
    codec: str
    profile: str = "sRGB"
    colour: Colour = field(default=Colour(range=2))
    notes: tuple[str, ...] = ()

    @property
    def pix_fmt(self) -> str:
        return pix_fmt_of(self.samples)


def pix_fmt_of(samples: Samples) -> str:
    """FFmpeg's name of the samples' format."""
    return _pix_fmt(deep=samples.dtype == np.uint16, grey=samples.ndim == 2)


def _pix_fmt(*, deep: bool, grey: bool) -> str:
    if grey:
        return "gray16le" if deep else "gray"
    return "rgb48le" if deep else "rgb24"


def read_photograph(path: Path) -> Photograph:
    """Decode a photograph. Raises NotAClip or DecodeError."""
    form = form_of(path)
    if form == RAW:
        note = "developed from a raw photograph, in the camera's white balance"
        return Photograph(raw.develop(path), "raw", notes=(note,))
    if form == SINGLE:
        return _by_ffmpeg(path)
    if form in ("HEIF", "AVIF"):
        return _wide_avif(path) or _heif(path)
    if _is_deep(path, form):
        return _deep(path)
    with open_photograph(path) as image:
        return _shallow(image, path)


def _described(photograph: Photograph, colour: Colour) -> Photograph:
    """With the code points of the file, and a note if they are HDR's."""
    notes = photograph.notes
    if name := _TRANSFERS.get(colour.transfer):
        notes += (f"HDR ({name}) kept: pixels keep their values and their description",)
    return replace(photograph, colour=replace(colour, range=2), notes=notes)


def _shallow(image: Image.Image, path: Path) -> Photograph:
    """8 bits by Pillow."""
    notes = []
    if image.has_transparency_data:
        notes.append("transparency flattened on white")
    profile = bytes(image.info.get("icc_profile") or b"")
    name, broken = icc.standard_name(profile), not icc.is_whole(profile)
    foreign = name is None and not broken
    plain = _plain(ImageOps.exif_transpose(image), profile if foreign else b"")
    if broken:
        notes.append(_BROKEN)
    if foreign and plain.mode == "RGB":
        notes.append("colours converted from a profile of its own to sRGB")
    if getattr(image, "n_frames", 1) > 1:
        notes.append("further pictures in the file are dropped")
    samples = np.asarray(plain)
    if image.format == "PNG":
        samples, changed = _in_gamma(samples, image)
        notes += changed
    found = Photograph(samples, format_of(image).lower(), name or "sRGB", notes=tuple(notes))
    return _described(found, png_colour(path)) if image.format == "PNG" else found


def _plain(image: Image.Image, profile: bytes) -> Image.Image:
    """8-bit grey or RGB, flattened on white, in sRGB if it has a `profile` of its own."""
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    if grey:
        return image.convert("L")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        own = ImageCms.getOpenProfile(io.BytesIO(profile))
        mode = "RGB" if image.mode == "RGBA" else image.mode
        converted = ImageCms.profileToProfile(
            image.convert(mode), own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        assert converted is not None
        return converted
    return image.convert("RGB")


def _in_gamma(samples: Samples, image: Image.Image) -> tuple[Samples, tuple[str, ...]]:
    """A PNG's samples in sRGB's gamma, where its gAMA chunk says another and nothing overrules."""
    gamma = float(image.info.get("gamma", _GAMMA))
    overruled = "icc_profile" in image.info or "srgb" in image.info
    if overruled or gamma <= 0 or abs(gamma - _GAMMA) < _GAMMA_TOLERANCE:
        return samples, ()
    top = np.iinfo(samples.dtype).max
    curve = (np.linspace(0, 1, top + 1) ** (_GAMMA / gamma) * top).round().astype(samples.dtype)
    return curve[samples], (f"brightness converted from gamma {gamma:g} to sRGB's",)


_GAMMA = 1 / 2.2
_GAMMA_TOLERANCE = 0.01
"""Of a gamma: writers round 1/2.2 in many ways; more lets visible differences pass unsaid."""


def png_colour(path: Path) -> Colour:
    """The code points of a PNG's cICP chunk, which stands before the samples; none without."""
    head = read_head(path, 1 << 16)
    at = head.find(b"\0\0\0\4cICP")
    if at < 0 or len(head) < at + 12:
        return Colour(range=2)
    primaries, transfer, matrix, full = head[at + 8 : at + 12]
    return Colour(primaries, transfer, matrix, 2 if full else 1)


def _is_deep(path: Path, form: str | None) -> bool:
    if form == "PNG":
        return read_head(path)[24:25] == b"\x10"
    if form != "TIFF":
        return False
    first = next(iter(tiff.directories(path)), {})
    return max(first.get(tiff.BITS, (1,)), default=1) > 8


def _deep(path: Path) -> Photograph:
    """PNG and TIFF beyond 8 bits, by OpenCV: Pillow reduces them, or cannot read them."""
    if read_head(path).startswith(b"\x89PNG"):
        with photograph_header(path) as image:
            codec, turned = "png", int(image.getexif().get(tiff.ORIENTATION, 1))
            profile = bytes(image.info.get("icc_profile") or b"")
            inverted, colour, header, fourth = False, png_colour(path), image, _STRAIGHT
    else:
        first, *others = tiff.directories(path)
        if any(not tags.get(tiff.NEW_SUBFILE_TYPE, (0,))[0] & 1 for tags in others):
            raise DecodeError(
                f"holds {len(others) + 1} pictures in one file",
                subject=path.name,
                remedy="save them as files of their own, or as a film",
            )
        refuse_giant(first.get(tiff.WIDTH, (0,))[0], first.get(tiff.HEIGHT, (0,))[0], path.name)
        if (layout := tiff.unreadable(first)) is not None:
            raise DecodeError(layout, subject=path.name, remedy=_CONVERT)
        header, fourth = None, first.get(tiff.FOURTH, (0,))[0]
        codec, turned = "tiff", 1  # OpenCV turns TIFFs by itself
        inverted = first.get(tiff.PHOTOMETRIC) == (0,)
        profile, colour = icc.in_tiff(path), Colour(range=2)
    with damage_explained(path):
        found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise DecodeError("cannot be decoded: its samples are damaged", subject=path.name)
    samples, notes = _to_16_bits(np.asarray(found))
    samples = 65535 - samples if inverted else samples
    samples, flat = _flattened(samples, fourth)
    notes += flat
    if header is not None:
        samples, changed = _in_gamma(samples, header)
        notes += changed
    name = icc.standard_name(profile)
    if not icc.is_whole(profile):
        notes += (_BROKEN,)
    elif name is None and samples.ndim == 3:
        eight = Image.fromarray((samples >> 8).astype(np.uint8))
        samples, name = np.asarray(_plain(eight, profile)), "sRGB"
        notes += (
            "colours converted from a profile of its own to sRGB",
            "16-bit samples reduced to 8 bits",
        )
    photograph = Photograph(_upright(samples, turned), codec, name or "sRGB", notes=notes)
    return _described(photograph, colour)


def _to_16_bits(found: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint16], tuple[str, ...]]:
    """(h, w) grey or (h, w, 3 or 4) RGB of 16 bits, from OpenCV's samples of any depth."""
    if found.ndim == 3:
        found = found[:, :, [2, 1, 0, 3][: found.shape[2]]]
    if found.dtype == np.uint16:
        return np.ascontiguousarray(found), ()
    if found.dtype == np.uint8:
        return found.astype(np.uint16) * 257, ()
    values = np.nan_to_num(found.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max(initial=0))
    # Floats of photographs lie in [0, 1]; numbers of instruments in any range.
    top = next((t for t in (1.0, 255.0, 65535.0) if highest <= t), highest)
    if found.dtype.kind in "iu":
        top = 65535.0 if highest <= 65535 else highest
    samples = np.clip(values * (65535 / top), 0, 65535).round().astype(np.uint16)
    kind = f"{8 * found.dtype.itemsize}-bit {'float' if found.dtype.kind == 'f' else 'whole'}"
    return samples, (f"{kind} samples from 0 to {top:g} brought to 16 bits",)


_MULTIPLIED, _STRAIGHT = 1, 2


def _flattened(
    samples: npt.NDArray[np.uint16], fourth: int = _STRAIGHT
) -> tuple[npt.NDArray[np.uint16], tuple[str, ...]]:
    """Over white. `fourth` tells a fourth channel as TIFF does: 0 nothing to show, 1 alpha that
    the colours are multiplied by, 2 alpha."""
    if samples.ndim == 2 or samples.shape[2] == 3:
        return samples, ()
    if fourth == 0:
        return np.ascontiguousarray(samples[:, :, :3]), ("a fourth channel is dropped",)
    alpha = samples[:, :, 3:].astype(np.float32) / 65535
    if (alpha == 1).all():
        return samples[:, :, :3], ()
    colours = samples[:, :, :3].astype(np.float32)
    if fourth == _MULTIPLIED:
        shown = np.minimum(colours + 65535 * (1 - alpha), 65535)
    else:
        shown = 65535 - (65535 - colours) * alpha
    return shown.round().astype(np.uint16), ("transparency flattened on white",)


_TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a),
}
"""By EXIF's orientation: from the stored to the upright picture."""


def _upright(samples: Samples, orientation: int) -> Samples:
    turn = _TURNS.get(orientation)
    return np.ascontiguousarray(turn(samples)) if turn else samples


def _heif(path: Path) -> Photograph:
    """HEIF at its own depth, by libheif."""
    with open_photograph(path) as image:
        depth, nclx = int(image.info.get("bit_depth", 8)), image.info.get("nclx_profile")
        shallow = _shallow(image, path)
        if any("gainmap" in kind.lower() for kind in image.info.get("aux") or {}):
            note = "HDR gain map dropped: comes out as its picture in standard range"
            shallow = replace(shallow, notes=(*shallow.notes, note))
    if image.info.get("icc_profile") or not nclx:
        colour = Colour(range=2)
    else:
        codes = int(nclx["color_primaries"]), int(nclx["transfer_characteristics"])
        matrix = int(nclx["matrix_coefficients"])
        colour = Colour(range=2) if codes == _PLAIN else Colour(*codes, matrix, 2)
    if depth > 8 and "colours converted" not in " ".join(shallow.notes):
        with damage_explained(path):
            file = pillow_heif.open_heif(path, convert_hdr_to_8bit=False)
            samples, flat = _flattened(np.asarray(file))
        notes = tuple(dict.fromkeys((*shallow.notes, *flat)))
        if samples.dtype == np.uint16:
            return _described(replace(shallow, samples=samples, notes=notes), colour)
    return _described(shallow, colour)


def _wide_avif(path: Path) -> Photograph | None:
    """AVIF of more than 8 bits or other colours than sRGB, by FFmpeg: Pillow keeps neither.

    None for any other, and where FFmpeg shows a part of it alone: grids, alpha.
    """
    with photograph_header(path) as image:
        if image.format != "AVIF":
            return None
        turned = image.getexif().get(tiff.ORIENTATION, 1)
        size, profile = image.size, bytes(image.info.get("icc_profile") or b"")
        transparent = image.mode in ("RGBA", "LA")
    with open_input(path) as container:
        streams = container.streams.video
        if len(streams) != 1 or transparent or turned != 1 or profile:
            return None
        try:
            picture = next(iter(container.decode(streams[0])), None)
        except av.error.FFmpegError as error:
            raise DecodeError(f"cannot be decoded: {error.strerror}", subject=path.name) from error
        if picture is None or (picture.width, picture.height) != size:
            return None
        deep = picture.format.components[0].bits > 8
        codes = int(picture.color_primaries), int(picture.color_trc)
        if not deep and codes in (_PLAIN, (2, 2), (1, 2)):
            return None
        name = _pix_fmt(deep=deep, grey=picture.format.name.startswith("gray"))
        samples: Samples = picture.reformat(format=name, dst_color_range=2).to_ndarray()
    colour = Colour(*codes, int(picture.colorspace), 2)
    return _described(Photograph(samples, "avif"), colour)


def _by_ffmpeg(path: Path) -> Photograph:
    """A picture in any further format; over white, as all photographs."""
    with open_input(path) as container:
        stream = max(container.streams.video, key=lambda s: s.codec_context.width)
        codec = stream.codec_context.codec.canonical_name
        try:
            picture = next(iter(container.decode(stream)), None)
        except av.error.FFmpegError as error:
            raise DecodeError(f"cannot be decoded: {error.strerror}", subject=path.name) from error
    if picture is None or picture.is_corrupt or _is_cut_off(path, codec):
        raise DecodeError("cannot be decoded: its picture is cut off", subject=path.name)
    name = picture.format.name
    if "f32" in name or "f16" in name:
        raise DecodeError(
            "holds linear light in floats, which no screen shows as they are",
            subject=path.name,
            remedy=_CONVERT,
        )
    deep = max(part.bits for part in picture.format.components) > 8
    if has_alpha(name):
        found: Samples = picture.reformat(format="rgba64le" if deep else "rgba").to_ndarray()
        with_alpha = found if deep else found.astype(np.uint16) * 257
        samples, notes = _flattened(with_alpha)
        return Photograph(samples if deep else _eight(samples), codec, notes=notes)
    target = _pix_fmt(deep=deep, grey=name.startswith(("gray", "mono")))
    whole: Samples = picture.reformat(format=target, dst_color_range=2).to_ndarray()
    return Photograph(whole, codec)


def _is_cut_off(path: Path, codec: str) -> bool:
    """Whether a file lacks its end, in formats whose decoders show the rest without a word."""
    if codec == "gif":
        return count_images(path) != (1, True)
    if codec == "qoi":
        return not path.read_bytes().endswith(bytes(7) + b"\1")
    if codec == "sunrast":
        length, palette = struct.unpack(">16xI8xI", read_head(path)[:32])
        return path.stat().st_size < 32 + int(length) + int(palette)
    return False


def _eight(samples: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
