"""The segments of a long clip's scan: on the disk from when each is done until the plan is made.

A crash, a lost worker or a stop costs at most the segments that were in work. They are a head
start and no more: a clip whose segments are not all there, and of one mind, is scanned as a whole.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from blur.disk import atomic

if TYPE_CHECKING:
    from blur.scan.scan import Seen
    from blur.scan.segments import Division

LENGTH = 4500
"""Frames of a segment: some minutes of work, and a hundred times what entering it costs. Clips
under twice that are not divided."""


class _Divided(Struct, frozen=True):
    """How a clip was divided, and the digest of the scan that the segments are of."""

    scan_digest: str
    pts: Sequence[int]
    starts: Sequence[int]


class SegmentFolder:
    """Where the segments of one clip's scan are kept; made when something is."""

    def __init__(self, folder: Path, scan_digest: str) -> None:
        self._folder = folder
        self._digest = scan_digest

    def division(self) -> Division | None:
        """How the clip was divided for this very scan, if it was."""
        try:
            content = (self._folder / "division.json").read_bytes()
            saved = msgspec.json.decode(content, type=_Divided)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        if saved.scan_digest != self._digest:
            return None
        from blur.scan.segments import Division

        return Division(saved.pts, saved.starts)

    def divide(self, division: Division) -> None:
        """Begin anew: what another scan left is removed."""
        self.clear()
        saved = _Divided(self._digest, division.pts, division.starts)
        atomic.write(self._folder / "division.json", msgspec.json.encode(saved))

    def has(self, number: int) -> bool:
        return self._segment(number).exists()

    def save(self, number: int, seen: Seen) -> None:
        from blur.scan.segments import to_bytes

        atomic.write(self._segment(number), to_bytes(seen))

    def seen(self) -> Seen | None:
        """What a first pass over the whole clip brings; None when a segment is missing."""
        division = self.division()
        if division is None:
            return None
        from blur.scan.segments import from_bytes, joined

        try:
            numbers = range(len(division.starts))
            return joined([from_bytes(self._segment(n).read_bytes()) for n in numbers])
        except (FileNotFoundError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _segment(self, number: int) -> Path:
        return self._folder / f"{number}.npz"
