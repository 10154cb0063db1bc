"""The encoder of an output: opened for a clip's geometry, clock and colour."""

from __future__ import annotations

import av
import av.error
from av.codec.context import Flags
from av.codec.hwaccel import HWAccel

from blur.errors import CannotEncode
from blur.media.open.clip_info import ClipInfo, Colour
from blur.media.write.pixel_formats import Conversion
from blur.media.write.presets import Preset, encoder_options, preset_for, sample_format
from blur.settings import Hardware, OutputSettings
from blur.settings.cores import codec_threads

_VIDEOTOOLBOX_QUALITY = 65 * 118
"""65 of 100 in FFmpeg's lambda units, visually lossless on Apple's chips; more is larger."""


def require_encoder(info: ClipInfo, settings: OutputSettings, preset: Preset | None = None) -> None:
    """Open the clip's encoder once and close it. Raises CannotEncode."""
    preset = preset or preset_for(info, settings)
    target = sample_format(info, preset)
    colour = Conversion(info.pix_fmt, target, info.colour, full_range=preset.full_range).colour
    context = av.CodecContext.create(preset.encoder, "w", hwaccel_for(settings))
    assert isinstance(context, av.VideoCodecContext)
    context.framerate, context.bit_rate = info.rate, 0  # as a container's stream has them
    open_encoder(context, info, settings, preset, target, colour)


def hwaccel_for(settings: OutputSettings) -> HWAccel | None:
    """The device that FFmpeg must open beside the encoder."""
    return HWAccel("vaapi") if settings.hardware is Hardware.VAAPI else None


def stays_interlaced(info: ClipInfo, settings: OutputSettings) -> bool:
    return info.interlaced and not settings.deinterlace


def open_encoder(
    context: av.VideoCodecContext,
    info: ClipInfo,
    settings: OutputSettings,
    preset: Preset,
    target: str,
    colour: Colour,
    threads: int | None = None,
) -> None:
    """Open an encoder for pictures of the clip's size in the sample format `target`.

    `threads` go before `codec_threads`. Raises CannotEncode, with size and format.
    """
    threads = codec_threads() if threads is None else threads
    interlaced = stays_interlaced(info, settings)
    if interlaced and not preset.interlaced:
        raise CannotEncode(
            f"is interlaced, which {preset.encoder} cannot keep",
            subject=info.path.name,
            remedy="use --deinterlace or --codec h264",
        )
    width, height = info.orientation.stored_width, info.orientation.stored_height
    context.options = encoder_options(preset, info, settings, target, threads)
    context.width, context.height = width, height
    context.pix_fmt = target
    context.thread_count = threads
    context.time_base = info.time_base
    context.sample_aspect_ratio = info.sample_aspect_ratio
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    context.colorspace, context.color_range = colour.matrix, colour.range
    if preset.speed is None:  # keeps encoders without presets from naming themselves
        context.flags |= Flags.bitexact
    if settings.hardware is Hardware.VIDEOTOOLBOX:
        context.qscale, context.global_quality = True, _VIDEOTOOLBOX_QUALITY
    if interlaced:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        context.field_order = 2 if info.top_field_first else 3
    try:
        context.open()
    except av.error.FFmpegError as error:
        remedy = "use another --codec"
        if preset.encoder == "dnxhd":
            remedy += "; DNxHR takes pictures of 256 x 120 pixels and more"
        if settings.hardware is not Hardware.NONE:
            remedy = "use --hardware none, or see `blur doctor` for the chips that work here"
        raise CannotEncode(
            f"the encoder {preset.encoder} refuses {width} x {height} pixels in {target}:"
            f" {error.strerror}",
            subject=info.path.name,
            remedy=remedy,
        ) from error
