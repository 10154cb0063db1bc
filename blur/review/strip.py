"""The pictures that answer a question at a look: of its places, moment by moment, or of the whole
clip with the covers that it is about. As published, in memory only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from blur.data.answers import Group
from blur.data.arrays import Picture
from blur.data.moments import beats, fullest, moments
from blur.data.plan import Box
from blur.errors import UsageError
from blur.render.pictures import as_shown, jpeg, patch
from blur.review.open_clip import OpenClip
from blur.review.settle import doubts_named

SIDE = 200
"""Pixels on the side of a moment, which the page shows on some 150."""
_WIDE = 480
"""Pixels on the longer side of a whole picture."""
_COLUMNS = 8
"""Moments beside each other, so that no picture is longer than a browser draws."""
_GRAIN = 8
"""Pixels on the side of the parts whose mean colours are compared: a face has some 40 across.
Larger overlooks smaller changes."""
_ALIKE = 6.0
"""Levels, of 255 and after dark ones are spread (see `unlike`), by which parts of two moments may
differ that show the same; larger shows fewer moments. A quarter of a known face that shows changes
a part of its still by 8.2 at least, of 1,517 in filmed clips (`tests/bench/stills.py`)."""
_OUTLINE = (242, 189, 82)
_BRIGHT, _GAIN = 128.0, 12.0
"""Level, of 255, that the brighter parts of a picture reach, or as near as so large a factor brings
them: who publishes in the dark is seen by whoever brightens it. Larger shows more noise."""

_BRIGHTER = 98
"""Per cent of a picture's samples that are no brighter than its brighter parts."""

Rectangle: TypeAlias = tuple[slice, slice]
"""Rows and columns."""

Coarse = npt.NDArray[np.float32]
"""(h, w, 3) mean colours of a picture's parts, spread levels."""


class Strip(NamedTuple):
    """A JPEG picture of moments, from left to right and then down, `columns` in a row, each to be
    shown for so many tenths of a second. `revision` names the clip that they show."""

    jpeg: bytes
    beats: list[int]
    columns: int
    revision: str


def strip(clip: OpenClip, names: Sequence[str]) -> Strip:
    """The moments of a question whose doubts have these `sign`s; one that looks like an earlier is
    left out. Raises UsageError for doubts that the clip does not have, or that have no place."""
    now = clip.current()
    plan, doubts = now.resolved.plan, doubts_named(now.resolved.plan, names)
    if Group.of(doubts[0].reason) is Group.EXCESS:
        tracks = {doubt.track for doubt in doubts}
        return Strip(jpeg(_whole(clip, fullest(doubts), tracks), 80), [1], 1, now.revision)
    squares = moments(plan, doubts)
    if not squares:
        raise UsageError("that doubt has no place to show", remedy="play it")
    shown = dict(unlike(_patches(clip, squares)))
    columns = min(len(shown), _COLUMNS)
    size = plan.width, plan.height
    lit = [brightened(picture, within(squares[at][1], size)) for at, picture in shown.items()]
    made = jpeg(_grid(lit, columns), 85)
    return Strip(made, beats(plan, [squares[i] for i in shown]), columns, now.revision)


def unlike(pictures: Iterable[Picture]) -> Iterator[tuple[int, Picture]]:
    """The pictures that differ from every earlier one in some part, with their numbers; by square
    roots of their levels, since in the dark a face has few of them."""
    seen: list[Coarse] = []
    for number, picture in enumerate(pictures):
        mean = coarse(picture)
        if all(change(mean, other) > _ALIKE for other in seen):
            seen.append(mean)
            yield number, picture


def coarse(picture: Picture) -> Coarse:
    """The picture's parts by which `unlike` compares it."""
    spread = np.sqrt(255 * picture.astype(np.float32))
    scale = 1 / _GRAIN
    return np.asarray(cv2.resize(spread, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def change(one: Coarse, other: Coarse) -> float:
    """Levels by which the parts that differ most do."""
    return float(np.abs(one - other).max())


def brightened(picture: Picture, inside: Rectangle) -> Picture:
    """The picture with what is `inside` brightened, if it is dark."""
    part = picture[inside]
    level = float(np.percentile(part, _BRIGHTER)) if part.size else _BRIGHT
    if level >= _BRIGHT:
        return picture
    lit = picture.copy()
    gain = min(_GAIN, _BRIGHT / max(level, 1.0))
    lit[inside] = np.minimum(part * np.float32(gain), 255).astype(np.uint8)
    return lit


def within(square: Box, size: tuple[int, int]) -> Rectangle:
    """The part of a still of a square that shows the clip's picture of a `size`, not its border."""
    scale = SIDE / square.w
    left, top = square.cx - square.w / 2, square.cy - square.h / 2
    (top, bottom), (left, right) = (
        (-edge * scale, (side - edge) * scale) for edge, side in ((top, size[1]), (left, size[0]))
    )
    rows = slice(max(0, math.ceil(top)), max(0, min(SIDE, math.floor(bottom))))
    columns = slice(max(0, math.ceil(left)), max(0, min(SIDE, math.floor(right))))
    return rows, columns


def _patches(clip: OpenClip, squares: Sequence[tuple[int, Box]]) -> Iterator[Picture]:
    for frame, here in itertools.groupby(squares, key=lambda moment: moment[0]):
        pictured = clip.pictured(frame)()
        for _, square in here:
            yield patch(*pictured, square, SIDE)


def _grid(pictures: Sequence[Picture], columns: int) -> Picture:
    rows = math.ceil(len(pictures) / columns)
    made = np.zeros((rows * SIDE, columns * SIDE, 3), np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        made[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = picture
    return made


def _whole(clip: OpenClip, frame: int, tracks: Set[int | None]) -> Picture:
    """A frame with the outlines of the covers of some tracks."""
    everywhere = slice(None), slice(None)
    picture = brightened(as_shown(*clip.pictured(frame)(), _WIDE), everywhere)
    plan = clip.now.plan
    scale = np.array([picture.shape[1] / plan.width, picture.shape[0] / plan.height])
    for region in clip.regions(frame):
        if region.seed in tracks:
            corners = np.round(region.outline() * scale).astype(np.int32)
            cv2.polylines(picture, [corners], isClosed=True, color=_OUTLINE, thickness=2)
    return picture
