"""Count and rate of a track's frames: the header's claims, unless its packets belie them."""

from __future__ import annotations

import itertools
import statistics
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.container

from blur.media.container import open_input

_SAMPLE = 48
"""Packets at a track's start that are measured: two seconds of film."""

_FAR = 4
"""Factor between claim and measure from which the claim is a lie. Variable rates stay within it;
a larger factor lets a header promise frames for which no disk has space."""

_TABLES = ("mov", "matroska")
"""Demuxers whose counts and rates come from tables of samples, or from the packets themselves."""


NUMBERED = ("dirac",)
"""Demuxers that give the numbers of pictures for their times: a tick is a frame."""


class Pace(NamedTuple):
    """Frames, None if nobody counted them; frames a second; seconds, None if unknown."""

    frames: int | None
    rate: Fraction
    duration: Fraction | None


def pace(path: Path, container: av.container.InputContainer, stream: av.VideoStream) -> Pace:
    """The header's claims, bounded by the file's size and the spacing of its packets."""
    claimed = Pace(
        _promised_frames(container, stream),
        stream.average_rate or stream.guessed_rate or Fraction(25),
        Fraction(container.duration, 1_000_000) if container.duration else None,
    )
    if container.format.name.startswith((*_TABLES, *NUMBERED)):
        return claimed
    step, packet_bytes = _measured(path, stream.index)
    rate = claimed.rate
    if not step:  # a raw stream, whose rate stands in its own headers
        rate = stream.guessed_rate or rate
    elif not 1 / _FAR < rate * step < _FAR:
        rate = (1 / step).limit_denominator(1001)
    if not packet_bytes:
        return claimed._replace(rate=rate)
    most = _FAR * path.stat().st_size / packet_bytes + _SAMPLE
    frames, seconds = claimed.frames, claimed.duration
    if (frames or 0) > most or (seconds or 0) * rate > most:
        frames = _counted(path, stream.index)
        seconds = frames / rate
    return Pace(frames, rate, seconds)


def _promised_frames(container: av.container.InputContainer, stream: av.VideoStream) -> int | None:
    entries = stream.index_entries
    if container.format.name.startswith("mov") and len(entries):
        # An edit list hides frames that the sample table counts.
        return sum(not entry.is_discard for entry in entries)
    return stream.frames or None


def _measured(path: Path, index: int) -> tuple[Fraction, float]:
    """Median seconds between neighbours in time, and bytes a packet, of a track's first packets.

    0 for either that cannot be measured.
    """
    times: set[int] = set()
    sizes: list[int] = []
    with open_input(path) as container:
        stream = container.streams[index]
        for packet in itertools.islice(container.demux(stream), _SAMPLE):
            if packet.size:
                sizes.append(packet.size)
            if packet.size and packet.pts is not None:
                times.add(packet.pts)
        tick = stream.time_base or Fraction(0)
    steps = [b - a for a, b in itertools.pairwise(sorted(times))]
    step = Fraction(statistics.median_low(steps)) * tick if steps else Fraction(0)
    return step, statistics.fmean(sizes) if sizes else 0


def _counted(path: Path, index: int) -> int:
    with open_input(path) as container:
        return sum(packet.size > 0 for packet in container.demux(container.streams[index]))
