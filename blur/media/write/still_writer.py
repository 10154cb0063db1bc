"""Covered photographs: written in the photograph's own format from their pixels alone."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image, JpegImagePlugin

from blur.errors import OutputError
from blur.media.open.probe import ClipInfo
from blur.media.open.read import Frame
from blur.media.open.stills import FORMATS, opened
from blur.media.traces import icc
from blur.media.traces.inspect import check_output
from blur.media.write.part import Part, Written, explained

_LOSSLESS = ("PNG", "TIFF")


class StillWriter:
    """Writes the one frame of a photograph in the photograph's own format; see `Writer`."""

    def __init__(self, final_path: Path, info: ClipInfo) -> None:
        self._part = Part(final_path)
        self._info = info
        self._pixels: list[Any] = []

    def __enter__(self) -> Self:
        self._part.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._part.__exit__(kind, error, trace)

    def write(self, frame: Frame) -> None:
        self._pixels.append(frame.picture.to_ndarray(format=self._info.pix_fmt))

    def finish(self) -> Written:
        """Encode, verify and rename the output."""
        info, name = self._info, self._part.final.name
        if len(self._pixels) != 1:
            raise OutputError(f"{len(self._pixels)} frames were written, not one", subject=name)
        image = Image.fromarray(self._pixels[0])
        kind = info.codec.upper()
        _, options = FORMATS[kind]
        if kind == "JPEG":
            options = options | {"subsampling": _sampling(info.path)}
        with explained(self._part.final):
            profile = icc.profile_of(info.profile)
            image.save(self._part.path, kind, icc_profile=profile or None, **options)
            self._verify(kind)
        size, sha256 = self._part.place()
        return Written(self._part.final, 1, size, sha256, info.notes, info.dropped)

    def _verify(self, kind: str) -> None:
        with opened(self._part.path) as image:
            found = np.asarray(image)
        name = self._part.final.name
        exact = kind not in _LOSSLESS or np.array_equal(found, self._pixels[0])
        if found.shape != self._pixels[0].shape or not exact:
            raise OutputError("the output is not the picture that was written", subject=name)
        check_output(self._part.path, frozenset(), name)


def _sampling(path: Path) -> int:
    """The chroma subsampling of a JPEG, in Pillow's numbers."""
    with Image.open(path) as image:
        sampling: int = JpegImagePlugin.get_sampling(image)
    return max(0, sampling)
