"""The dark: parts of pictures black to the eye, in which a brightened copy may show a face.

Detectors miss faces deep in a sensor's noise, even after lifting. A part that shows a viewer
nothing loses nothing by a cover over all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Gray
from blur.data.plan import Doubt, Reason, Track
from blur.data.spans import FrameSpan, runs
from blur.scan.timeline import Timeline

_SEEN = 28
"""Luma, 0-255, visible on a screen: half a percent of white's light. Larger covers more pictures.
Over 22 real and 31 filmed clips a single one has dark frames."""
_BLACK = 0.001
"""Visible share of a picture under which it is covered whole; larger covers dim pictures too."""
_DIM = 0.05
"""Visible share of a picture under which its black parts are covered and it is a doubt: a candle in
a room may light no face. Larger covers the shadows of brighter pictures, and files more."""
_BLOCK = 8
"""Pixels, side of the blocks of a small picture that are black or not; larger leaves more of the
black around a lamp clear."""
_FLASH = 0.5
"""Seconds of light between two black spans, covered as well: viewers and detectors see too few
frames of it. Larger covers longer lit spans."""
_LOST = 0.02
"""Share of the picture's blocks that may be lit on some frames of a stretch and so are left clear
on all of them; larger makes fewer, longer tracks behind a moving lamp."""

Blocks = npt.NDArray[np.bool_]
"""(rows, columns), true where a block is black."""


class Light(NamedTuple):
    """A picture's brightness: the share that a viewer sees, 0 to 1, and its black blocks."""

    share: float
    black: npt.NDArray[np.uint8]
    """Packed, row by row: a long clip has one on every frame."""


def light(gray: Gray) -> Light:
    """The light of a small (h, w) picture."""
    seen = gray >= _SEEN
    rows, columns = grid(*gray.shape[::-1])
    padded = np.zeros((rows * _BLOCK, columns * _BLOCK), bool)
    padded[: gray.shape[0], : gray.shape[1]] = seen
    lit = padded.reshape(rows, _BLOCK, columns, _BLOCK).any(axis=(1, 3))
    return Light(float(np.count_nonzero(seen) / gray.size), np.packbits(~lit))


def grid(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of the blocks of a small picture."""
    return -(-height // _BLOCK), -(-width // _BLOCK)


def dark_tracks(
    lights: Sequence[Light],
    timeline: Timeline,
    size: tuple[int, int],
    small: tuple[int, int],
    first: int,
) -> list[Track]:
    """Tracks, numbered from `first`, that cover the black parts of dark pictures.

    `lights` has every frame's, of pictures of (width, height) `small`; `size` is the display's.
    """
    dark = np.array([each.share for each in lights]) < _DIM
    flash = timeline.frames(_FLASH)
    tracks: list[Track] = []
    for begin, end in timeline.shots():
        for start, stop in runs(dark[begin:end], flash):
            span = begin + start, begin + stop
            for (a, b), black in _stretches(_steady(lights, span, small, flash)):
                for box in _boxes(black, size, small):
                    boxes = np.tile(np.array(box, np.float32), (b - a, 1))
                    number = first + len(tracks)
                    tracks.append(Track.unseen(number, span[0] + a, boxes, "dark"))
    return tracks


def dark_doubts(lights: Sequence[Light]) -> list[Doubt]:
    """Spans too dark to search; `lights` has every frame's."""
    return [
        Doubt(start=start, end=end, reason=Reason.DARK, weight=0.5)
        for start, end in runs(np.array([each.share for each in lights]) < _DIM)
    ]


def _steady(
    lights: Sequence[Light], span: FrameSpan, small: tuple[int, int], flash: int
) -> npt.NDArray[np.bool_]:
    """(frames, rows, columns) black blocks of a span of dark frames, joined over flashes."""
    rows, columns = grid(*small)
    here = lights[slice(*span)]
    packed = np.array([each.black for each in here])
    black = np.unpackbits(packed, axis=1, count=rows * columns).astype(bool)
    share = np.array([each.share for each in here])
    for start, stop in runs(share >= _DIM):
        black[start:stop] = black[start - 1] & black[stop]
    for start, stop in runs(share < _BLACK, flash):
        black[start:stop] = True
    return black.reshape(-1, rows, columns)


def _stretches(black: npt.NDArray[np.bool_]) -> Iterator[tuple[FrameSpan, Blocks]]:
    """Spans, and the blocks that are black on all frames of each."""
    start, common, ever = 0, black[0], black[0]
    for frame, here in enumerate(black):
        both, either = common & here, ever | here
        if np.count_nonzero(either & ~both) > _LOST * here.size:
            yield (start, frame), common
            start, both, either = frame, here, here
        common, ever = both, either
    yield (start, len(black)), common


def _boxes(
    black: Blocks, size: tuple[int, int], small: tuple[int, int]
) -> Iterator[tuple[float, float, float, float, float]]:
    """Display boxes (cx, cy, w, h, angle) that together cover the black blocks."""
    width, height = size
    across, down = _BLOCK * width / small[0], _BLOCK * height / small[1]
    for (top, bottom), (left, right) in _rectangles(black):
        x1, x2 = left * across, min(width, right * across)
        y1, y2 = top * down, min(height, bottom * down)
        yield (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0.0


def _rectangles(black: Blocks) -> Iterator[tuple[FrameSpan, FrameSpan]]:
    """Rows and columns [start, end) of disjoint rectangles that make up the black blocks."""
    open_: dict[FrameSpan, int] = {}
    for number, row in enumerate([*black, np.zeros(black.shape[1], bool)]):
        here = set(runs(row))
        for columns in [columns for columns in open_ if columns not in here]:
            yield (open_.pop(columns), number), columns
        for columns in here:
            open_.setdefault(columns, number)
