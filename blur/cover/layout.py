"""Layouts of pixel formats: planes, subsampling, depth, channel order.

From FFmpeg's descriptors as PyAV shows them; the order of channels in a packed plane, and the place
of the bits in a sample, from the format's name.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[Any]
"""(height, width, channels) of uint8 or uint16."""

_PACKED = re.compile(r"([rgba0]{3,4}|ya)(?:8|16le|24|48le|64le)?")
_SEMI_PLANAR = re.compile(r"nv\d|p\d")
_OTHER = re.compile(r"f16|f32|xyz|nv20")  # floats, and samples that are not linear
_STAND_INS = {
    name: target
    for target, names in {
        "rgba": "pal8",
        "rgb24": "rgb8 bgr8 rgb565le bgr565le rgb555le bgr555le",
        "gray": "monow monob",
        "yuv422p": "yuyv422 yvyu422 uyvy422",
        "yuv411p": "uyyvyy411",
        "yuv422p10le": "y210le nv20le",
        "yuv422p12le": "y212le",
        "yuv422p16le": "y216le",
        "yuv444p": "vyu444 vuyx",
        "yuv444p10le": "v30xle xv30le",
        "yuv444p12le": "xv36le",
        "yuv444p16le": "xv48le",
        "yuva444p": "vuya ayuv uyva",
        "yuva444p16le": "ayuv64le",
        "gbrp10le": "x2rgb10le x2bgr10le",
    }.items()
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class PlaneLayout:
    """One plane: `roles` names its interleaved channels (y, u, v, r, g, b, a; 0 is padding); a
    sample stands for `step_x` x `step_y` pixels."""

    index: int
    roles: str
    step_x: int
    step_y: int


@dataclass(frozen=True, eq=False)
class Layout:
    """A pixel format that can be painted in place; samples have `bits` significant bits, `shift`
    bits up from the bottom of their container.

    Equal to itself alone, and its sides are kept: a cover asks for them dozens of times a frame.
    """

    planes: tuple[PlaneLayout, ...]
    bits: int
    shift: int
    dtype: type[np.uint8] | type[np.uint16]

    @cached_property
    def step_x(self) -> int:
        """Width in pixels of one cell of the coarsest (chroma) grid."""
        return max(plane.step_x for plane in self.planes)

    @cached_property
    def step_y(self) -> int:
        """Height in pixels of one cell of the coarsest (chroma) grid."""
        return max(plane.step_y for plane in self.planes)

    @cached_property
    def coarsest(self) -> int:
        """Position in `planes` of a plane on the coarsest grid."""
        planes = self.planes
        return max(range(len(planes)), key=lambda i: planes[i].step_x * planes[i].step_y)

    @cached_property
    def top(self) -> int:
        """The largest value of a sample as stored."""
        return ((1 << self.bits) - 1) << self.shift

    @cached_property
    def unit(self) -> float:
        """A step of an 8-bit sample, in units of samples as stored."""
        return float(2.0 ** (self.bits + self.shift - 8))

    def split(self, grid: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """(h, w, channels) of each plane, from (h, w, channels of all planes)."""
        return [grid[..., channels] for channels in self._channels]

    @cached_property
    def _channels(self) -> list[slice]:
        """Of each plane, among those of all planes."""
        ends = list(itertools.accumulate(len(plane.roles) for plane in self.planes))
        return [slice(*span) for span in itertools.pairwise([0, *ends])]

    def trimmed(self, samples: Samples) -> Samples:
        """Samples limited to values of the format."""
        if self.bits + self.shift < 8 * np.dtype(self.dtype).itemsize:
            # Many times faster than numpy's minimum.
            _, cut = cv2.threshold(samples, self.top, 0, cv2.THRESH_TRUNC)
            samples = np.asarray(cut).reshape(samples.shape)
        return samples & self.dtype(self.top) if self.shift else samples

    def views(self, picture: av.VideoFrame) -> list[Samples]:
        """Writable (height, width, channels) views of the picture's planes, without padding.

        Make the picture writable first: its planes may still serve the decoder.
        """
        size = np.dtype(self.dtype).itemsize
        found: list[Samples] = []
        for plane in self.planes:
            raw, channels = picture.planes[plane.index], len(plane.roles)
            rows, columns = -(-picture.height // plane.step_y), -(-picture.width // plane.step_x)
            shape = (rows, columns, channels)
            strides = (raw.line_size, channels * size, size)
            found.append(np.ndarray(shape, self.dtype, memoryview(raw), 0, strides))
        return found


@lru_cache
def paintable(name: str) -> str:
    """The format in which pictures of format `name` are painted: itself where possible.

    Else a format that holds all its samples, or 16-bit RGB for formats that nobody films in.
    Raises ValueError for formats without samples in memory.
    """
    if _described(name) is not None:
        return name
    if name.endswith("be"):
        return paintable(name.removesuffix("be") + "le")
    parts = av.VideoFormat(name).components
    if not parts:
        raise ValueError(f"{name} holds no samples in memory")
    return _STAND_INS.get(name, "rgba64le" if parts[-1].is_alpha else "rgb48le")


def layout_of(name: str) -> Layout:
    """The layout of a `paintable` format. Raises ValueError for others."""
    layout = _described(name)
    if layout is None:
        raise ValueError(f"{name} cannot be painted in place")
    return layout


@lru_cache
def _described(name: str) -> Layout | None:
    video = av.VideoFormat(name, 64, 64)
    parts = video.components
    depths = {part.bits for part in parts}
    if len(depths) != 1 or video.is_big_endian or video.has_palette or video.is_bayer:
        return None
    bits = depths.pop()
    if not 8 <= bits <= 16 or _OTHER.search(name):
        return None
    high = False
    if packed := _PACKED.fullmatch(name):
        planes = [PlaneLayout(0, packed[1], 1, 1)]
    elif _SEMI_PLANAR.match(name):
        high = name.startswith("p")
        chroma = "vu" if name in ("nv21", "nv42") else "uv"
        steps = 64 // parts[1].width, 64 // parts[1].height
        planes = [PlaneLayout(0, "y", 1, 1), PlaneLayout(1, chroma, *steps)]
    elif len({part.plane for part in parts}) == len(parts):
        high = "msb" in name
        roles = "rgba" if video.is_rgb else "yuva"
        planes = [
            PlaneLayout(part.plane, role, 64 // part.width, 64 // part.height)
            for role, part in zip(roles, parts, strict=False)
        ]
    else:
        return None
    container = 8 if bits == 8 else 16
    dtype = np.uint8 if container == 8 else np.uint16
    return Layout(tuple(planes), bits, container - bits if high else 0, dtype)
