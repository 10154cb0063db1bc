"""Cameras' raw photographs: the sensor's samples, before any colour; LibRaw develops them.

Their containers, TIFF for most, hold small finished pictures first, which readers of TIFF take for
the photograph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rawpy

from blur.errors import DecodeError
from blur.media import tiff
from blur.media.giants import refuse_giant
from blur.media.suffixes import RAW_SUFFIXES

_HEADS = (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"\0MRM", b"FOVb", b"ARRI")
_COLOUR_FILTERS, _LINEAR = 32803, 34892  # photometric interpretations of raw samples

REMEDY = "develop it with a raw converter to TIFF or JPEG, and cover that"


def is_raw(path: Path, head: bytes) -> bool:
    """Whether a file is a raw photograph, by content; a TIFF also by its name. Raises OSError."""
    if head.startswith(_HEADS) or head[4:12] == b"ftypcrx " or head[6:14] == b"HEAPCCDR":
        return True
    if not head.startswith(tiff.HEADS):
        return False
    if path.suffix.lower() in RAW_SUFFIXES or head[8:10] == b"CR":
        return True
    found = tiff.directories(path)
    kinds = {kind for tags in found for kind in tags.get(tiff.PHOTOMETRIC, ())}
    return bool(kinds & {_COLOUR_FILTERS, _LINEAR}) or any(tiff.DNG_VERSION in t for t in found)


def develop(path: Path) -> npt.NDArray[np.uint16]:
    """(height, width, 3) sRGB, upright, in the camera's white balance. Raises DecodeError."""
    try:
        with rawpy.imread(str(path)) as raw:
            refuse_giant(raw.sizes.width, raw.sizes.height, path.name)
            developed: npt.NDArray[Any] = raw.postprocess(use_camera_wb=True, output_bps=16)
            return developed
    except rawpy.LibRawError as error:
        words = error.args[0] if error.args else "unknown error"
        reason = words.decode() if isinstance(words, bytes) else str(words)
        raise DecodeError(
            f"is a raw photograph that LibRaw cannot develop: {reason}",
            subject=path.name,
            remedy=REMEDY,
        ) from error
