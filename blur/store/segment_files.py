"""The scanned segments of a long clip, each on the disk until the clip's plan is made.

A crash, a lost worker or a stop costs at most the segments that were in work. If any segment is
missing or unreadable, the whole clip is scanned.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from blur.disk import atomic

LENGTH = 4500
"""Frames of a segment: minutes of work, a hundred times the cost of seeking to its start. A longer
one loses more work in a crash and keeps fewer cores busy; clips under twice that stay whole."""


class SegmentLayout(Struct, frozen=True):
    """How a clip is divided: the timestamps of all frames, and the first frame of each segment.

    It holds for the scan with this digest only.
    """

    scan_digest: str
    pts: Sequence[int]
    starts: Sequence[int]


class SegmentFolder:
    """The work files of one clip's segments; the folder is made by the first of them."""

    def __init__(self, folder: Path, scan_digest: str) -> None:
        self._folder = folder
        self._digest = scan_digest
        self._layout = folder / "layout.json"

    def layout(self) -> SegmentLayout | None:
        """The layout of an earlier run, or None if there is none for this scan."""
        try:
            saved = msgspec.json.decode(self._layout.read_bytes(), type=SegmentLayout)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return saved if saved.scan_digest == self._digest else None

    def begin(self, pts: Sequence[int], starts: Sequence[int]) -> SegmentLayout:
        """Save the layout for this scan and remove the segments of any other."""
        self.clear()
        layout = SegmentLayout(self._digest, pts, starts)
        atomic.write(self._layout, msgspec.json.encode(layout))
        return layout

    def has(self, number: int) -> bool:
        return self._segment(number).exists()

    def save(self, number: int, content: bytes) -> None:
        atomic.write(self._segment(number), content)

    def contents(self) -> list[bytes] | None:
        """All segments in order, or None if one is missing."""
        layout = self.layout()
        if layout is None:
            return None
        try:
            return [self._segment(n).read_bytes() for n in range(len(layout.starts))]
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _segment(self, number: int) -> Path:
        return self._folder / f"{number}.npz"
