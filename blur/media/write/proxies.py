"""Encoder settings of masters and of proxies, the half-size copies that an editing program swaps
for their masters."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from msgspec import structs

from blur.media.open.clip_info import ClipInfo
from blur.media.write.encoder import stays_interlaced
from blur.media.write.presets import Preset, preset_for
from blur.settings import Codec, Hardware, OutputSettings, Proxy

_LEAST = 256, 120
"""Pixels of the smallest picture that DNxHR takes; films whose half is smaller keep their size."""

_QUANTISER = 10
"""Of each ProRes slice, 1 to 224, without a search for the largest picture that fits a size. Over
four filmed clips 42.3 to 45.0 dB and 18 to 35 kB a picture of 640x360, as ProRes Proxy of a set
size has. Larger makes smaller files and coarser pictures."""
_LAMBDA = 118
"""FFmpeg's FF_QP2LAMBDA, its unit of quality."""

_DIFFERS: dict[Proxy, dict[str, object]] = {
    Proxy.H264: {
        "takes": ("yuv420p", "yuvj420p"),  # chips decode no others in an edit
        "crf": 23,
        "speed": "superfast",
        "options": {"a53cc": "0", "g": "12", "bf": "0"},  # short groups, for a jog wheel
    },
    Proxy.PRORES: {
        "takes": ("yuv422p10le",),
        "options": {
            "profile": "0",
            "vendor": "apl0",
            "flags": "+qscale",
            "global_quality": str(_QUANTISER * _LAMBDA),
        },
    },
    Proxy.DNXHR: {"takes": ("yuv422p",), "options": {"profile": "dnxhr_lb"}},
}
"""Fields of masters' presets that proxies replace. CPU of a 640x360 picture beside x264's 18 ms for
its 1280x720 master: H.264 2 ms ("veryfast" 3), ProRes 3 (19 in search of a size), DNxHR 3."""


class Encoding(NamedTuple):
    """The clip as it would be if it had the output's size, and how that is encoded."""

    info: ClipInfo
    settings: OutputSettings
    preset: Preset


def output_of(info: ClipInfo, settings: OutputSettings) -> Encoding:
    """The output of a film: its master, or the proxy that stands alone. Raises CannotEncode."""
    if settings.proxy_alone:
        return proxy_of(info, settings)
    return Encoding(info, settings, preset_for(info, settings))


def proxy_of(info: ClipInfo, settings: OutputSettings) -> Encoding:
    """The proxy of a film, `settings.proxy` not NONE. Raises CannotEncode."""
    small = _halved(info, settings)
    codec = Codec(settings.proxy.value)
    own = structs.replace(settings, codec=codec, crf=None, preset=None, hardware=Hardware.NONE)
    plain = preset_for(small, own)
    return Encoding(small, own, replace(plain, **_DIFFERS[settings.proxy]))  # type: ignore[arg-type]


def _halved(info: ClipInfo, settings: OutputSettings) -> ClipInfo:
    """The clip at half its size, in even pixels; interlaced ones keep their lines, of two fields
    each, and take pixels twice as wide instead."""
    orientation = info.orientation
    width, height = _half(orientation.stored_width), _half(orientation.stored_height)
    fields = stays_interlaced(info, settings)
    if fields:
        height = orientation.stored_height
    if width < _LEAST[0] or height < _LEAST[1]:
        return info
    matrix = info.display_matrix
    if matrix is not None:  # its last row shifts the turned picture, in pixels
        matrix = (*matrix[:6], matrix[6] // 2, matrix[7] // 2, *matrix[8:])
    return replace(
        info,
        orientation=replace(orientation, stored_width=width, stored_height=height),
        sample_aspect_ratio=info.sample_aspect_ratio * (2 if fields else 1),
        display_matrix=matrix,
    )


def enlarged(info: ClipInfo, width: int, height: int) -> ClipInfo | None:
    """The file `info` as if it had the display size of its clip, whose proxy it is; None where it
    is neither of half that size nor of the whole."""
    orientation = info.orientation
    whole = orientation.stored_size(width, height)
    own = orientation.stored_width, orientation.stored_height
    half = _half(whole[0]), _half(whole[1])
    fields = own == (half[0], whole[1])
    if not fields and own not in (half, whole):
        return None
    return replace(
        info,
        orientation=replace(orientation, stored_width=whole[0], stored_height=whole[1]),
        sample_aspect_ratio=info.sample_aspect_ratio / (2 if fields else 1),
    )


def _half(pixels: int) -> int:
    return 2 * round(pixels / 4)
