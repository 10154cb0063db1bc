"""One clip's pictures for the screen: as filmed, as drawn from plan and edits, as rendered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from blur.data.arrays import Picture
from blur.data.frame_map import frame_map
from blur.data.plan import Box, Plan
from blur.errors import DecodeError
from blur.media.open.probe import probe
from blur.render.pictures import DECODED, Pictures, Recent, jpeg, thumbnail
from blur.review.snapshot import Snapshot, require_unchanged
from blur.store.identity import is_output_of
from blur.store.shelf import Shelf

_COMPRESSED = 64 * 2**20
"""Bytes of JPEG files to keep; more of them make steps back and forth quicker."""
_THUMBNAIL = 112
"""Pixels on a side."""


class ClipPictures:
    """Safe to share between threads, except `current_output`. Methods raise DecodeError.

    Without a `path`, only the covered clip has pictures, and `covered` tells of the geometry.
    """

    def __init__(self, path: Path | None, plan: Plan, covered: Path | None = None) -> None:
        self.info = probe(path or covered or Path())
        self._source = Pictures(path, self.info, plan.pts, DECODED) if path else None
        # Thumbnails come from all over the clip: they must not drive out the player's frames.
        self._glimpses = Pictures(path, self.info, plan.pts, DECODED // 8) if path else None
        self._output: Pictures | None = None
        self._output_of: object = None
        self._jpegs: Recent[tuple[object, ...], bytes] = Recent(_COMPRESSED, len)

    @property
    def has_source(self) -> bool:
        return self._source is not None

    @property
    def source(self) -> Pictures:
        """The clip itself, uncovered."""
        return _here(self._source)

    def close(self) -> None:
        for pictures in (self._source, self._glimpses, self._output):
            if pictures is not None:
                pictures.close()

    def current_output(self, now: Snapshot, path: Path | None) -> Pictures | None:
        """The covered clip at `path`, if it is whole and made from this plan and these edits."""
        written = now.entry.output_fingerprint
        if (written, now.is_rendered) != self._output_of:
            self._output_of, self._output = (written, now.is_rendered), None
            if now.is_rendered and path and path.exists() and is_output_of(now.entry, path):
                info = probe(path)
                held = frame_map(now.plan, now.entry.placement)
                pts = [round(time * (held.tick / info.time_base)) for time in held.pts]
                self._output = Pictures(path, info, pts, DECODED, held)
        return self._output

    def thumbnail(self, index: int, box: Box) -> bytes:
        """The face in `box`, uncovered, as JPEG."""

        def make() -> Picture:
            return thumbnail(_here(self._glimpses).at(index), self.info, box, _THUMBNAIL)

        return self.jpeg(("face", index, box), make, 80)

    def jpeg(
        self, name: tuple[object, ...], make: Callable[[], Picture], quality: int = 88
    ) -> bytes:
        """A picture as JPEG, kept under `name`; `make` is called only without a kept picture."""
        done = self._jpegs.get(name)
        if done is None:
            done = jpeg(make(), quality)
            self._jpegs.put(name, done)
        return done


def open_pictures(shelf: Shelf, now: Snapshot) -> ClipPictures:
    """The pictures of a clip; where it is not here itself, those of its covered file as it stands.

    Raises as `require_unchanged` does where neither is here, and DecodeError.
    """
    source, output = shelf.source(now.entry), shelf.output(now.entry)
    here = source.exists()
    if not here and not (
        now.is_rendered and output and output.exists() and is_output_of(now.entry, output)
    ):
        require_unchanged(shelf, now.entry)
    return ClipPictures(source if here else None, now.plan, output)


def _here(pictures: Pictures | None) -> Pictures:
    if pictures is None:
        raise DecodeError(
            "the original is not here", remedy="connect its disk, or do this where it is"
        )
    return pictures
