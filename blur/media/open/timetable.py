"""Times and key frames of a clip, from its packets, before any of them is decoded."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import av

from blur.errors import DecodeError
from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.clock import moved
from blur.media.open.promise import promise
from blur.media.open.read import header_test

_HEARD_EVERY = 1000
"""Packets between two signs of life."""


class Timetable(NamedTuple):
    """`pts` of every frame as `Reader` gives them, in ticks, and the indices of `keys`."""

    pts: list[int]
    keys: list[int]

    def divided(self, length: int) -> list[range]:
        """The clip's frames in spans from key frame to key frame, each of `length` frames or more,
        but for a last of half as many."""
        starts = [0]
        for key in self.keys:
            if key - starts[-1] >= length and len(self.pts) - key >= length // 2:
                starts.append(key)
        return [range(a, b) for a, b in itertools.pairwise([*starts, len(self.pts)])]


def timetable(path: Path, info: ClipInfo, heard: Callable[[int], None]) -> Timetable | None:
    """The timetable of a clip from its packets; None where only decoding can tell the times.

    Reads the whole file, and calls `heard` with the packets read so far. Assumes that each packet
    with coded samples becomes a frame: whoever decodes must check the times. Raises NotAClip.
    """
    if info.still:
        return None
    times: list[int] = []
    keys: set[int] = set()
    packets = 0
    try:
        with open_input(path) as container:
            stream = container.streams[info.stream]
            assert isinstance(stream, av.VideoStream)
            promised, headers_alone = promise(path, container, stream), header_test(stream)
            for packet in moved(container.demux(stream), info.moves):
                if packet.size == 0 and packet.dts is None:
                    break
                if packet.pts is None or not packet.size or packet.is_discard or packet.is_corrupt:
                    return None
                packets += 1
                if headers_alone(packet):
                    continue
                times.append(packet.pts + info.shift)
                if packet.is_keyframe:
                    keys.add(times[-1])
                if len(times) % _HEARD_EVERY == 0:
                    heard(len(times))
    except DecodeError:
        return None
    whole = not promised.missing and not promised.hidden
    counted = promised.packets in (None, packets)
    if not (times and whole and counted and len(set(times)) == len(times) and min(times) >= 0):
        return None
    times.sort()
    return Timetable(times, [index for index, time in enumerate(times) if time in keys])
