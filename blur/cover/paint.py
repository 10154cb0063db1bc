"""Writes covers into the native planes of a decoded picture; every other sample keeps its bits,
but for the soft edge of a solid fill where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import av
import cv2

from blur.cover.fills import Fill, Solid
from blur.cover.layout import layout_of, paintable
from blur.cover.region import Region
from blur.cover.window import patches, windows

_BLACK = Solid("#000000")


def paint(picture: av.VideoFrame, regions: Sequence[Region], fill: Fill) -> av.VideoFrame:
    """The picture with `regions` (stored coordinates) covered.

    Painted in place if nothing else holds its planes, else in a copy. A format that cannot be
    painted becomes `paintable(format)`, regions or not, so a clip's pictures stay alike.
    """
    name = paintable(picture.format.name)
    if name != picture.format.name:
        picture = picture.reformat(format=name)
    dark = [region for region in regions if region.dark]
    picture = _painted(picture, dark, _BLACK)
    return _painted(picture, [region for region in regions if not region.dark], fill)


def _painted(picture: av.VideoFrame, regions: Sequence[Region], fill: Fill) -> av.VideoFrame:
    layout = layout_of(picture.format.name)
    covers = patches(picture, layout, regions)
    if not covers:
        return picture
    picture.make_writable()
    planes = layout.views(picture)
    for window in windows(picture, layout, planes, covers):
        for patch, filled in zip(window.patches, fill(window), strict=True):
            for plane, samples, mask, new in zip(
                layout.planes, planes, patch.masks, filled, strict=True
            ):
                cv2.copyTo(new, mask, samples[patch.rect.on(plane)])
        if isinstance(fill, Solid) and fill.edge:
            fill.soften(window, min(picture.width, picture.height))
    return picture
