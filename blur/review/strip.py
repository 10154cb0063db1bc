"""The pictures that answer a question at a look: of its places, moment by moment, or of the whole
clip with the covers that it is about. As published, in memory only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from blur.data.answers import Group
from blur.data.arrays import Picture
from blur.data.moments import beats, fullest, moments
from blur.errors import UsageError
from blur.render.pictures import as_shown, jpeg, patch
from blur.review.open_clip import OpenClip
from blur.review.protocol import DoubtView
from blur.review.settle import doubt_named

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
differ that show the same; larger shows fewer moments."""
_OUTLINE = (242, 189, 82)


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
    view, plan = clip.view(), clip.now.resolved.plan
    doubts = [doubt_named(plan, name) for name in names]
    if Group.of(doubts[0].reason) is Group.EXCESS:
        whole = _whole(clip, fullest(doubts), [d for d in view.doubts if d.id in names])
        return Strip(jpeg(whole, 80), [1], 1, view.revision)
    squares = moments(plan, doubts)
    if not squares:
        raise UsageError("that doubt has no place to show", remedy="play it")
    patches = (patch(*clip.pictured(frame)(), box, SIDE) for frame, box in squares)
    shown = dict(unlike(patches))
    columns = min(len(shown), _COLUMNS)
    made = jpeg(_grid(list(shown.values()), columns), 85)
    return Strip(made, beats(plan, [squares[i][0] for i in shown]), columns, view.revision)


def unlike(pictures: Iterable[Picture]) -> Iterator[tuple[int, Picture]]:
    """The pictures that differ from every earlier one in some part, with their numbers; by square
    roots of their levels, since in the dark a face has few of them."""
    seen: list[Picture] = []
    for number, picture in enumerate(pictures):
        coarse = cv2.resize(
            np.sqrt(255 * picture.astype(np.float32)), None, fx=1 / _GRAIN, fy=1 / _GRAIN,
            interpolation=cv2.INTER_AREA,
        )  # fmt: skip
        if all(np.abs(coarse - other).max() > _ALIKE for other in seen):
            seen.append(coarse)
            yield number, picture


def _grid(pictures: Sequence[Picture], columns: int) -> Picture:
    rows = math.ceil(len(pictures) / columns)
    made = np.zeros((rows * SIDE, columns * SIDE, 3), np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        made[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = picture
    return made


def _whole(clip: OpenClip, frame: int, doubts: Sequence[DoubtView]) -> Picture:
    """A frame with the outlines of the covers that doubts are about."""
    picture = as_shown(*clip.pictured(frame)(), _WIDE)
    plan = clip.now.plan
    scale = np.array([picture.shape[1] / plan.width, picture.shape[0] / plan.height])
    about = {doubt.lane for doubt in doubts}
    for mark in clip.marks(frame, frame + 1)[0]:
        if mark.lane in about:
            corners = np.round(np.array(mark.outline) * scale).astype(np.int32)
            cv2.polylines(picture, [corners], isClosed=True, color=_OUTLINE, thickness=2)
    return picture
