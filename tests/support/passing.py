"""Clips passed through a reader and a writer, uncovered, and as PyAV alone decodes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pillow_heif
from PIL import Image

from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.readers import open_reader
from blur.media.write.part import Written
from blur.media.write.writers import open_writer, output_suffix
from blur.settings import OutputSettings


@dataclass
class Passed:
    """A clip, its output, and its reader's notes."""

    source: Path
    info: ClipInfo
    written: Written
    notes: list[str]


def passed_through(source: Path, folder: Path, settings: OutputSettings, **reading) -> Passed:
    info = probe(source)
    target = folder / f"out{output_suffix(info, settings)}"
    with open_reader(source, info, **reading) as reader:
        with open_writer(target, info, settings) as writer:
            for frame in reader:
                writer.write(frame)
            written = writer.finish()
        return Passed(source, info, written, reader.notes)


def decoded(path: Path, stream: int | None = None) -> list[av.VideoFrame]:
    """All frames, straight from PyAV."""
    with av.open(str(path)) as container:
        index = probe(path).stream if stream is None else stream
        return list(container.decode(container.streams[index]))


def facts(path: Path) -> tuple[object, ...]:
    """Frames, times, length in seconds, fields, their order and channels, by PyAV alone."""
    with av.open(str(path)) as container:
        film = container.streams.video[0]
        channels = [s.codec_context.layout.nb_channels for s in container.streams.audio]
        pictures = list(container.decode(film))
        order, tick = film.codec_context.field_order, film.time_base or Fraction(1)
    first, last = pictures[0], pictures[-1]
    times = [(p.pts - first.pts) * tick for p in pictures]
    length = times[-1] + last.duration * last.time_base
    fields = {p.interlaced_frame for p in pictures}
    return len(pictures), times, length, fields, max(order, 1), channels


def planes(frame: av.VideoFrame) -> str:
    """A hash of a picture's samples, padding left out."""
    digest = hashlib.sha256(frame.format.name.replace("j", "").encode())
    bits = frame.format.components[0].bits
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
        packed = any(order in frame.format.name for order in ("bgr", "rgba"))
        width = plane.width * (4 if packed else 1) * (2 if bits > 8 else 1)
        width = -(-width // (8 if "mono" in frame.format.name else 1))  # eight pixels a byte
        digest.update(np.ascontiguousarray(rows[:, :width]).tobytes())
    return digest.hexdigest()


def heard(path: Path) -> list[tuple[Fraction, np.ndarray]]:
    """Each sound track's start in seconds and its samples, as 16 bits."""
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    tracks = []
    for number in range(count):
        with av.open(str(path)) as container:
            stream = container.streams.audio[number]
            frames = list(container.decode(stream))
        layout, rate = frames[0].layout.name, frames[0].sample_rate
        resampler = av.AudioResampler("s16p", layout, rate)
        samples = [r.to_ndarray() for f in frames for r in resampler.resample(f)]
        start = frames[0].pts * frames[0].time_base
        tracks.append((start, np.concatenate(samples, axis=1)))
    return tracks


def likeness(
    before: tuple[Fraction, np.ndarray], after: tuple[Fraction, np.ndarray], *, rate: int = 48_000
) -> float:
    """Correlation of two tracks as `heard` gives them, at equal times; 1 for equal sound.

    0 where a shift by two milliseconds would be more alike: the tracks are out of step.
    """
    (start, old), (new_start, new) = before, after
    late = round((new_start - start) * rate)
    old, new = old[:2, max(0, late) :], new[:2, max(0, -late) :]
    length = min(old.shape[1], new.shape[1]) - 192
    middle = old[:, 96 : 96 + length].ravel()
    if not middle.any():
        return float(not new.any())
    found = [np.corrcoef(middle, new[:, i : i + length].ravel())[0, 1] for i in (0, 96, 192)]
    return float(found[1]) if found[1] == max(found) else 0.0


def photograph(path: Path) -> Image.Image:
    """Straight from Pillow or libheif, decoded, not turned."""
    if path.suffix in (".heic", ".heif"):
        return pillow_heif.open_heif(path).to_pillow()
    with Image.open(path) as image:
        image.load()
        return image
