"""Output presets: encoder, container, and the encoder's sample formats."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import av.codec
from av.codec.codec import UnknownCodecError, find_best_pix_fmt_of_list

from blur.errors import CannotEncode
from blur.media.open.clip_info import ClipInfo
from blur.media.open.shape import GREY
from blur.settings import Codec, Hardware, OutputSettings
from blur.settings.cores import codec_threads

_YUV_8 = ("yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
_YUV_10 = ("yuv420p10le", "yuv422p10le", "yuv444p10le")
_YUV_12 = ("yuv420p12le", "yuv422p12le", "yuv444p12le")


_KEYFRAME_SECONDS = 2
"""Seconds between key frames; more make the output smaller and seeking in it slower."""

_LOOKAHEADS = {
    "libx264": {"veryfast": 20, "faster": 20, "fast": 30, "medium": 40}
    | {"slow": 50, "slower": 60, "veryslow": 60, "placebo": 60},
    "libx265": {"veryfast": 15, "faster": 15, "fast": 15, "medium": 20}
    | {"slow": 25, "slower": 40, "veryslow": 40, "placebo": 60},
}
"""Frames that an encoder looks ahead, by its preset; faster presets 10 at most. x264's own 10 at
"veryfast" would lose .0002 of SSIM more."""

_LOOKAHEAD_BYTES = 62_500_000
"""Bytes of samples held to look ahead, 20 frames of 8-bit 1080p; memory is about twice as much.
x264's 40 frames at "medium" make files 2 % smaller at equal quality."""

_VERYFAST = {"trellis": "1", "rc-lookahead": str(_LOOKAHEADS["libx264"]["veryfast"])}
"""x264's "veryfast" with them, at crf 18, beside "medium": .43 of its CPU, 1.02 of its size, .0010
less SSIM, medians over 10 clips (`tests/bench/encoders.py`). A slower one, "faster": .65, 1.04,
.0005; without trellis, at crf 17 for equal SSIM, the size is 1.13. x265's "veryfast" at crf 20
beside "medium": .67, .92, .0006."""

_LOOKAHEAD_LEAST = 6
"""Frames: a run of B-frames and its neighbours. Of such large pictures none is predicted from a
B-frame either: x264 takes 158 MiB less for 4K in 10 bits, and over three clips files are .4 to .9 %
larger and lose .0001 of SSIM at most."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Encoder and container of an output.

    `takes` are sample formats, of which the nearest to the clip's is used; () are all that the
    encoder keeps. `crf` is the default quality, visually lossless, of encoders with such a scale.
    `user_data` is a bitstream filter that removes the encoder's notes about itself; where it is
    "null" the writer removes H.264's one by one.
    """

    encoder: str
    container: str
    suffix: str
    takes: tuple[str, ...]
    crf: int | None = None
    speed: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    codec_tag: str | None = None
    user_data: str = "null"
    full_range: bool = True
    interlaced: bool = True


_PRESETS = {
    Codec.H264: Preset(
        "libx264",
        "mp4",
        ".mp4",
        _YUV_8 + _YUV_10,
        crf=18,
        speed="veryfast",
        options={"a53cc": "0"},
        user_data="filter_units=remove_types=6",
    ),
    Codec.HEVC: Preset(
        "libx265",
        "mp4",
        ".mp4",
        tuple(f for f in _YUV_8 if f != "nv12") + _YUV_10 + _YUV_12,
        crf=20,
        speed="veryfast",
        options={"a53cc": "0"},
        codec_tag="hvc1",  # Apple's players demand this tag
        interlaced=False,
    ),
    Codec.PRORES: Preset(
        "prores_ks",
        "mov",
        ".mov",
        ("yuv422p10le", "yuv444p10le"),
        options={"vendor": "apl0"},
        full_range=False,
    ),
    Codec.DNXHR: Preset(
        "dnxhd",
        "mov",
        ".mov",
        ("yuv422p", "yuv422p10le", "yuv444p10le"),
        full_range=False,
        interlaced=False,
    ),
    Codec.FFV1: Preset(
        "ffv1", "matroska", ".mkv", (), options={"level": "3", "slicecrc": "1", "g": "1"}
    ),
}

_NEAREST = {codec.value: codec for codec in _PRESETS} | {"dnxhd": Codec.DNXHR}
"""FFmpeg's names of clips' codecs."""

_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".qt": "mov", ".mkv": "matroska"}
_CONTAINERS |= {".mxf": "mxf"}
"""Containers by the endings that their outputs keep."""

_MXF_RATES = {Fraction(n) for n in (24, 25, 30, 50, 60)}
_MXF_RATES |= {Fraction(1000 * round(rate), 1001) for rate in _MXF_RATES if rate % 25}
_MXF_SOUND = 48_000
"""Frames a second, and sound's Hz, that FFmpeg writes into MXF."""

_HARDWARE_TAKES = ("yuv420p", "nv12", "p010le", "yuv444p")


def preset_for(info: ClipInfo, settings: OutputSettings) -> Preset:
    """The preset for a clip. Raises CannotEncode when this machine's FFmpeg lacks the encoder."""
    codec, match = settings.codec, settings.codec is Codec.MATCH
    if match:
        deep = av.VideoFormat(info.pix_fmt).components[0].bits > 8
        codec = _NEAREST.get(info.codec, Codec.HEVC if deep else Codec.H264)
    preset = _PRESETS[codec]
    own = info.path.suffix
    container = _CONTAINERS.get(own.lower())
    if container == "mov" and preset.container == "mp4":
        preset = replace(preset, container=container)
    if container == "mxf" and _fits_mxf(info, settings, preset):
        preset = replace(preset, container=container)
    if container == preset.container:
        preset = replace(preset, suffix=own)
    if settings.hardware is not Hardware.NONE:
        return _on_hardware(preset, codec, settings.hardware)
    if preset.encoder == "libx264" and info.interlaced and not settings.deinterlace:
        preset = replace(preset, user_data="null")  # the order of fields is among the messages
    return preset


def _fits_mxf(info: ClipInfo, settings: OutputSettings, preset: Preset) -> bool:
    """Whether the output can be MXF: of pictures that stand alone, whole, upright, at even times of
    a television's rate. Others take the preset's own container."""
    return (
        preset.container == "mov"
        and info.rate in _MXF_RATES
        and info.display_matrix is None
        and not (info.interlaced and not settings.deinterlace)
        and all(track.rate == _MXF_SOUND for track in info.audio)
    )


def sample_format(info: ClipInfo, preset: Preset) -> str:
    """The sample format to encode this clip in: its own, or the nearest that `preset` takes."""
    source, takes = info.pix_fmt, list(preset.takes or _integer_formats(preset.encoder))
    orientation = info.orientation
    if preset.encoder != "ffv1":
        odd = bool(orientation.stored_width % 2 or orientation.stored_height % 2)
        if source.startswith(GREY):
            # Players fail on monochrome streams: add neutral chroma.
            bits = av.VideoFormat(source).components[0].bits
            source = f"yuv420p{bits}le" if bits > 8 else "yuvj420p"
        elif av.VideoFormat(source).is_rgb or source == "pal8":
            # Few players show 4:4:4.
            unwanted = ("yuvj", "gbr") if odd else ("yuv444", "yuvj", "gbr")
            takes = [f for f in takes if not f.startswith(unwanted)]
        if odd:
            # Subsampled chroma cannot express an odd size.
            takes = [f for f in takes if "444" in f]
    if source in takes:
        return source
    if not takes:
        raise CannotEncode(
            f"has an odd width or height, which {preset.encoder} cannot keep",
            subject=info.path.name,
            remedy="use --hardware none, or another --codec",
        )
    best, _ = find_best_pix_fmt_of_list(takes, source)
    assert best is not None
    return best.name


def _integer_formats(encoder: str) -> tuple[str, ...]:
    formats = av.Codec(encoder, "w").video_formats or ()
    return tuple(f.name for f in formats if not f.name.endswith(("f16le", "f32le")))


def encoder_options(
    preset: Preset,
    info: ClipInfo,
    settings: OutputSettings,
    target: str,
    threads: int | None = None,
) -> dict[str, str]:
    """FFmpeg's options for encoding this clip in the sample format `target`; `threads` go before
    `codec_threads`."""
    crf = preset.crf if settings.crf is None else settings.crf
    options = {"g": str(max(1, round(_KEYFRAME_SECONDS * info.rate)))}
    options |= {key: value.format(crf=crf) for key, value in preset.options.items()}
    lookahead = None
    if preset.speed is not None:
        speed = str(settings.preset or preset.speed)
        options |= {"crf": str(crf), "preset": speed}
        lookahead = _shorter_lookahead(preset.encoder, speed, info, target)
    if preset.encoder == "libx264":
        if options["preset"] == "veryfast":
            options |= _VERYFAST
        if lookahead is not None:
            options["rc-lookahead"] = str(lookahead)
        if lookahead == _LOOKAHEAD_LEAST:
            options["b-pyramid"] = "none"
        if info.interlaced and not settings.deinterlace:  # painted pictures do not tell x264
            options["x264-params"] = "tff=1" if info.top_field_first else "bff=1"
    elif preset.encoder == "libx265":
        # info: x265 would write its version and settings into the stream. open-gop: pictures would
        # refer across groups, and no group could be encoded again alone.
        parameters = ["info=0", "log-level=error", "open-gop=0"]
        if threads := codec_threads() if threads is None else threads:
            parameters.append(f"pools={threads}")
        if lookahead is not None:
            parameters.append(f"rc-lookahead={lookahead}")
        if info.colour.mastering:
            parameters.append(f"hdr10=1:master-display={info.colour.mastering}")
        if info.colour.light:
            parameters.append(f"max-cll={info.colour.light}")
        options["x265-params"] = ":".join(parameters)
    elif preset.encoder == "prores_ks":
        options.setdefault("profile", "4" if "444" in target else "3")
    elif preset.encoder == "dnxhd":
        profiles = {
            "yuv422p": "dnxhr_hq",
            "yuv422p10le": "dnxhr_hqx",
            "yuv444p10le": "dnxhr_444",
        }
        options.setdefault("profile", profiles[target])
    return options


def _shorter_lookahead(encoder: str, speed: str, info: ClipInfo, target: str) -> int | None:
    """Frames to look ahead, where the preset's default takes too much memory; else None."""
    size = info.orientation.stored_width, info.orientation.stored_height
    components = av.VideoFormat(target, *size).components
    frame = sum(c.width * c.height * -(-c.bits // 8) for c in components)
    most = max(_LOOKAHEAD_LEAST, _LOOKAHEAD_BYTES // frame)
    return most if most < _LOOKAHEADS[encoder].get(speed, 0) else None


def _on_hardware(preset: Preset, codec: Codec, hardware: Hardware) -> Preset:
    encoder = f"{codec}_{hardware}"
    remedy = "use --hardware none, or an FFmpeg and a machine that have it"
    if codec not in (Codec.H264, Codec.HEVC):
        raise CannotEncode(f"--hardware does not encode {codec}", remedy="use --codec h264 or hevc")
    try:
        found = av.Codec(encoder, "w")
    except UnknownCodecError as error:
        raise CannotEncode(f"this installation has no {encoder} encoder", remedy=remedy) from error
    known = {f.name for f in found.video_formats or ()} or set(_HARDWARE_TAKES)
    takes = tuple(f for f in _HARDWARE_TAKES if f in known)
    quality = {
        Hardware.NVENC: {"rc": "vbr", "cq": "{crf}", "preset": "p5"},
        Hardware.QSV: {"global_quality": "{crf}"},
        Hardware.VIDEOTOOLBOX: {},
        Hardware.VAAPI: {"qp": "{crf}"},
    }[hardware]
    return replace(
        preset, encoder=encoder, takes=takes, speed=None, options=quality, interlaced=False
    )
