"""Covered photographs: written in the photograph's own format from their pixels alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image, JpegImagePlugin

from blur.errors import OutputError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import Frame
from blur.media.open.samples import read_photograph
from blur.media.photograph import photograph_header
from blur.media.traces import icc
from blur.media.traces.file_traces import check_output
from blur.media.write import still_files
from blur.media.write.part import Part, Written, explained

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "HEIF": (".heic", ".heif", ".hif"),
    "AVIF": (".avif",),
}
"""By Pillow's format names: the suffixes in use, the usual one first."""

_INSTEAD = {"RAW": "TIFF"}
"""Formats of outputs for photographs whose own cannot be written; PNG for all others."""

_LOSSLESS = ("PNG", "TIFF")


def suffix_of(info: ClipInfo) -> str:
    """Suffix of a photograph's output: its own where that fits its format, else the usual one."""
    suffixes = _SUFFIXES[_kind(info)]
    own = info.path.suffix.lower()
    return own if own in suffixes else suffixes[0]


def _kind(info: ClipInfo) -> str:
    own = info.codec.upper()
    return own if own in _SUFFIXES else _INSTEAD.get(own, "PNG")


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
        kind = _kind(info)
        with explained(self._part.final):
            self._save(kind)
            self._verify(kind)
        size, sha256 = self._part.place()
        notes = (*info.notes, *self._changes(kind), *self._part.notes)
        return Written(self._part.final, 1, size, sha256, notes, info.dropped)

    def _changes(self, kind: str) -> list[str]:
        """The changes that the output's format makes, in words."""
        own, deep = self._info.codec.upper(), self._pixels[0].dtype == np.uint16
        changes = [] if own == kind else [f"comes out as {kind}: {own} is not written"]
        if kind == "HEIF" and deep:
            changes.append("written in 10 bits")
        if kind == "AVIF" and (deep or still_files.has_code_points(self._info.colour)):
            changes.append("written in 10 bits, 4:2:0")
        return changes

    def _save(self, kind: str) -> None:
        path, samples, colour = self._part.path, self._pixels[0], self._info.colour
        profile = icc.profile_of(self._info.profile) or None
        if kind == "HEIF":
            still_files.save_heif(path, samples, profile, colour)
        elif kind == "AVIF":
            still_files.save_avif(path, samples, profile, colour)
        elif kind == "PNG":
            still_files.save_png(path, samples, profile, colour)
        elif kind == "TIFF":
            still_files.save_tiff(path, samples, profile)
        elif kind == "WEBP":
            Image.fromarray(samples).save(path, kind, icc_profile=profile, quality=95)
        else:
            with photograph_header(self._info.path) as source:
                sampling = max(0, JpegImagePlugin.get_sampling(source))
            Image.fromarray(samples).save(
                path, kind, icc_profile=profile, quality=95, subsampling=sampling
            )

    def _verify(self, kind: str) -> None:
        given, name = self._pixels[0], self._part.final.name
        found = read_photograph(self._part.path)
        exact = kind not in _LOSSLESS or np.array_equal(found.samples, given)
        if found.samples.shape != given.shape or not exact:
            raise OutputError("the output does not hold the picture it was given", subject=name)
        colour = self._info.colour
        if (found.colour.primaries, found.colour.transfer) != (colour.primaries, colour.transfer):
            raise OutputError("the output does not describe the picture's colours", subject=name)
        check_output(self._part.path, frozenset(), name)
