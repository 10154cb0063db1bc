"""Reading clips and writing covered ones; knows nothing of faces or covers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blur.media.probe import ClipInfo
    from blur.media.read import Reader
    from blur.media.write import Writer
    from blur.settings import OutputSettings


def open_reader(
    path: Path, info: ClipInfo, *, max_damaged: int = 0, deinterlace: bool = False
) -> Reader:
    """The reader for a clip, moving or still."""
    from blur.media.read import Reader

    return Reader(path, info, max_damaged=max_damaged, deinterlace=deinterlace)


def open_writer(final_path: Path, info: ClipInfo, settings: OutputSettings) -> Writer:
    """The writer for a clip, moving or still."""
    from blur.media.write import Writer

    return Writer(final_path, info, settings)


def output_suffix(info: ClipInfo, settings: OutputSettings) -> str:
    """What an output's name ends with, with its dot."""
    from blur.media.presets import preset_for

    return preset_for(info, settings).suffix
