"""Fonts for texts of any script: Pillow's own, else a font of the system."""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from PIL import ImageFont, features

_FAMILIES = (
    "DejaVuSans.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoNaskhArabic-Regular.ttf",
    "NotoSans-Regular.ttf",
    "arial.ttf",
    "Arial.ttf",
    "Arial Unicode.ttf",
    "segoeui.ttf",
    "GeezaPro.ttc",
    "FreeSans.ttf",
)
"""Fonts of Linux, Windows and macOS that hold Arabic letters; more draw more scripts."""
_NO_LETTER = "\U0010ffff"
"""No font has it: drawn as the box of a missing letter."""


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont | None:
    """A font that has every letter of `text`, `size` pixels high; None where no font has.

    Letters that join, or run from right to left, need Pillow's Raqm beside the font.
    """
    leftward = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    if leftward and not features.check("raqm"):
        return None
    return next((font for font in _fonts(size) if _has(font, text)), None)


@functools.cache
def _fonts(size: int) -> tuple[ImageFont.FreeTypeFont, ...]:
    """Pillow's own font and those of the system, in the order of preference."""
    found = [ImageFont.load_default(size)]
    for family in (*_beside_mediapipe(), *_FAMILIES):
        try:
            found.append(ImageFont.truetype(family, size))
        except OSError:  # this system lacks it
            continue
    return tuple(font for font in found if isinstance(font, ImageFont.FreeTypeFont))


def _beside_mediapipe() -> Iterator[str]:
    """DejaVu Sans of matplotlib, which MediaPipe requires: machines without fonts have it, too."""
    found = importlib.util.find_spec("matplotlib")
    for place in (found and found.submodule_search_locations) or ():
        yield str(Path(place) / "mpl-data/fonts/ttf/DejaVuSans.ttf")


def _has(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = bytes(font.getmask(_NO_LETTER))
    return all(bytes(font.getmask(letter)) != missing for letter in set(text) if _is_drawn(letter))


def _is_drawn(letter: str) -> bool:
    """Whether a letter stands by itself: no space, mark on a letter or control of direction."""
    kind = unicodedata.category(letter)
    return kind[0] not in "ZM" and kind not in ("Cc", "Cf")
