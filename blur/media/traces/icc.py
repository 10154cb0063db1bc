"""Standard colour spaces by name (ICC.1): a photograph's own profile may name its camera."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import ImageCms, TiffImagePlugin

from blur.media import tiff

_D50 = (0.9642, 1.0, 0.8249)
_D65_TO_D50 = (
    (1.04788208, 0.02291870, -0.05021667),
    (0.02958679, 0.99047852, -0.01707458),
    (-0.00924683, 0.01507568, 0.75167847),
)

# Red, green and blue in XYZ, adapted to D50.
_COLOURS = {
    "sRGB": ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)),
    "Display P3": (
        (0.51512, 0.24120, -0.00105),
        (0.29198, 0.69225, 0.04189),
        (0.15710, 0.06657, 0.78407),
    ),
    "Adobe RGB": (
        (0.60974, 0.31111, 0.01947),
        (0.20528, 0.62567, 0.06087),
        (0.14919, 0.06322, 0.74457),
    ),
}

# Exponents of transfer curves other than sRGB's.
_GAMMAS = {"Adobe RGB": 563 / 256}

_TOLERANCE = 0.004
"""XYZ units between colorants of profiles that count as equal."""


def standard_name(profile: bytes) -> str | None:
    """The standard space of an ICC profile, by its colorants; None for any other space.

    An empty profile means sRGB.
    """
    if not profile:
        return "sRGB"
    try:
        core = ImageCms.getOpenProfile(io.BytesIO(profile)).profile
    except (OSError, ImageCms.PyCMSError):
        return None
    if core.xcolor_space.strip() != "RGB":
        return None
    colorants = (core.red_colorant, core.green_colorant, core.blue_colorant)
    found = [value for colorant in colorants if colorant is not None for value in colorant[0]]
    for name, colours in _COLOURS.items():
        wanted = [value for colour in colours for value in colour]
        if len(found) == len(wanted) and np.allclose(found, wanted, rtol=0, atol=_TOLERANCE):
            return name
    return None


def profile_of(name: str) -> bytes:
    """A fresh profile of a standard space: its name, colorants and curve; empty for sRGB."""
    if name == "sRGB":
        return b""
    curve = _curve(_GAMMAS.get(name))
    colours = zip((b"rXYZ", b"gXYZ", b"bXYZ"), _COLOURS[name], strict=True)
    tags = [
        (b"desc", _text(name)),
        (b"cprt", _text("none")),
        (b"wtpt", _xyz(_D50)),
        (b"chad", b"sf32" + bytes(4) + b"".join(_fixed(v) for row in _D65_TO_D50 for v in row)),
        *((tag, _xyz(xyz)) for tag, xyz in colours),
        *((tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        table += struct.pack(">4sII", tag, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x", size, 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    return header + b"".join(map(_fixed, _D50)) + bytes(48) + table + body


def is_whole(profile: bytes) -> bool:
    """Whether colours can be converted by an ICC profile; true for an empty one."""
    if not profile:
        return True
    try:
        ImageCms.getOpenProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return False
    return True


def in_tiff(path: Path) -> bytes:
    """The profile of a TIFF's first picture, b"" without any. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(8)
        directory = TiffImagePlugin.ImageFileDirectory_v2(
            head + (file.read(8) if b"+" in head[:4] else b"")
        )
        try:
            file.seek(directory.next)
            directory.load(file)
            profile = directory.get(tiff.PROFILE)
        except (SyntaxError, struct.error, ValueError, KeyError, OSError):  # damaged
            return b""
    return profile if isinstance(profile, bytes) else b""


def is_ours(profile: bytes) -> bool:
    """Whether a profile is byte for byte from `profile_of`."""
    return any(profile == profile_of(name) for name in _COLOURS)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        return b"para" + struct.pack(">4xHH", 0, 0) + _fixed(gamma)
    srgb = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para" + struct.pack(">4xHH", 3, 0) + b"".join(map(_fixed, srgb))
