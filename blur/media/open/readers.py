"""The reader for a clip, moving or still."""

from __future__ import annotations

from pathlib import Path

from blur.media.open.probe import ClipInfo
from blur.media.open.read import Reader
from blur.media.open.stills import StillReader


def open_reader(
    path: Path, info: ClipInfo, *, max_damaged: int = 0, deinterlace: bool = False
) -> Reader | StillReader:
    """Read photographs whole, films frame by frame; see `Reader`."""
    if info.still:
        return StillReader(path, info)
    return Reader(path, info, max_damaged=max_damaged, deinterlace=deinterlace)
