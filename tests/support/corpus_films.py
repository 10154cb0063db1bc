"""Films of the corpus: containers x codecs, sounds, oddities."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from corpus_rows import Film, Row
from footage import RECIPES, Recipe, make

_MS, _90K, _25 = Fraction(1, 1000), Fraction(1, 90000), Fraction(1, 25)
_SHORT = tuple(range(6))
_QUICK = {"preset": "ultrafast"}
_SILENT = {"x265-params": "log-level=none:pools=none:frame-threads=1", "preset": "ultrafast"}

_CODECS: dict[str, dict[str, object]] = {
    "h264": {"codec": "libx264", "options": _QUICK},
    "h264-10": {"codec": "libx264", "pix_fmt": "yuv420p10le", "options": _QUICK},
    "h264-422": {"codec": "libx264", "pix_fmt": "yuv422p", "options": _QUICK},
    "h264-full": {"codec": "libx264", "pix_fmt": "yuvj420p", "options": _QUICK},
    "hevc": {"codec": "libx265", "options": _SILENT},
    "hevc-10": {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": _SILENT},
    "mpeg1": {"codec": "mpeg1video", "time_base": _25, "pts": _SHORT},
    "mpeg2": {"codec": "mpeg2video", "time_base": _25, "pts": _SHORT},
    "mpeg2-422": {
        "codec": "mpeg2video",
        "pix_fmt": "yuv422p",
        "time_base": _25,
        "pts": _SHORT,
    },
    "mpeg4": {"codec": "mpeg4"},
    "msmpeg4v2": {"codec": "msmpeg4v2"},
    "msmpeg4": {"codec": "msmpeg4"},
    "h263": {"codec": "h263", "width": 128, "height": 96},
    "h263p": {"codec": "h263p"},
    "flv1": {"codec": "flv"},
    "wmv1": {"codec": "wmv1"},
    "wmv2": {"codec": "wmv2"},
    "vp8": {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "vp9": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "av1": {"codec": "libsvtav1", "options": {"preset": "12", "svtav1-params": "lp=1"}},
    "mjpeg": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mjpeg-444": {"codec": "mjpeg", "pix_fmt": "yuvj444p"},
    "ljpeg": {"codec": "ljpeg", "pix_fmt": "yuvj420p"},
    "png": {"codec": "png", "pix_fmt": "rgb24"},
    "png-odd": {"codec": "png", "pix_fmt": "rgb24", "width": 63, "height": 47},
    "png-16": {"codec": "png", "pix_fmt": "rgb48be"},
    "png-grey": {"codec": "png", "pix_fmt": "gray"},
    "png-grey16": {"codec": "png", "pix_fmt": "gray16be"},
    "png-grey-alpha": {"codec": "png", "pix_fmt": "ya8"},
    "png-mono": {"codec": "png", "pix_fmt": "monob"},
    "png-palette": {"codec": "png", "pix_fmt": "pal8"},
    "jpeg2000": {"codec": "jpeg2000", "pix_fmt": "yuv422p10le"},
    "qtrle": {"codec": "qtrle", "pix_fmt": "rgb24"},
    "qtrle-odd": {"codec": "qtrle", "pix_fmt": "rgb24", "width": 63, "height": 47},
    "prores": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "prores-444": {"codec": "prores_ks", "pix_fmt": "yuv444p10le"},
    "dnxhr": {
        "codec": "dnxhd",
        "pix_fmt": "yuv422p",
        "width": 256,
        "height": 128,
        "options": {"profile": "dnxhr_hq"},
    },
    "cfhd": {"codec": "cfhd", "pix_fmt": "yuv422p10le", "width": 64, "height": 64},
    "v210": {"codec": "v210", "pix_fmt": "yuv422p10le"},
    "raw-420": {"codec": "rawvideo"},
    "raw-422": {"codec": "rawvideo", "pix_fmt": "yuv422p"},
    "raw-444": {"codec": "rawvideo", "pix_fmt": "yuv444p"},
    "raw-grey": {"codec": "rawvideo", "pix_fmt": "gray"},
    "raw-rgb": {"codec": "rawvideo", "pix_fmt": "bgr24"},
    "raw-palette": {"codec": "rawvideo", "pix_fmt": "pal8"},
    "raw-mono": {"codec": "rawvideo", "pix_fmt": "monow"},
    "raw-uyvy": {"codec": "rawvideo", "pix_fmt": "uyvy422"},
    "ffv1": {"codec": "ffv1"},
    "ffv1-odd": {"codec": "ffv1", "pix_fmt": "bgr0", "width": 63, "height": 47},
    "ffv1-16": {"codec": "ffv1", "pix_fmt": "yuv420p16le"},
    "ffv1-rgb10": {"codec": "ffv1", "pix_fmt": "gbrp10le"},
    "ffvhuff": {"codec": "ffvhuff"},
    "huffyuv": {"codec": "huffyuv", "pix_fmt": "yuv422p"},
    "huffyuv-odd": {"codec": "huffyuv", "pix_fmt": "rgb24", "width": 63, "height": 47},
    "utvideo": {"codec": "utvideo"},
    "utvideo-rgb": {"codec": "utvideo", "pix_fmt": "gbrp"},
    "magicyuv": {"codec": "magicyuv"},
    "zmbv": {"codec": "zmbv", "pix_fmt": "bgr0"},
    "flashsv": {"codec": "flashsv", "pix_fmt": "bgr24"},
    "asv1": {"codec": "asv1"},
    "cljr": {"codec": "cljr", "pix_fmt": "yuv411p"},
    "snow": {"codec": "snow", "options": {"strict": "-2"}},
    "svq1": {"codec": "svq1", "pix_fmt": "yuv410p"},
    "rv10": {"codec": "rv10"},
    "rv20": {"codec": "rv20"},
    "dv": {"codec": "dvvideo", "width": 720, "height": 576},
    "gif": {"codec": "gif", "pix_fmt": "rgb8"},
    "gif-odd": {"codec": "gif", "pix_fmt": "rgb8", "width": 63, "height": 47},
    "apng": {"codec": "apng", "pix_fmt": "rgb24"},
    "speedhq": {"codec": "speedhq", "pix_fmt": "yuv422p"},
}
"""By name: the fields of a recipe that differ from a recipe's own."""

_CONTAINERS: dict[str, tuple[Fraction, str]] = {
    ".mp4": (Fraction(1, 12800), "h264 h264-10 h264-full hevc hevc-10 mpeg4 mpeg2 vp9 av1 mjpeg"),
    ".mov": (
        Fraction(1, 12800),
        "h264 hevc h264-422 prores prores-444 dnxhr cfhd v210 mjpeg png png-odd png-grey png-16"
        " png-grey16 png-grey-alpha png-mono png-palette qtrle qtrle-odd mpeg4 raw-uyvy jpeg2000"
        " svq1",
    ),
    ".mkv": (
        _MS,
        "h264 hevc vp8 vp9 av1 mpeg4 mpeg2 mjpeg-444 prores ffv1 ffv1-odd ffv1-16 ffv1-rgb10"
        " snow raw-420",
    ),
    ".avi": (
        _25,
        "mpeg4 msmpeg4v2 msmpeg4 h264 mjpeg ljpeg huffyuv huffyuv-odd ffvhuff utvideo utvideo-rgb"
        " magicyuv raw-rgb raw-palette zmbv asv1 cljr ffv1 wmv2 dv",
    ),
    ".webm": (_MS, "vp8 vp9 av1"),
    ".ts": (_90K, "h264 hevc mpeg2 mpeg1"),
    ".m2ts": (_90K, "h264 mpeg2"),
    ".mpg": (_90K, "mpeg1 mpeg2"),
    ".vob": (_90K, "mpeg2"),
    ".flv": (_MS, "h264 flv1 flashsv"),
    ".f4v": (Fraction(1, 12800), "h264"),
    ".3gp": (Fraction(1, 12800), "h264 h263 mpeg4"),
    ".3g2": (Fraction(1, 12800), "h264"),
    ".wmv": (_MS, "wmv1 wmv2"),
    ".asf": (_MS, "mpeg4 h264"),
    ".mxf": (_25, "mpeg2 mpeg2-422 dnxhr prores jpeg2000"),
    ".ogv": (_25, "vp8"),
    ".nut": (_25, "h264 ffv1 raw-422 raw-mono mpeg4"),
    ".y4m": (_25, "raw-420 raw-422 raw-444 raw-grey"),
    ".ivf": (_25, "vp8 vp9 av1"),
    ".rm": (_MS, "rv10 rv20"),
    ".h264": (_25, "h264"),
    ".hevc": (_25, "hevc"),
    ".m1v": (_25, "mpeg1"),
    ".m2v": (_25, "mpeg2"),
    ".m4v": (_25, "mpeg4"),
    ".mjpeg": (_25, "mjpeg"),
    ".obu": (_25, "av1"),
    ".dv": (_25, "dv"),
    ".gif": (Fraction(1, 100), "gif gif-odd"),
    ".apng": (_MS, "apng"),
}
"""By suffix: the clock that a recipe counts in, and the codecs that the container is tried with."""


_ENCODERS = {"mp3": "libmp3lame", "opus": "libopus", "pcm": "pcm_s16le"}

_SOUND_CONTAINERS = {
    ".mp4": "aac mp3 ac3 opus alac",
    ".mov": "aac pcm alac pcm_s24le",
    ".mkv": "aac mp3 opus flac pcm ac3",
    ".avi": "mp3 pcm mp2",
    ".ts": "aac mp2 ac3",
    ".flv": "aac mp3",
    ".webm": "opus",
}
"""By suffix: the codecs of sound that come out beside the picture, at its offset."""

_SOUND_CARRIERS = {
    ".mp4": (Fraction(1, 12800), "h264"),
    ".mov": (Fraction(1, 12800), "h264"),
    ".ts": (_90K, "h264"),
    ".avi": (_25, "mpeg4"),
    ".webm": (_MS, "vp8"),
}


def _filmed(suffix: str, clock: Fraction, codec: str) -> Recipe:
    step = max(1, round(_25 / clock))
    times = tuple(step * i for i in _SHORT)
    changes = {"suffix": suffix, "time_base": clock, "pts": times} | _CODECS[codec]
    return replace(Recipe(), **changes)  # type: ignore[arg-type]


def _film(recipe: Recipe, **expected: object) -> Film:
    def write(folder: Path) -> Path:
        return make(folder / f"film{recipe.suffix}", recipe)

    return Film(write, len(recipe.pts), **expected)  # type: ignore[arg-type]


_KNOWN = {
    "h264 in .asf": ["doubled or out of order in time"],
    "png-grey-alpha in .mov": ["transparency flattened on black"],
    "png-palette in .mov": ["transparency flattened on black"],
    "raw-palette in .avi": ["transparency flattened on black"],
}
"""Notes by combination: FFmpeg's ASF gives the last two frames of H.264 the same time; palettes may
hold alpha."""

COMBINED: dict[str, Row] = {
    f"{codec} in {suffix}": _film(
        _filmed(suffix, clock, codec), says=_KNOWN.get(f"{codec} in {suffix}", ())
    )
    for suffix, (clock, codecs) in _CONTAINERS.items()
    for codec in codecs.split()
}

SOUNDS: dict[str, Row] = {
    f"{codec} in {suffix}": _film(
        replace(
            _filmed(suffix, *_SOUND_CARRIERS.get(suffix, (_MS, "h264"))),
            audio=[(encoder, 0.0)],
        )
    )
    for suffix, codecs in _SOUND_CONTAINERS.items()
    for codec, encoder in ((name, _ENCODERS.get(name, name)) for name in codecs.split())
}

ODDITIES: dict[str, Row] = {name: _film(recipe) for name, recipe in RECIPES.items()}
