"""A head's shading on a soft cover: skin tone in the middle, darker hair, a faded rim.

From the head's place, the colours outside all covers and a chosen tone only, so a cover reads as a
person with their face softened, not as a hole in the wall behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blur.cover.colour import native
from blur.cover.membrane import Grid
from blur.cover.window import Patch, Window

AUTO = "#b98a70"
"""Skin for the tone `auto`: its lightness gives way to the surroundings', its colour to grey where
the picture has none."""

STRENGTH = {True: 0.5, False: 0.85}
"""Share of the tone in the middle of a face, `auto` or chosen; larger looks more painted."""

_HAIR = 0.25
"""Share of light that the crown and the sides lose; larger draws darker hair."""

_RIM = 0.55
"""Share of a head's radius, squared, over which its shading fades out; larger shows no rim."""

_LIGHTNESS = (0.1, 1.25)
"""Bounds of the lightness of `auto`, factors; wider follows dark and bright scenes further."""

_COLOURFUL = 3.0
"""Mean distance of the surroundings from grey, steps of 8 bits, from which `auto` has its full
colour; larger leaves more heads grey."""


def shaded(surface: Grid, window: Window, tone: str) -> Grid:
    """(rows, columns, channels) of the colours under a window's covers, two cells to a coarse cell
    each way, with a head's shading on each round cover. `tone` is `auto` or `#rrggbb`."""
    black = _sample("#000000", window)
    out = surface.copy()
    for patch in window.patches:
        if patch.rounded:
            rows, columns, across, down = _head(patch, window)
            part = out[rows, columns]
            inside = np.clip((1 - across**2 - down**2) / _RIM, 0, 1)
            inside = inside * inside * (3 - 2 * inside)
            if not inside.any():
                continue
            skin = _tone(part, inside, window, tone, black)
            away = (across / 0.66) ** 2 + ((down - 0.16) / 0.7) ** 2
            face = inside * np.clip(1.6 - away, 0, 1)
            hair = inside * np.clip(away - 0.5, 0, 1) * np.clip(0.6 - down, 0, 1)
            part += (STRENGTH[tone == "auto"] * face)[..., None] * (skin - part)
            part -= (_HAIR * hair)[..., None] * (part - black)
    return out


def _head(
    patch: Patch, window: Window
) -> tuple[slice, slice, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Rows and columns of a patch's cells; their places on its head, -1 to 1 across and down."""
    cell, own = window.grid // 2, patch.own
    x0, y0, x1, y1 = patch.rect.moved(window.rect)
    rows, columns = slice(y0 // cell, -(-y1 // cell)), slice(x0 // cell, -(-x1 // cell))
    y, x = np.mgrid[rows, columns].astype(np.float32)
    x = (x + 0.5) * cell + window.rect.x0 - own.cx
    y = (y + 0.5) * cell + window.rect.y0 - own.cy
    turn = np.radians(own.angle)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    return rows, columns, 2 * (cos * x + sin * y) / own.w, 2 * (cos * y - sin * x) / own.h


def _tone(
    part: Grid, inside: npt.NDArray[np.float32], window: Window, tone: str, black: Grid
) -> Grid:
    """(channels,) of the tone; as `auto`, as light and as colourful as the colours on the head."""
    if tone != "auto":
        return _sample(tone, window)
    mean = (part * inside[..., None]).sum((0, 1)) / inside.sum()
    light, colour = _roles(window, "yrgb"), _roles(window, "uvrgb")
    grey = black[colour] if _roles(window, "uv") else mean[light].mean()
    apart = np.abs(mean[colour] - grey).mean() if colour else 0.0
    vivid = float(np.clip(apart / (_COLOURFUL * window.layout.unit), 0, 1))
    skin, pale = _sample(AUTO, window), _sample("#939393", window)
    skin = pale + vivid * (skin - pale)
    ratio = (mean - black)[light].mean() / (skin - black)[light].mean()
    return black + float(np.clip(ratio, *_LIGHTNESS)) * (skin - black)


def _roles(window: Window, wanted: str) -> Sequence[int]:
    roles = "".join(plane.roles for plane in window.layout.planes)
    return [at for at, role in enumerate(roles) if role in wanted]


def _sample(colour: str, window: Window) -> Grid:
    """(channels,) of a colour, in units of samples as stored."""
    return np.concatenate(native(colour, window)).astype(np.float32)
