"""Films of uneven times for tests of encoders, and their packets, pictures and headers."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from footage import ORIENTATIONS, RECIPES, make

from blur.media.open.probe import probe
from blur.media.open.read import Frame
from blur.media.open.readers import open_reader
from blur.media.write.writers import open_writer
from blur.settings import OutputSettings

FRAMES, RATE = 48, 5
GROUP = 25
"""Frames in the two seconds of a group of pictures, at 12.6 a second on average."""


def times(seed: int) -> list[int]:
    """Frames at uneven times, as phones take them."""
    steps = np.random.default_rng(seed).integers(1, 4, FRAMES) * 512
    return [0, *np.cumsum(steps)[:-1].tolist()]


def filmed(folder: Path, **more: Any) -> Path:
    recipe = dataclasses.replace(
        RECIPES["plain"],
        width=256,
        height=128,  # DNxHR takes no less
        pts=times(1),
        rate=RATE,
        audio=(("aac", 0.0),),
        planted=True,
        timecode="10:20:30:00",
        matrix=ORIENTATIONS["matrix01-10"],
        **more,
    )
    return make(folder / "clip.mp4", recipe)


def negative(frame: Frame, marked: Collection[int]) -> Frame:
    """The frame, with negative luma if it is marked."""
    if frame.index in marked:
        frame.picture.make_writable()
        luma = frame.picture.planes[0]
        samples = np.frombuffer(memoryview(luma), np.uint8)
        np.subtract(255, samples, out=samples)
    return frame


def whole(clip: Path, out: Path, output: OutputSettings, marked: Collection[int] = ()) -> Path:
    info = probe(clip)
    with open_reader(clip, info) as reader, open_writer(out, info, output) as writer:
        for frame in reader:
            writer.write(negative(frame, marked))
        writer.finish()
    return out


def pictures(path: Path) -> list[npt.NDArray[np.uint8]]:
    with open_reader(path, probe(path)) as reader:  # raises on damage
        return [frame.picture.to_ndarray() for frame in reader]


def packets(path: Path, kind: str = "video") -> list[tuple[Fraction, Fraction, Fraction, bytes]]:
    with av.open(str(path)) as container:
        stream = container.streams.get(**{kind: 0})[0]
        return [
            (p.pts * p.time_base, p.dts * p.time_base, p.duration * p.time_base, bytes(p))
            for p in container.demux(stream)
            if p.size
        ]


def headers(path: Path) -> list[tuple[object, ...]]:
    """Codec headers, clocks and metadata of every track."""
    found: list[tuple[object, ...]] = []
    with av.open(str(path)) as container:
        for stream in container.streams:
            context = stream.codec_context  # a timecode has none
            coded = (context.name, context.extradata) if context is not None else ()
            found.append((stream.type, *coded, stream.time_base, dict(stream.metadata)))
    return found
