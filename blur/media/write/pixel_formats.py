"""From the clip's sample format to the encoder's, with the least loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from blur.media.open.clip_info import Colour
from blur.media.open.shape import GREY
from blur.settings.cores import codec_threads

_LIMITED, _FULL = 1, 2
_FULL_NAMES = ("yuvj", *GREY)
"""Beginnings of the formats whose samples have the full range, whatever the clip says."""
_BT709 = 1


class Conversion:
    """Converts pictures from the sample format `source` to `target`; equal formats pass through.

    `colour` describes the output; `note` names the conversion for the report, "" without any.
    Formats that differ only in name or in the arrangement of planes are copied sample by sample.
    """

    def __init__(self, source: str, target: str, colour: Colour, *, full_range: bool) -> None:
        self._target = target
        self._reformatter = VideoReformatter()
        self._narrowing = VideoReformatter()
        self._narrows = not full_range
        rgb = _is_rgb(source)
        if rgb and not _is_rgb(target):
            self.colour = Colour(_BT709, _BT709, _BT709, _LIMITED)
        elif not full_range and (colour.range == _FULL or source.startswith(_FULL_NAMES)):
            self.colour = replace(colour, range=_LIMITED)
        elif source.startswith(_FULL_NAMES) and not target.startswith("gray"):
            self.colour = replace(colour, range=colour.range or _FULL)
        else:
            self.colour = colour
        self._same_samples = self.colour.range == (
            colour.range or (_FULL if source.startswith(_FULL_NAMES) else colour.range)
        )
        self.note = "" if source == target else f"samples converted from {source} to {target}"

    def apply(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The picture in the target format, its colour described."""
        source = picture.format.name
        if source == self._target:
            return picture
        if self._same_samples and _twins(source, self._target):
            converted = _copied(picture, self._target)
        else:
            if self._narrows and source.startswith("yuvj"):
                # In a single step to more bits, white would come out as 1020 instead of 1023.
                limited = source.replace("j", "")
                picture = self._narrowing.reformat(
                    picture, format=limited, dst_color_range=_LIMITED
                )
            converted = self._reformatter.reformat(
                picture,
                format=self._target,
                dst_colorspace=_BT709 if _is_rgb(source) and not _is_rgb(self._target) else None,
                dst_color_range=self.colour.range or None,
                # Upsampled chroma repeats its nearest sample: no new values.
                interpolation="POINT" if "444" in self._target else "BICUBIC",
                threads=codec_threads(),
            )
        converted.color_range, converted.colorspace = self.colour.range, self.colour.matrix
        converted.color_primaries, converted.color_trc = (
            self.colour.primaries,
            self.colour.transfer,
        )
        return converted


def _is_rgb(name: str) -> bool:
    return av.VideoFormat(name).is_rgb or name == "pal8"


def _twins(source: str, target: str) -> bool:
    """Whether planes are equal, or luma alone becomes luma with neutral chroma."""
    if source.startswith("gray"):
        return target.replace("j", "") == source.replace("gray", "yuv420p")
    return source.replace("j", "") == target.replace("j", "")


def _copied(picture: av.VideoFrame, target: str) -> av.VideoFrame:
    copy = av.VideoFrame(picture.width, picture.height, target)
    bits = copy.format.components[0].bits
    for index, plane in enumerate(copy.planes):
        samples = _samples(plane, bits)
        if index < len(picture.planes):
            samples[:] = _samples(picture.planes[index], bits)[:, : samples.shape[1]]
        else:
            samples[:] = 1 << (bits - 1)
    return copy


def _samples(plane: av.video.plane.VideoPlane, bits: int) -> npt.NDArray[Any]:
    kind = np.uint8 if bits <= 8 else np.uint16
    rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)
    return rows[:, : plane.width]
