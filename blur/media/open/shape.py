"""Pictures of a clip in a single shape: cropped as the container says, later shapes scaled."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import av
import av.filter

from blur.media.open.opaque import has_alpha, opaque

GREY = ("gray", "mono", "ya")
"""Beginnings of FFmpeg's names of formats without colour; their samples have the full range."""

_LIMITED, _FULL = 1, 2
_REMEMBERED = 512
"""Packets whose shape is remembered until their picture comes; decoders hold back 16 at most."""


class Crop(NamedTuple):
    """Stored pixels on each side that are not shown."""

    left: int
    top: int
    right: int
    bottom: int


class Shape(NamedTuple):
    """A coded picture: size in stored pixels, samples, aspect of a pixel, range of the samples.

    `pix_fmt` is without FFmpeg's `j`, which says the same as `range`.
    """

    width: int
    height: int
    pix_fmt: str
    aspect: Fraction
    range: int

    def __str__(self) -> str:
        words = [f"{self.width}x{self.height}", self.pix_fmt]
        if self.aspect != 1:
            words.append(f"with pixels of {self.aspect.numerator}:{self.aspect.denominator}")
        words.append("in full range" if self.range == _FULL else "")
        return " ".join(filter(None, words))


class Shapes:
    """The shape of each picture, as its packet's headers described it.

    Decoders give a picture some packets later, and their aspect and range are then another's.
    """

    def __init__(self) -> None:
        self._said: dict[int | None, tuple[Fraction, int]] = {}

    def decode(self, packet: av.Packet[Any], context: av.VideoCodecContext) -> list[av.VideoFrame]:
        """The pictures that a packet completes. Raises FFmpeg's errors."""
        pictures = packet.decode()
        if len(self._said) > _REMEMBERED:
            self._said.clear()
        self._said[packet.pts] = _described(context)
        if packet.pts is None and pictures:
            self._said[pictures[-1].pts] = _described(context)
        return pictures

    def of(self, picture: av.VideoFrame, context: av.VideoCodecContext) -> Shape:
        """The shape of a picture that `decode` gave."""
        name = picture.format.name
        said = self._said.pop(picture.pts) if picture.pts in self._said else None
        aspect, found = said or _described(context)
        if name.startswith("yuvj"):
            name, found = name.replace("yuvj", "yuv"), _FULL
        if picture.format.is_rgb or name.startswith((*GREY, "pal")):
            found = _FULL
        return Shape(picture.width, picture.height, name, aspect, found or _LIMITED)


def _described(context: av.VideoCodecContext) -> tuple[Fraction, int]:
    return context.sample_aspect_ratio or Fraction(1), context.color_range


class Fitter:
    """Brings pictures to the shape of a clip's first, as shown at its aspect, with black borders.

    `first` is the shape before `crop`, `pix_fmt` the format of the first picture.
    """

    def __init__(self, first: Shape | None, pix_fmt: str, crop: Crop | None) -> None:
        self._first, self._crop = first, crop
        self._target = "rgba" if pix_fmt == "pal8" else pix_fmt
        self._graphs: dict[tuple[Shape, str], av.filter.Graph] = {}

    def changed(self, shape: Shape) -> bool:
        return self._first is not None and shape != self._first

    def fit(self, picture: av.VideoFrame, shape: Shape) -> av.VideoFrame:
        """The picture as it is shown, of the first picture's size and format, its alpha opaque."""
        changed = self.changed(shape)
        if picture.color_range == _FULL and shape.range == _LIMITED:
            picture.color_range = _LIMITED  # a later picture's
        if changed and has_alpha(picture.format.name):
            picture = opaque(picture)
        if not changed and self._crop is None:
            return opaque(picture)
        key = shape, picture.format.name
        if key not in self._graphs:
            self._graphs[key] = self._graph(picture, shape, changed)
        graph = self._graphs[key]
        graph.push(picture)
        fitted = graph.pull()
        assert isinstance(fitted, av.VideoFrame)
        fitted.pts, fitted.time_base = picture.pts, picture.time_base
        fitted.duration = picture.duration
        return opaque(fitted)

    def _graph(self, picture: av.VideoFrame, shape: Shape, changed: bool) -> av.filter.Graph:
        graph = av.filter.Graph()
        size = f"{picture.width}x{picture.height}"
        tick = picture.time_base or Fraction(1, 1000)
        chain = [
            graph.add(
                "buffer",
                f"video_size={size}:pix_fmt={picture.format.name}"
                f":time_base={tick.numerator}/{tick.denominator}"
                f":colorspace={picture.colorspace}:range={picture.color_range}",
            )
        ]
        if changed:
            chain += self._scaled(graph, shape)
        if self._crop is not None:
            width, height = cropped(self._first or shape, self._crop)
            # Exact at odd edges of subsampled chroma, too; copied so that planes end in memory.
            chain.append(
                graph.add("crop", f"{width}:{height}:{self._crop.left}:{self._crop.top}:exact=1")
            )
            chain.append(graph.add("copy"))
        chain.append(graph.add("buffersink"))
        graph.link_nodes(*chain).configure()
        return graph

    def _scaled(self, graph: av.filter.Graph, shape: Shape) -> list[Any]:
        """To the first shape's size before its crop: the whole picture, borders beside it."""
        first = self._first
        assert first is not None
        across = shape.width * shape.aspect / first.aspect
        factor = min(first.width / across, Fraction(first.height, shape.height))
        width = min(first.width, max(2, 2 * round(across * factor / 2)))
        height = min(first.height, max(2, 2 * round(shape.height * factor / 2)))
        left, top = (first.width - width) // 4 * 2, (first.height - height) // 4 * 2
        ranges = ("full" if s.range == _FULL else "limited" for s in (shape, first))
        scale = "{}:{}:flags=bicubic+accurate_rnd:in_range={}:out_range={}".format(
            width, height, *ranges
        )
        return [
            graph.add("scale", scale),
            graph.add("format", f"pix_fmts={self._target}"),
            graph.add("setsar", "1"),
            graph.add("pad", f"{first.width}:{first.height}:{left}:{top}:black"),
        ]


def cropped(shape: Shape, crop: Crop) -> tuple[int, int]:
    """Width and height of a cropped picture, stored pixels."""
    return shape.width - crop.left - crop.right, shape.height - crop.top - crop.bottom
