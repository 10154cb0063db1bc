"""A head's shading on a soft cover: skin tone in the middle, darker hair, a faded rim.

From the head's place, the colours and the light outside all covers and a chosen tone only, so a
cover reads as a person with their face softened, not as a hole in the wall behind them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from blur.cover.colour import native
from blur.cover.layout import Layout
from blur.cover.membrane import Grid
from blur.cover.window import Patch, Window
from blur.data.plan import Box

AUTO = "#b38b73"
"""Skin for the tone `auto`: its lightness gives way to the surroundings', its colour to grey where
the picture has none."""

STRENGTH = {True: 0.72, False: 0.85}
"""Share of the tone in the middle of a face, `auto` or chosen; larger looks more painted."""

_HAIR = 0.35
"""Share of light that the crown and the sides lose at most; larger draws darker hair."""

_PALE = "#939393"
"""Skin without colour, as light as `AUTO`."""

_TEMPLATE = 64
"""Samples on a side of the drawn head; more is smoother and slower."""

_RIM = 0.55
"""Share of a head's radius, squared, over which its shading fades out; larger shows no rim."""

_LIGHTNESS = (0.1, 1.25)
"""Bounds of the lightness of `auto`, factors; wider follows dark and bright scenes further."""

_OF_WHITE, _LOCAL = 0.65, 0.25
"""Lightness of skin as a share of the picture's white; share of the light around the head in that
of `auto`, the picture's white having the rest. A larger share leaves heads under dark hair darker:
at 1 they are black-brown."""

_BRIGHTER = 0.75
"""Share of the surroundings under a head that are darker than the light that falls on it."""

_INSIDE = 0.75
"""Share of a larger head's radius within which a smaller head is not drawn; larger leaves out
neighbours."""

_COLOURFUL, _ANYWAY = 3.0, 0.5
"""Distance from grey of the picture's colours and of those around a head, steps of 8 bits, from
which `auto` has its full colour; and share of it that a coloured picture gives a head before a grey
wall. A larger distance leaves more heads grey, a larger share draws pinker ones."""


def shaded(surface: Grid, window: Window, tone: str) -> Grid:
    """(rows, columns, channels) of the colours under a window's covers, two cells to a coarse cell
    each way, with a head's shading on each round cover. `tone` is `auto` or `#rrggbb`."""
    out = surface.copy()
    colours = _colours(window.layout, window.matrix, window.full_range, tone)
    heads = [patch.own for patch in window.patches if patch.rounded]
    for patch in window.patches:
        # A head drawn on another's would read as its eye or mouth.
        if patch.rounded and not any(_lies_on(patch.own, head) for head in heads):
            rows, columns, weights = _on_cells(patch, window)
            part, inside = out[rows, columns], weights[..., 0]
            if inside.any():
                auto = tone == "auto"
                skin = _tone(part, inside, window, colours) if auto else colours.skin
                share = STRENGTH[auto]
                part *= 1 - share * weights[..., 1:2] - weights[..., 2:]
                part += weights[..., 1:] @ np.stack([share * skin, colours.black])
    return out


def _lies_on(own: Box, other: Box) -> bool:
    """Whether a smaller head's centre lies well inside a larger head's ellipse."""
    if own.w * own.h >= other.w * other.h:
        return False
    turn, x, y = math.radians(other.angle), own.cx - other.cx, own.cy - other.cy
    across = (math.cos(turn) * x + math.sin(turn) * y) / (other.w / 2)
    down = (math.cos(turn) * y - math.sin(turn) * x) / (other.h / 2)
    return math.hypot(across, down) < _INSIDE


@lru_cache(maxsize=1)
def _template() -> Grid:
    """(n, n, 3) shares of a head from corner to corner: inside it, of its face, of its hair."""
    place = (np.arange(_TEMPLATE, dtype=np.float32) + 0.5) * 2 / _TEMPLATE - 1
    across, down = np.meshgrid(place, place)
    inside = np.clip((1 - across**2 - down**2) / _RIM, 0, 1)
    inside = inside * inside * (3 - 2 * inside)
    away = (across / 0.7) ** 2 + ((down - 0.16) / 0.76) ** 2
    face = np.clip((1.5 - away) / 1.1, 0, 1)
    face = inside * face * face * (3 - 2 * face)
    hair = _HAIR * inside * np.clip(away - 0.5, 0, 1) * np.clip(0.6 - down, 0, 1)
    return np.ascontiguousarray(np.dstack([inside, face, hair]), np.float32)


def _on_cells(patch: Patch, window: Window) -> tuple[slice, slice, Grid]:
    """Rows and columns of a patch's cells, and the template's shares on them."""
    cell, own = window.grid // 2, patch.own
    x0, y0, x1, y1 = patch.rect.moved(window.rect)
    rows, columns = slice(y0 // cell, -(-y1 // cell)), slice(x0 // cell, -(-x1 // cell))
    # From cells to the template; plain numbers, since a few cost less than their arrays.
    turn = math.radians(own.angle)
    x = (columns.start + 0.5) * cell + window.rect.x0 - own.cx
    y = (rows.start + 0.5) * cell + window.rect.y0 - own.cy
    to_head = []
    for cos, sin, side in (
        (math.cos(turn), math.sin(turn), own.w),
        (-math.sin(turn), math.cos(turn), own.h),
    ):
        scale, middle = _TEMPLATE / side, _TEMPLATE / 2 - 0.5
        to_head.append(
            [scale * cell * cos, scale * cell * sin, scale * (cos * x + sin * y) + middle]
        )
    size = columns.stop - columns.start, rows.stop - rows.start
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    weights = cv2.warpAffine(_template(), np.array(to_head), size, flags=flags)
    return rows, columns, np.asarray(weights)


def _tone(part: Grid, inside: npt.NDArray[np.float32], window: Window, colours: _Colours) -> Grid:
    """(channels,) of `auto`: skin in the light of the picture and of `part`, the surroundings
    spread under the head."""
    light, around, unit = window.light, part[inside > 0], window.layout.unit
    black, skin, bright, colour = colours.black, colours.skin, colours.bright, colours.colour
    vivid = 0.0
    if light and colour:
        mean = around.mean(0).tolist()
        grey = colours.grey or sum(mean[at] for at in bright) / len(bright)
        near = sum(abs(mean[at] - grey) for at in colour) / len(colour)
        vivid = min(light.colour / (_COLOURFUL * unit), 1.0)
        vivid *= _ANYWAY + (1 - _ANYWAY) * min(near / (_COLOURFUL * unit), 1.0)
    skin = colours.pale + np.float32(vivid) * (skin - colours.pale)
    # Hair and clothes around a head are dark in any light: their brighter side tells more.
    dark = float(black[bright[0]])
    lights = around[:, bright[0]] if len(bright) == 1 else around[:, bright].mean(-1)
    place = int(_BRIGHTER * (len(lights) - 1))
    ratio = max(float(np.partition(lights, place)[place]) - dark, unit)
    if light:
        white = max(_OF_WHITE * (light.white - dark), unit)
        ratio = ratio**_LOCAL * white ** (1 - _LOCAL)
    ratio /= sum(skin[bright].tolist()) / len(bright) - dark
    least, most = _LIGHTNESS
    return black + np.float32(min(max(ratio, least), most)) * (skin - black)


class _Colours(NamedTuple):
    """(channels,) of colours in units of samples as stored; which channels hold brightness and
    which colour, and the value of the latter where there is none, 0 if that depends."""

    black: Grid
    skin: Grid
    pale: Grid
    bright: list[int]
    colour: list[int]
    grey: float


@lru_cache(maxsize=64)
def _colours(layout: Layout, matrix: int, full_range: bool, tone: str) -> _Colours:
    black, skin, pale = (
        np.concatenate(native(colour, layout, matrix, full_range)).astype(np.float32)
        for colour in ("#000000", AUTO if tone == "auto" else tone, _PALE)
    )
    roles = "".join(plane.roles for plane in layout.planes)
    bright, colour = (
        [at for at, role in enumerate(roles) if role in of] for of in ("yrgb", "uvrgb")
    )
    return _Colours(
        black, skin, pale, bright, colour, float(black[roles.find("u")]) if "u" in roles else 0.0
    )
