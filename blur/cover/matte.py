"""The covers of a frame as a picture: white where `paint` replaces samples, black elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import av
import numpy as np

from blur.cover.layout import layout_of
from blur.cover.region import Region
from blur.cover.window import PixelMask, patches


def matte(picture: av.VideoFrame, regions: Sequence[Region]) -> PixelMask:
    """(height, width), 255 at each pixel any of whose samples is covered, 0 elsewhere.

    `picture` is in a `paintable` format and gives the size and the grid of its chroma, its samples
    are not read; `regions` are in stored coordinates.
    """
    layout = layout_of(picture.format.name)
    finest = min(range(len(layout.planes)), key=lambda i: layout.planes[i].step_x)
    out = np.zeros((picture.height, picture.width), np.uint8)
    for patch in patches(picture, layout, regions):
        out[patch.rect.on(layout.planes[finest])] |= patch.masks[finest]
    return out
