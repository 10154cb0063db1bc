"""Covered photographs: written in the photograph's own format from their pixels alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pillow_heif
from PIL import Image, JpegImagePlugin

from blur.errors import OutputError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import Frame
from blur.media.photograph import open_photograph, photograph_header
from blur.media.traces import icc
from blur.media.traces.file_traces import check_output
from blur.media.write.part import Part, Written, explained

# By Pillow's format names: the suffixes in use, and visually lossless encoder options.
_FORMATS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "JPEG": ((".jpg", ".jpeg", ".jpe"), {"quality": 95}),
    "PNG": ((".png",), {}),
    "WEBP": ((".webp",), {"quality": 95}),
    "TIFF": ((".tif", ".tiff"), {"compression": "tiff_lzw"}),
    "HEIF": ((".heic", ".heif"), {"quality": 90}),
    "AVIF": ((".avif",), {"quality": 90}),
}
_LOSSLESS = ("PNG", "TIFF")


def suffix_of(info: ClipInfo) -> str:
    """Suffix of a photograph's output: its own where that fits its format, else the usual one."""
    suffixes, _ = _FORMATS[info.codec.upper()]
    own = info.path.suffix.lower()
    return own if own in suffixes else suffixes[0]


class StillWriter:
    """A `Writer` of a photograph's single frame, in the photograph's own format."""

    def __init__(self, final_path: Path, info: ClipInfo) -> None:
        self._part = Part(final_path)
        self._info = info
        self._pixels: list[Any] = []

    def __enter__(self) -> Self:
        self._part.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._part.__exit__(*error)

    def write(self, frame: Frame) -> None:
        """Take the frame; it is encoded by `finish`."""
        self._pixels.append(frame.picture.to_ndarray(format=self._info.pix_fmt))

    def finish(self) -> Written:
        """Encode, verify and rename the output. Raises OutputError or DiskFull."""
        info, name = self._info, self._part.final.name
        if len(self._pixels) != 1:
            raise OutputError(f"{len(self._pixels)} frames were written, not one", subject=name)
        kind = info.codec.upper()
        with explained(self._part.final):
            self._save(kind)
            self._verify(kind)
        size, sha256 = self._part.place()
        return Written(self._part.final, 1, size, sha256, info.notes, info.dropped)

    def _save(self, kind: str) -> None:
        image, path = Image.fromarray(self._pixels[0]), self._part.path
        profile = icc.profile_of(self._info.profile) or None
        options = _FORMATS[kind][1]
        if kind == "HEIF":
            if profile is not None:
                image.info["icc_profile"] = profile
            pillow_heif.from_pillow(image).save(path, **options)
            return
        if kind == "JPEG":
            with photograph_header(self._info.path) as source:
                options = options | {"subsampling": max(0, JpegImagePlugin.get_sampling(source))}
        image.save(path, kind, icc_profile=profile, **options)

    def _verify(self, kind: str) -> None:
        with open_photograph(self._part.path) as image:
            found = np.asarray(image)
        name = self._part.final.name
        exact = kind not in _LOSSLESS or np.array_equal(found, self._pixels[0])
        if found.shape != self._pixels[0].shape or not exact:
            raise OutputError("the output does not hold the picture it was given", subject=name)
        check_output(self._part.path, frozenset(), name)
