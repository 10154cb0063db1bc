"""The reader for a clip, moving or still."""

from __future__ import annotations

from pathlib import Path

from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import FrameReader, Reader
from blur.media.open.stills import StillReader
from blur.settings import OnResize


def open_reader(
    path: Path,
    info: ClipInfo,
    *,
    max_damaged: int = 0,
    deinterlace: bool = False,
    on_resize: OnResize = OnResize.SCALE,
) -> FrameReader:
    """A reader of a photograph or a film; the options, for films only, are `Reader`'s."""
    if info.still:
        return StillReader(path)
    return Reader(path, info, max_damaged=max_damaged, deinterlace=deinterlace, on_resize=on_resize)
