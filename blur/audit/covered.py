"""Covers in an audit's pictures: flat, since a soft fill looks like a face, and painted anew."""

from __future__ import annotations

import math
from collections.abc import Sequence

import av
import cv2
import numpy as np
import numpy.typing as npt

from blur.cover.fills import Fill
from blur.cover.paint import paint
from blur.cover.region import Region
from blur.data.arrays import Picture
from blur.data.plan import Box

_RIM = np.ones((5, 5), np.uint8)
"""Pixels around an outline that its cover reaches; larger flattens more beside it."""

_SOFTENED, _LONGEST = 2.0, 1280
"""Pixels, sigma of the Gaussian before pictures are compared, against grain and the encoder, and
the longest side from which it grows with the picture; a larger sigma overlooks smaller features."""

_INSET = 2.0
"""Sigmas inside an outline that are not compared: encoders and scalers mix in colours from outside.
Larger leaves less of a cover."""

_ALIKE = 0.1
"""Mean difference, as a share of the level and `_DARK`, up to which a cover is taken for its new
coat. Over 260 covers of rendered clips of 20 pixels and more it is 0.07 at most, 0.17 at least
where nothing was painted; larger takes faces that show through for covers."""
_DARK = 8.0
"""Levels, of 255, below which differences count less: they are noise."""
_MOST = 1.3
"""Largest difference, in deviations of the covered picture, up to which a cover is taken for its
new coat. Over 51 covers of two filmed clips it is 1.12 at most, 1.7 at least where nothing was
painted; larger overlooks an eye that shows in a painted cover."""
_LEVEL = 2.0
"""Levels, of 255, that no deviation is taken below: covers may be flat. Larger overlooks features
in the dark."""


def flattened(picture: Picture, regions: Sequence[Region]) -> Picture:
    """The RGB picture with each cover (picture coordinates) in its mean colour."""
    flat = picture.copy()
    for region in regions:
        mask = cv2.dilate(_inside(region, picture), _RIM)
        if mask.any():
            flat[mask > 0] = np.round(cv2.mean(flat, mask)[:3])
    return flat


def is_painted(picture: Picture, regions: Sequence[Region], fill: Fill, box: Box) -> bool:
    """Whether the covers in a box of an RGB picture are those that `fill` paints (picture
    coordinates), all over: no fill sees through a cover, so another coat changes little."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    anew = paint(frame, regions, fill).to_ndarray(format="rgb24")
    mask = np.zeros(picture.shape[:2], np.uint8)
    for region in regions:
        mask |= _inside(region, picture)
    sigma = _SOFTENED * max(1.0, max(picture.shape) / _LONGEST)
    rim = 2 * math.ceil(_INSET * sigma) + 1
    mask = cv2.erode(mask, np.ones((rim, rim), np.uint8))
    mask &= _drawn(cv2.boxPoints(((box.cx, box.cy), (box.w, box.h), box.angle)), picture)
    if not mask.any():
        return False
    x, y, w, h = cv2.boundingRect(mask)
    here, part = mask[y : y + h, x : x + w] > 0, np.s_[y : y + h, x : x + w]
    before, after = (
        cv2.GaussianBlur(p[part].astype(np.float32), (0, 0), sigma) for p in (picture, anew)
    )
    level, change = after[here].mean(), np.abs(before - after)[here].mean()
    was, now = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)[here] for p in (before, after))
    most, spread = np.abs(was - now).max(), max(was.std(), _LEVEL)
    return bool(change <= _ALIKE * (level + _DARK) and most <= _MOST * spread)


def _inside(region: Region, picture: Picture) -> npt.NDArray[np.uint8]:
    return _drawn(region.outline(), picture)


def _drawn(corners: npt.NDArray[np.float32], picture: Picture) -> npt.NDArray[np.uint8]:
    """(h, w) mask of a convex polygon."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, shift=4)
    return mask
