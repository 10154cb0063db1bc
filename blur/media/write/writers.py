"""The writer for a clip, moving or still, and the suffix of its output."""

from __future__ import annotations

from pathlib import Path

from blur.media.open.clip_info import ClipInfo
from blur.media.write.delivery import Delivery
from blur.media.write.encoder import require_encoder
from blur.media.write.presets import preset_for
from blur.media.write.still_writer import StillWriter, suffix_of
from blur.media.write.writer import Writer
from blur.settings import OutputSettings


def open_writer(
    final_path: Path, info: ClipInfo, settings: OutputSettings, delivery: Delivery | None = None
) -> Writer | StillWriter:
    """A writer of photographs in their own format, of films by `settings`.

    `delivery` goes before the settings' own.
    """
    if info.still:
        return StillWriter(final_path, info)
    return Writer(final_path, info, settings, delivery)


def require_writable(info: ClipInfo, settings: OutputSettings) -> None:
    """Raises CannotEncode where no encoder opens for a film; photographs keep their own format."""
    if not info.still:
        require_encoder(info, settings)


def output_suffix(info: ClipInfo, settings: OutputSettings) -> str:
    """Suffix of the output's name, with its dot."""
    return suffix_of(info) if info.still else preset_for(info, settings).suffix
