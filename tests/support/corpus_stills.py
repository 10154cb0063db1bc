"""Photographs of the corpus: formats x depths x colours."""

from __future__ import annotations

import numpy as np
from corpus_rows import Maker, Row, Still, saved
from photographs import (
    coded,
    deep,
    dng,
    dng_with_preview,
    grey,
    hdr_avif,
    hdr_heic,
    other,
    png,
    scene,
    tiff,
)
from PIL import Image


def _by_pillow(name: str, kind: str, mode: str = "RGB", **options: object) -> Maker:
    return saved(
        name, lambda path: Image.fromarray(scene()).convert(mode).save(path, kind, **options)
    )


def _heic(name: str, **options: int) -> Maker:
    import pillow_heif

    return saved(
        name, lambda path: pillow_heif.from_pillow(Image.fromarray(scene())).save(path, **options)
    )


_LUMA = np.asarray(Image.fromarray(scene()).convert("L"))
_AS_PNG = "comes out as PNG"
_FLAT = "transparency flattened on white"

STILLS: dict[str, Row] = {
    "JPEG": Still(_by_pillow("a.jpg", "JPEG"), ".jpg"),
    "grey JPEG": Still(_by_pillow("a.jpg", "JPEG", "L"), ".jpg", "gray"),
    "CMYK JPEG": Still(_by_pillow("a.jpg", "JPEG", "CMYK"), ".jpg"),
    "progressive JPEG": Still(_by_pillow("a.jpeg", "JPEG", progressive=True), ".jpeg"),
    "JPEG under a wrong name": Still(_by_pillow("a.png", "JPEG"), ".jpg"),
    "PNG": Still(_by_pillow("a.png", "PNG"), ".png", like=scene()),
    "grey PNG": Still(_by_pillow("a.png", "PNG", "L"), ".png", "gray", like=_LUMA),
    "palette PNG": Still(_by_pillow("a.png", "PNG", "P"), ".png"),
    "1-bit PNG": Still(_by_pillow("a.png", "PNG", "1"), ".png", "gray"),
    "PNG with alpha": Still(_by_pillow("a.png", "PNG", "RGBA"), ".png", says=[_FLAT], like=scene()),
    "grey PNG with alpha": Still(
        _by_pillow("a.png", "PNG", "LA"), ".png", "gray", says=[_FLAT], like=_LUMA
    ),
    "16-bit PNG": Still(
        saved("a.png", lambda p: png(p, deep(scene()))), ".png", "rgb48le", like=deep(scene())
    ),
    "16-bit grey PNG": Still(
        saved("a.png", lambda p: png(p, deep(grey()))), ".png", "gray16le", like=deep(grey())
    ),
    "PQ PNG": Still(
        saved("a.png", lambda p: png(p, deep(scene()), (b"cICP", b"\x09\x10\0\1"))),
        ".png",
        "rgb48le",
        ["HDR (PQ) kept"],
        deep(scene()),
    ),
    "HLG PNG": Still(
        saved("a.png", lambda p: png(p, scene(), (b"cICP", b"\x09\x12\0\1"))),
        ".png",
        says=["HDR (HLG) kept"],
        like=scene(),
    ),
    "PNG in linear light": Still(
        saved("a.png", lambda p: png(p, scene(), (b"gAMA", b"\0\1\x86\xa0"))),
        ".png",
        says=["brightness converted from gamma 1"],
    ),
    "2-bit PNG": Still(_by_pillow("a.png", "PNG", "L", bits=2), ".png", "gray"),
    "JPEG with a damaged profile": Still(
        _by_pillow("a.jpg", "JPEG", icc_profile=b"no profile" * 20),
        ".jpg",
        says=["damaged colour profile"],
    ),
    "WebP": Still(_by_pillow("a.webp", "WEBP"), ".webp"),
    "lossless WebP": Still(_by_pillow("a.webp", "WEBP", lossless=True), ".webp"),
    "WebP with alpha": Still(_by_pillow("a.webp", "WEBP", "RGBA"), ".webp"),
    "TIFF": Still(_by_pillow("a.tif", "TIFF"), ".tif", like=scene()),
    "TIFF in JPEG": Still(_by_pillow("a.tif", "TIFF", compression="jpeg"), ".tif"),
    "TIFF in Deflate": Still(
        _by_pillow("a.tiff", "TIFF", compression="tiff_adobe_deflate"), ".tiff", like=scene()
    ),
    "BigTIFF": Still(_by_pillow("a.tif", "TIFF", big_tiff=True), ".tif", like=scene()),
    "CMYK TIFF": Still(_by_pillow("a.tif", "TIFF", "CMYK"), ".tif"),
    "16-bit TIFF": Still(
        saved("a.tif", lambda p: tiff(p, deep(scene()), 2)), ".tif", "rgb48le", like=deep(scene())
    ),
    "16-bit grey TIFF": Still(
        saved("a.tif", lambda p: tiff(p, deep(grey()), 1)), ".tif", "gray16le", like=deep(grey())
    ),
    "white-is-zero TIFF": Still(
        saved("a.tif", lambda p: tiff(p, 255 - grey(), 0)), ".tif", "gray", like=grey()
    ),
    "16-bit white-is-zero TIFF": Still(
        saved("a.tif", lambda p: tiff(p, 65535 - deep(grey()), 0)),
        ".tif",
        "gray16le",
        like=deep(grey()),
    ),
    "float TIFF": Still(
        saved("a.tif", lambda p: tiff(p, deep(grey()) / np.float32(65535), 1)),
        ".tif",
        "gray16le",
        ["float samples"],
    ),
    "float RGB TIFF": Still(
        saved("a.tif", lambda p: tiff(p, deep(scene()) / np.float32(65535), 2)),
        ".tif",
        "rgb48le",
        ["float samples"],
    ),
    "HEIC": Still(_heic("a.heic"), ".heic"),
    "HEIC under Canon's name": Still(_heic("a.HIF"), ".hif"),
    "10-bit PQ HEIC": Still(
        saved("a.heic", lambda p: hdr_heic(p, 9, 16)),
        ".heic",
        "rgb48le",
        ["HDR (PQ) kept", "written in 10 bits"],
    ),
    "10-bit HLG HEIC": Still(
        saved("a.heic", lambda p: hdr_heic(p, 9, 18)),
        ".heic",
        "rgb48le",
        ["HDR (HLG) kept", "written in 10 bits"],
    ),
    "wide HEIC without a profile": Still(
        saved("a.heic", lambda p: hdr_heic(p, 12, 13, bits=8)), ".heic"
    ),
    "AVIF": Still(_by_pillow("a.avif", "AVIF"), ".avif"),
    "PQ AVIF": Still(
        saved("a.avif", lambda p: hdr_avif(p, 16)),
        ".avif",
        "rgb48le",
        ["HDR (PQ) kept", "written in 10 bits"],
    ),
    "HLG AVIF": Still(
        saved("a.avif", lambda p: hdr_avif(p, 18)),
        ".avif",
        "rgb48le",
        ["HDR (HLG) kept", "written in 10 bits"],
    ),
    "BMP": Still(saved("a.bmp", lambda p: other(p, "BMP")), ".png", says=[_AS_PNG], like=scene()),
    "TGA": Still(saved("a.tga", lambda p: other(p, "TGA")), ".png", says=[_AS_PNG], like=scene()),
    "PPM": Still(saved("a.ppm", lambda p: other(p, "PPM")), ".png", says=[_AS_PNG], like=scene()),
    "PGM": Still(saved("a.pgm", lambda p: other(p, "PPM", "L")), ".png", "gray", [_AS_PNG], _LUMA),
    "PCX": Still(saved("a.pcx", lambda p: other(p, "PCX")), ".png", says=[_AS_PNG], like=scene()),
    "SGI": Still(saved("a.sgi", lambda p: other(p, "SGI")), ".png", says=[_AS_PNG], like=scene()),
    "JPEG 2000": Still(
        saved("a.jp2", lambda p: other(p, "JPEG2000")), ".png", says=[_AS_PNG], like=scene()
    ),
    "one-frame GIF": Still(saved("a.gif", lambda p: other(p, "GIF")), ".png", says=[_AS_PNG]),
    "DPX": Still(
        saved("a.dpx", lambda p: coded(p, "dpx", "rgb24")), ".png", says=[_AS_PNG], like=scene()
    ),
    "QOI": Still(
        saved("a.qoi", lambda p: coded(p, "qoi", "rgb24")), ".png", says=[_AS_PNG], like=scene()
    ),
    "FITS": Still(
        saved("a.fits", lambda p: coded(p, "fits", "gbrp")), ".png", says=[_AS_PNG], like=scene()
    ),
    "raw photograph with a preview": Still(
        saved("a.tif", dng_with_preview), ".tif", "rgb48le", ["raw photograph", "comes out as TIFF"]
    ),
    "raw photograph": Still(
        saved("a.dng", dng), ".tif", "rgb48le", ["raw photograph", "comes out as TIFF"]
    ),
}
