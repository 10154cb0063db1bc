"""Proxies: the covered pictures of a render at half their size, beside its master or alone."""

from __future__ import annotations

from typing import Protocol

import av
import cv2

from blur.cover.layout import layout_of
from blur.media.open.read import Frame
from blur.media.write.still_writer import StillWriter
from blur.media.write.writer import Writer
from blur.render.pictures import blank


class Sink(Protocol):
    """Takes the frames of a film in order."""

    def write(self, frame: Frame) -> None: ...


def sink_of(output: Writer | StillWriter, proxy: Writer | None, *, alone: bool) -> Sink:
    """Takes the covered frames of a film, or of a photograph: for `output`, which is of half their
    size where it is a proxy `alone`, and for the `proxy` beside it."""
    if isinstance(output, StillWriter):
        return output
    if alone:
        return Smaller(output)
    return Twice(output, proxy) if proxy else output


class Smaller:
    """Writes each frame to a proxy, scaled to its size.

    It takes covered pictures alone: no pixel of a proxy depends on a pixel under a cover.
    """

    def __init__(self, proxy: Writer) -> None:
        self._proxy = proxy

    def write(self, frame: Frame) -> None:
        small = scaled(frame.picture, *self._proxy.size)
        self._proxy.write(Frame(frame.index, frame.pts, frame.duration, small))


class Twice:
    """Writes each frame to a master, and smaller to its proxy."""

    def __init__(self, master: Sink, proxy: Writer) -> None:
        self._master, self._proxy = master, Smaller(proxy)

    def write(self, frame: Frame) -> None:
        self._proxy.write(frame)
        self._master.write(frame)


def scaled(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """A smaller copy in the picture's own planes; each sample is the mean of those that it stands
    for. The picture's format must be paintable."""
    small = blank(picture, width, height)
    layout = layout_of(picture.format.name)
    for samples, fewer in zip(layout.views(picture), layout.views(small), strict=True):
        rows, columns = fewer.shape[:2]
        mean = cv2.resize(samples, (columns, rows), interpolation=cv2.INTER_AREA)
        fewer[:] = layout.trimmed(mean.reshape(fewer.shape))
    return small
