"""Reading clips and writing covered ones; knows nothing of faces or covers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blur.media.probe import ClipInfo
    from blur.media.read import Reader
    from blur.media.stills import StillReader, StillWriter
    from blur.media.write import Writer
    from blur.settings import OutputSettings


def open_reader(
    path: Path, info: ClipInfo, *, max_damaged: int = 0, deinterlace: bool = False
) -> Reader | StillReader:
    """The reader for a clip, moving or still."""
    from blur.media.read import Reader
    from blur.media.stills import StillReader

    if info.still:
        return StillReader(path, info)
    return Reader(path, info, max_damaged=max_damaged, deinterlace=deinterlace)


def open_writer(final_path: Path, info: ClipInfo, settings: OutputSettings) -> Writer | StillWriter:
    """The writer for a clip, moving or still."""
    from blur.media.stills import StillWriter
    from blur.media.write import Writer

    if info.still:
        return StillWriter(final_path, info)
    return Writer(final_path, info, settings)


def output_suffix(info: ClipInfo, settings: OutputSettings) -> str:
    """What an output's name ends with, with its dot."""
    from blur.media.presets import preset_for
    from blur.media.stills import suffix_of

    return suffix_of(info) if info.still else preset_for(info, settings).suffix
