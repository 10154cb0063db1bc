"""The writer for a clip, moving or still, and the suffix of its output."""

from __future__ import annotations

from pathlib import Path

from blur.media.open.clip_info import ClipInfo
from blur.media.write.delivery import Delivery
from blur.media.write.encoder import require_encoder
from blur.media.write.proxies import output_of, proxy_of
from blur.media.write.runs import RunWriter
from blur.media.write.still_writer import StillWriter, suffix_of
from blur.media.write.writer import Writer
from blur.settings import OutputSettings, Proxy


def open_writer(
    final_path: Path, info: ClipInfo, settings: OutputSettings, delivery: Delivery | None = None
) -> Writer | StillWriter:
    """A writer of photographs in their own format, of films by `settings`.

    `delivery` goes before the settings' own.
    """
    if info.still:
        return StillWriter(final_path, info)
    made = output_of(info, settings)
    return Writer(final_path, made.info, made.settings, delivery, made.preset)


def run_writer(
    final_path: Path, info: ClipInfo, settings: OutputSettings, delivery: Delivery, threads: int
) -> RunWriter:
    """A writer of a film in runs, each encoded by so many threads."""
    made = output_of(info, settings)
    return RunWriter(final_path, made.info, made.settings, delivery, made.preset, threads)


def proxy_writer(
    final_path: Path, info: ClipInfo, settings: OutputSettings, delivery: Delivery
) -> Writer:
    """A writer of the proxy of a film, for pictures of its `size`."""
    small = proxy_of(info, settings)
    return Writer(final_path, small.info, small.settings, delivery, small.preset)


def require_writable(info: ClipInfo, settings: OutputSettings) -> None:
    """Raises CannotEncode where no encoder opens for a film, or for its proxy; photographs keep
    their own format."""
    if info.still:
        return
    require_encoder(*output_of(info, settings))
    if _beside(settings):
        require_encoder(*proxy_of(info, settings))


def output_suffix(info: ClipInfo, settings: OutputSettings) -> str:
    """Suffix of the output's name, with its dot."""
    return suffix_of(info) if info.still else output_of(info, settings).preset.suffix


def proxy_suffix(info: ClipInfo, settings: OutputSettings) -> str:
    """Suffix of the name of the proxy beside a master, with its dot; "" where none is made."""
    if info.still or not _beside(settings):
        return ""
    return proxy_of(info, settings).preset.suffix


def _beside(settings: OutputSettings) -> bool:
    return settings.proxy is not Proxy.NONE and not settings.proxy_alone
