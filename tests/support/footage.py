"""Small clips of every kind that phones, cameras and editors write.

Over 400 lines, since the recipes of all kinds stand in one table.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

SECRET = "SECRET-7f3a"
GPS = "+31.5003+034.4667/"
"""Planted wherever a file has room for words; no byte may come out."""

PLANTED = {
    "title": f"{SECRET} title",
    "artist": f"{SECRET} artist",
    "location": GPS,
    "com.apple.quicktime.location.ISO6709": GPS,
    "com.apple.quicktime.make": f"{SECRET} make",
    "com.apple.quicktime.model": f"{SECRET} model",
    "com.apple.quicktime.creationdate": "2024-05-06T07:08:09+0300",
    "creation_time": "2024-05-06T07:08:09Z",
    "comment": f"{SECRET} comment",
}


@dataclass
class Recipe:
    """A small clip: `pts` in ticks of `time_base`, `audio` as (codec, start in seconds)."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    width: int = 64
    height: int = 48
    pts: Sequence[int] = tuple(range(0, 12 * 512, 512))
    time_base: Fraction = Fraction(1, 12800)
    rate: int | Fraction = 25
    options: dict[str, str] = field(default_factory=dict)
    muxer: dict[str, str] = field(default_factory=dict)
    matrix: tuple[int, ...] | None = None
    sar: Fraction = Fraction(1)
    colour: tuple[int, int, int, int] | None = None
    audio: Sequence[tuple[str, float]] = ()
    audio_layout: str = "stereo"
    interlaced: bool = False
    planted: bool = False
    timecode: str = ""
    extra: Callable[[av.container.OutputContainer], Callable[[], None]] | None = None
    """Adds streams before the header; returns a function that fills them after it."""


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Run as a user bound by permissions, unlike root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def picture(recipe: Recipe, index: int) -> av.VideoFrame:
    """A picture with detail in every plane; a white bar shows its index."""
    rng = np.random.default_rng(index)
    coarse = rng.integers(0, 256, (recipe.height // 8 + 2, recipe.width // 8 + 2, 3), np.uint8)
    rgb = np.repeat(np.repeat(coarse, 8, 0), 8, 1)[: recipe.height, : recipe.width]
    rgb[:8, : min(recipe.width, 4 * (index + 1))] = 255
    if recipe.pix_fmt == "pal8":
        return _in_palette(rgb)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return frame.reformat(format=recipe.pix_fmt)


def _in_palette(rgb: np.ndarray) -> av.VideoFrame:
    """(h, w, 3) RGB in a palette of six steps of each colour, which FFmpeg has no way to."""
    steps = np.round(rgb / 51.0).astype(np.uint8)
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 0] = 255
    palette[:216, 1:] = 51 * np.stack(np.unravel_index(np.arange(216), (6, 6, 6)), 1)
    return av.VideoFrame.from_ndarray((steps @ np.array([36, 6, 1], np.uint8), palette), "pal8")


def tone(start: int, samples: int, rate: int, layout: str, pix: str = "fltp") -> av.AudioFrame:
    """A sweep whose pitch shows its time, planar float."""
    channels = av.AudioLayout(layout).nb_channels
    time = (np.arange(samples) + start) / rate
    wave = 0.4 * np.sin(2 * np.pi * (200 + 400 * time) * time)
    frame = av.AudioFrame.from_ndarray(
        np.stack([wave * (0.5 + 0.5 * c) for c in range(channels)]).astype(np.float32), pix, layout
    )
    frame.sample_rate = rate
    return frame


def make(path: Path, recipe: Recipe) -> Path:
    """Write the clip; returns `path`."""
    with av.open(str(path), "w", container_options=recipe.muxer) as container:
        if recipe.planted:
            container.metadata.update(PLANTED)
        stream = container.add_stream(recipe.codec, rate=recipe.rate, options=recipe.options)
        _describe(stream, recipe)
        sounds = [_add_sound(container, codec, recipe.audio_layout) for codec, _ in recipe.audio]
        if recipe.planted:
            for each in container.streams:
                each.metadata["handler_name"] = f"{SECRET} handler"
                each.metadata["title"] = f"{SECRET} track"
                each.metadata["language"] = "ara"
        fill = recipe.extra(container) if recipe.extra is not None else None
        container.start_encoding()
        if fill is not None:
            fill()
        for sound, (_, start) in zip(sounds, recipe.audio, strict=True):
            _write_sound(container, sound, start, _seconds(recipe), recipe.audio_layout)
        for index, pts in enumerate(recipe.pts):
            frame = picture(recipe, index)
            frame.pts, frame.time_base = pts, recipe.time_base
            frame.duration = _length(recipe)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def _describe(stream: Any, recipe: Recipe) -> None:
    context = stream.codec_context
    stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, recipe.pix_fmt
    if recipe.codec == "libx265":
        context.codec_tag = "hvc1"
    context.time_base = stream.time_base = recipe.time_base
    context.sample_aspect_ratio = recipe.sar
    context.thread_count = 1
    if recipe.colour is not None:
        (context.color_primaries, context.color_trc, context.colorspace, context.color_range) = (
            recipe.colour
        )
    if recipe.matrix is not None:
        stream.set_display_matrix(recipe.matrix)
    if recipe.interlaced:
        context.flags |= 1 << 18 | 1 << 29
        context.field_order = 2
    if recipe.timecode:
        stream.metadata["timecode"] = recipe.timecode


def _length(recipe: Recipe) -> int:
    """Ticks that the last frame lasts: as long as the first."""
    if len(recipe.pts) > 1:
        return recipe.pts[1] - recipe.pts[0]
    return round(1 / (recipe.rate * recipe.time_base))


def _seconds(recipe: Recipe) -> float:
    return float((recipe.pts[-1] + _length(recipe)) * recipe.time_base)


def _add_sound(container: Any, codec: str, layout: str) -> Any:
    stream = container.add_stream(codec, rate=48000)
    stream.layout = layout
    stream.codec_context.time_base = Fraction(1, 48000)
    return stream


def _write_sound(container: Any, stream: Any, start: float, end: float, layout: str) -> None:
    first = round(start * 48000)
    resampler = av.AudioResampler(stream.codec_context.format.name, layout, 48000)
    for at in range(first, max(first + 1, round(end * 48000)), 1024):
        for frame in resampler.resample(tone(at, 1024, 48000, layout)):
            frame.pts, frame.time_base = at, Fraction(1, 48000)
            container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def subtitles(container: Any) -> Callable[[], None]:
    codec = "mov_text" if container.format.name in ("mp4", "mov") else "subrip"
    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)

    def fill() -> None:
        text = f"{SECRET} spoken".encode()
        packet = av.Packet(len(text).to_bytes(2, "big") + text if codec == "mov_text" else text)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = 0
        packet.duration = 200
        container.mux(packet)

    return fill


def data_track(container: Any) -> Callable[[], None]:
    stream = container.add_data_stream("klv")

    def fill() -> None:
        packet = av.Packet(f"{SECRET}{GPS}".encode())
        packet.stream, packet.time_base = stream, Fraction(1, 90000)
        packet.pts = packet.dts = 0
        container.mux(packet)

    return fill


def chapters(container: Any) -> Callable[[], None]:
    container.set_chapters(
        [
            {
                "id": 1,
                "start": 0,
                "end": 200,
                "time_base": Fraction(1, 1000),
                "metadata": {"title": f"{SECRET} chapter"},
            }
        ]
    )
    return lambda: None


def cover_picture(container: Any) -> Callable[[], None]:
    """A JPEG larger than the film, which a careless reader would take for it."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), "red").save(buffer, "JPEG", comment=f"{SECRET} cover")
    stream = container.add_mux_stream("mjpeg", width=320, height=240)
    stream.time_base = Fraction(1, 90000)
    stream.disposition = Disposition.attached_pic

    def fill() -> None:
        packet = av.Packet(buffer.getvalue())
        packet.stream, packet.time_base = stream, Fraction(1, 90000)
        packet.pts = packet.dts = 0
        container.mux(packet)

    return fill


def attachment(container: Any) -> Callable[[], None]:
    container.add_attachment("SECRET.txt", "text/plain", f"{SECRET} {GPS}".encode())
    return lambda: None


def second_film(container: Any) -> Callable[[], None]:
    """A smaller second video track."""
    stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 25)
    stream.disposition = Disposition(0)

    def fill() -> None:
        for index in range(5):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    return fill


def together(*extras: Callable[[Any], Callable[[], None]]) -> Callable[[Any], Callable[[], None]]:
    def add(container: Any) -> Callable[[], None]:
        fills = [extra(container) for extra in extras]

        def fill() -> None:
            for each in fills:
                each()

        return fill

    return add


_T = 65536
_W = 1 << 30


def _matrix(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    return (a * _T, b * _T, 0, c * _T, d * _T, 0, 0, 0, _W)


ORIENTATIONS = {
    f"matrix{a}{b}{c}{d}": _matrix(a, b, c, d)
    for a, b, c, d in [
        (-1, 0, 0, 1),
        (1, 0, 0, -1),
        (-1, 0, 0, -1),
        (0, 1, -1, 0),
        (0, -1, 1, 0),
        (0, 1, 1, 0),
        (0, -1, -1, 0),
    ]
}

_MS = Fraction(1, 1000)
_VFR = (0, 33, 67, 100, 180, 200, 233, 500, 533, 567, 1200, 1233)
_SHORT = tuple(range(6))
_X265 = {"x265-params": "log-level=none:pools=none:frame-threads=1", "preset": "ultrafast"}
_HLG, _PQ = (9, 18, 9, 1), (9, 16, 9, 1)

RECIPES: dict[str, Recipe] = {
    "plain": Recipe(),
    "vfr": Recipe(pts=_VFR, time_base=_MS),
    "vfr-mkv": Recipe(suffix=".mkv", pts=_VFR, time_base=_MS),
    "b-frames": Recipe(options={"bf": "3", "b-adapt": "0"}, pts=tuple(range(0, 20 * 512, 512))),
    "starts-late": Recipe(pts=tuple(range(2560, 2560 + 8 * 512, 512))),
    "late-sound": Recipe(audio=[("aac", 0.2)]),
    "early-sound": Recipe(pts=tuple(range(2560, 2560 + 8 * 512, 512)), audio=[("aac", 0.0)]),
    "two-sounds": Recipe(audio=[("aac", 0.0), ("ac3", 0.0)]),
    "surround": Recipe(audio=[("aac", 0.0)], audio_layout="5.1"),
    "sound-mkv": Recipe(suffix=".mkv", audio=[("libopus", 0.0)], pts=_VFR, time_base=_MS),
    "pcm-mov": Recipe(suffix=".mov", audio=[("pcm_s16le", 0.0)]),
    "hlg": Recipe(codec="libx265", pix_fmt="yuv420p10le", colour=_HLG, options=_X265),
    "pq": Recipe(
        codec="libx265",
        pix_fmt="yuv420p10le",
        colour=_PQ,
        options=_X265
        | {
            "x265-params": _X265["x265-params"]
            + ":hdr10=1:max-cll=1000,400:master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
            "WP(15635,16450)L(10000000,50)"
        },
    ),
    "bt601": Recipe(colour=(6, 6, 6, 1)),
    "bt709": Recipe(colour=(1, 1, 1, 1)),
    "full-range": Recipe(pix_fmt="yuvj420p", colour=(1, 1, 1, 2)),
    "odd": Recipe(suffix=".mkv", codec="ffv1", width=63, height=47, time_base=_MS, pts=_VFR),
    "odd-444": Recipe(pix_fmt="yuv444p", width=63, height=47),
    "odd-rgb": Recipe(
        suffix=".mkv", codec="ffv1", pix_fmt="bgra", width=63, height=47, time_base=_MS, pts=_VFR
    ),
    "odd-gif": Recipe(
        suffix=".gif",
        codec="gif",
        pix_fmt="rgb8",
        width=63,
        height=47,
        time_base=Fraction(1, 100),
        pts=(0, 10, 14, 30),
    ),
    "sar": Recipe(sar=Fraction(4, 3)),
    "240fps": Recipe(pts=tuple(range(30)), time_base=Fraction(1, 240), rate=240),
    "one-frame": Recipe(pts=(0,)),
    "interlaced": Recipe(interlaced=True, options={"x264-params": "tff=1"}, height=64),
    "gray": Recipe(pix_fmt="gray"),
    "gray-mkv": Recipe(suffix=".mkv", codec="ffv1", pix_fmt="gray", time_base=_MS, pts=_VFR),
    "gray-10": Recipe(suffix=".mkv", codec="ffv1", pix_fmt="gray10le", time_base=_MS, pts=_VFR),
    "422-10": Recipe(codec="prores_ks", pix_fmt="yuv422p10le", suffix=".mov"),
    "h264-422-10": Recipe(pix_fmt="yuv422p10le"),
    "444": Recipe(pix_fmt="yuv444p"),
    "ntsc": Recipe(time_base=Fraction(1, 30000), pts=tuple(range(0, 10010, 1001)), rate=30),
    "mpeg4-avi": Recipe(suffix=".avi", codec="mpeg4", time_base=Fraction(1, 25), pts=_SHORT),
    "mjpeg": Recipe(
        suffix=".avi", codec="mjpeg", pix_fmt="yuvj422p", time_base=Fraction(1, 25), pts=_SHORT
    ),
    "vp9": Recipe(suffix=".webm", codec="libvpx-vp9", time_base=_MS, pts=_VFR),
    "av1": Recipe(
        suffix=".mp4", codec="libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"}
    ),
    "hevc-8": Recipe(codec="libx265", options=_X265),
    "open-gop": Recipe(
        codec="libx265",
        options={
            "x265-params": _X265["x265-params"] + ":open-gop=1:keyint=6:min-keyint=6:bframes=3"
        },
        pts=tuple(range(0, 20 * 512, 512)),
    ),
    "wmv": Recipe(suffix=".wmv", codec="wmv2", time_base=_MS, pts=tuple(range(0, 400, 40))),
    "gif": Recipe(
        suffix=".gif", codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100), pts=(0, 10, 14, 30)
    ),
    "3gp": Recipe(suffix=".3gp"),
    "m2ts": Recipe(
        suffix=".m2ts",
        time_base=Fraction(1, 90000),
        pts=tuple(range(0, 36000, 3600)),
        muxer={"mpegts_m2ts_mode": "1"},
    ),
    "flv": Recipe(suffix=".flv", time_base=_MS, pts=_VFR),
    "mpeg2": Recipe(
        suffix=".mkv",
        codec="mpeg2video",
        interlaced=True,
        time_base=Fraction(1, 25),
        pts=_SHORT,
        height=64,
    ),
    "ts": Recipe(suffix=".ts", time_base=Fraction(1, 90000), pts=tuple(range(9000, 48000, 3600))),
    "rgb": Recipe(suffix=".mkv", codec="ffv1", pix_fmt="bgra", time_base=_MS, pts=_VFR),
    "12-bit": Recipe(suffix=".mkv", codec="ffv1", pix_fmt="yuv422p12le", time_base=_MS, pts=_VFR),
    "411": Recipe(suffix=".mkv", codec="ffv1", pix_fmt="yuv411p", time_base=_MS, pts=_VFR),
    "mov-keys": Recipe(
        suffix=".mov",
        planted=True,
        audio=[("aac", 0.0)],
        muxer={"movflags": "use_metadata_tags"},
        timecode="10:20:30:00",
        extra=together(chapters, subtitles),
    ),
    "mp4-cover": Recipe(planted=True, extra=cover_picture),
    "mkv-all": Recipe(
        suffix=".mkv",
        planted=True,
        time_base=_MS,
        pts=_VFR,
        audio=[("aac", 0.0)],
        extra=together(chapters, subtitles, attachment),
    ),
    "raw": Recipe(suffix=".h264", time_base=Fraction(1, 25), pts=_SHORT),
    "ts-data": Recipe(
        suffix=".ts",
        planted=True,
        time_base=Fraction(1, 90000),
        pts=tuple(range(0, 36000, 3600)),
        extra=data_track,
    ),
} | {name: Recipe(matrix=matrix) for name, matrix in ORIENTATIONS.items()}
