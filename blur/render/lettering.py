"""Text as masks of white letters and their dark rim."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from blur.data.arrays import Gray
from blur.errors import BadOption
from blur.render.fonts import font_for

_RIM = 0.08
"""Width of the dark rim around letters, in their size; larger reads better on busy pictures."""

_TRIED = 20
"""Pixels of the letters that tell whether a font has them; any size tells the same."""


class Lettering(NamedTuple):
    """Two (h, w) masks, 255 inside: of the letters, and of the letters with their rim."""

    letters: Gray
    rim: Gray


def require_drawable(text: str) -> None:
    """Raises BadOption for a text that no font of this machine draws right."""
    if font_for(text, _TRIED) is None:
        raise BadOption(
            f"no font of this machine writes {text!r}",
            subject="--burn-in",
            remedy="write it in Latin letters, or install DejaVu Sans and the library FriBiDi",
        )


def drawable(text: str) -> str:
    """The text, with a question mark for each letter that cannot be drawn right here."""
    if font_for(text, _TRIED) is not None:
        return text
    known = "".join(letter if font_for(letter, _TRIED) else "?" for letter in text)
    if font_for(known, _TRIED) is not None:
        return known
    return "".join(letter if letter.isascii() else "?" for letter in text)


def lettering(text: str, size: int, widest: float) -> Lettering:
    """A `drawable` text in letters of `size` pixels, smaller where it were wider than `widest`."""
    font, rim = font_for(text, size), max(1, round(_RIM * size))
    assert font is not None
    length = font.getlength(text) + 2 * rim
    if length > widest and size > 1:
        return lettering(text, max(1, min(size - 1, int(size * widest / length))), widest)
    left, top, right, bottom = font.getbbox(text, stroke_width=rim)
    masks = []
    for width in (0, rim):
        image = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))))
        ImageDraw.Draw(image).text((-left, -top), text, 255, font, stroke_width=width)
        masks.append(np.asarray(image))
    return Lettering(*masks)
