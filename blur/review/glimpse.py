"""A small picture of each covered clip for the list, of the rendered file, in memory only."""

from __future__ import annotations

import threading
from pathlib import Path

from blur.errors import DecodeError
from blur.media.open.probe import probe
from blur.media.open.seek import glimpses
from blur.render.pictures import Recent, as_shown, jpeg
from blur.store.identity import is_output_of
from blur.store.shelf import Shelf

_SIDE = 160
"""Pixels on a picture's longer side; the list shows 60, twice as many on a sharp screen."""
_KEPT = 16 * 2**20
"""Bytes of JPEG files to keep, some 4,000 pictures; more of them decode less."""
_MOMENTS = 2
"""Key frames to look at, from the start and the middle: many clips begin in black."""


class Glimpses:
    """The covered clips' pictures. Safe to share between threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._made: Recent[tuple[str, str], bytes] = Recent(_KEPT, len)
        self._lock = threading.Lock()

    def of(self, key: str) -> bytes:
        """A clip's picture as JPEG. Raises DecodeError where its file is gone or changed."""
        entry = self._shelf.entry(key)
        name = key, entry.output_sampled or ""
        with self._lock:  # one clip at a time: the player's frames come first
            made = self._made.get(name)
            if made is None:
                path = self._shelf.output(entry)
                if path is None or not path.exists() or not is_output_of(entry, path):
                    raise DecodeError("has no covered file", subject=entry.name)
                made = _picture(path)
                self._made.put(name, made)
            return made


def _picture(path: Path) -> bytes:
    info, shown = probe(path), None
    for _, picture in glimpses(path, info, _MOMENTS, short=0):
        shown = as_shown(picture, info, _SIDE)
    if shown is None:
        raise DecodeError("has no picture", subject=path.name)
    return jpeg(shown, 80)
