"""Mattes: the covers of a clip as gray pictures, a frame for each of the covered clip, for houses
that treat faces themselves after the grade.

White is covered, black is not. They are made from the plan alone: no picture is decoded.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
from msgspec import structs

from blur.cover.layout import layout_of, paintable
from blur.cover.matte import matte
from blur.cover.region import Covers
from blur.cover.window import PixelMask
from blur.data.frame_map import FrameMap, frame_map
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Plan
from blur.disk import atomic
from blur.media.open.clip_info import ClipInfo, Colour
from blur.media.open.read import Frame
from blur.media.write.delivery import delivery_of
from blur.media.write.writer import Writer
from blur.settings import AudioMode, Codec, Hardware, OutputSettings

_PRORES = "yuv444p10le"
_LIMITED, _FULL = 1, 2
_BLACK, _WHITE, _NEUTRAL = 64, 940, 512
"""Samples of 10-bit video of limited range."""


class MatteFormat(enum.StrEnum):
    """FFV1: gray, lossless, in Matroska. ProRes: 4444, in QuickTime. PNG: a picture for each frame,
    as displayed."""

    FFV1 = "ffv1"
    PRORES = "prores"
    PNG = "png"


_ENDINGS = {MatteFormat.FFV1: ".mkv", MatteFormat.PRORES: ".mov", MatteFormat.PNG: ""}


def matte_file(target: Path, info: ClipInfo, kind: MatteFormat) -> Path:
    """The file of the clip's mattes, of a film in PNG their folder; `target` is without an ending.
    Photographs become a PNG."""
    if info.still:
        return target.with_name(target.name + ".png")
    return target.with_name(target.name + _ENDINGS[kind])


def write_mattes(
    target: Path,
    info: ClipInfo,
    plan: Plan,
    covers: Covers,
    settings: OutputSettings,
    kind: MatteFormat,
    placed: Placement = WHOLE,
) -> None:
    """Write the mattes of the clip `info`, covered by `covers`, to a `matte_file`.

    A film's have the covered clip's frames, times, stored size, display matrix and, by `settings`,
    timecode; in PNG they count from 000000, as displayed. Raises OutputError or DiskFull.
    """
    held = frame_map(plan, placed)
    masks = _masks(info, held, covers)
    if info.still or kind is MatteFormat.PNG:
        _write_png(target, info, masks)
        return
    gray = kind is MatteFormat.FFV1
    wanted = structs.replace(
        settings,
        codec=Codec.FFV1 if gray else Codec.PRORES,
        audio=AudioMode.NONE,
        hardware=Hardware.NONE,
    )
    shape = replace(
        info,
        pix_fmt="gray" if gray else _PRORES,
        colour=Colour(range=_FULL if gray else _LIMITED),
        audio=(),
        dropped=(),
        notes=(),
    )
    delivery = delivery_of(shape, wanted, start=held.start, placed=placed, rate=held.rate)
    shape = replace(shape, time_base=held.tick, rate=held.rate or info.rate)
    with Writer(target, shape, wanted, delivery) as writer:
        for index, mask in enumerate(masks):
            picture = _gray(mask) if gray else _luma(mask)
            writer.write(Frame(index, held.pts[index], 0, picture))
        writer.finish()


def _masks(info: ClipInfo, held: FrameMap, covers: Covers) -> Iterator[PixelMask]:
    """The matte of each frame, stored geometry; each may be used until the next is asked for."""
    orientation = info.orientation
    size = orientation.stored_width, orientation.stored_height
    blank = av.VideoFrame(*size, paintable(info.pix_fmt))
    for frame in held.shown:
        regions = [region.mapped(orientation.box_to_stored) for region in covers.at(frame)]
        yield matte(blank, regions)


def _write_png(target: Path, info: ClipInfo, masks: Iterator[PixelMask]) -> None:
    atomic.make_folder(target.parent if info.still else target)
    for index, mask in enumerate(masks):
        shown = np.ascontiguousarray(info.orientation.to_display(mask))
        file = target if info.still else target / f"{index:06}.png"
        atomic.write(file, cv2.imencode(".png", shown)[1].tobytes(), private=False)


def _gray(mask: PixelMask) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(mask, "gray")
    picture.color_range = _FULL
    return picture


def _luma(mask: PixelMask) -> av.VideoFrame:
    """White at the mask's 255; chroma is neutral."""
    picture = av.VideoFrame(mask.shape[1], mask.shape[0], _PRORES)
    luma, *chroma = layout_of(_PRORES).views(picture)
    luma[..., 0] = np.where(mask, np.uint16(_WHITE), np.uint16(_BLACK))
    for samples in chroma:
        samples[:] = _NEUTRAL
    picture.color_range = _LIMITED
    return picture
