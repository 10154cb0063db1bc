"""Clocks that start again midway: recordings appended to each other, cells of a DVD.

Pictures and sound of a part move together, so that they stay in step.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.container

from blur.media.container import open_input
from blur.media.traces import ebml

_BACK = Fraction(1, 10)
"""Seconds. Decode times only grow: a larger step back is another clock, a smaller is a muxer's
rounding. A larger value lets short parts overlap, their frames a tick apart."""

_FORWARD = 10
"""Seconds. In streams made to be joined a larger step is another clock; a smaller may be a gap in
the reception. Players draw the line there, too (FFmpeg's dts_delta_threshold)."""

_SAME_PART = 5
"""Seconds between the tracks of a part, by which a track finds the part that another began."""

_JOINED = ("mpegts", "mpeg")
_MAY_GO_BACK = (*_JOINED, "flv", "asf", "ogg", "rm")
"""Demuxers whose files are read through for their clocks; others have tables or no clock."""


class Move(NamedTuple):
    """From its packet number `packet` on, a track's times move by `seconds`."""

    stream: int
    packet: int
    seconds: Fraction


class Beat(NamedTuple):
    """A packet's track and times in seconds: decoding (None if unknown), showing, end."""

    stream: int
    dts: Fraction | None
    start: Fraction
    end: Fraction


class Course(NamedTuple):
    """A file's clock over its whole length: `moves` by track and packet, `length` in seconds."""

    moves: tuple[Move, ...] = ()
    length: Fraction = Fraction(0)


@dataclass(slots=True)
class _Part:
    """The span of each track within a part, by the part's own clock."""

    starts: dict[int, Fraction] = field(default_factory=dict)
    ends: dict[int, Fraction] = field(default_factory=dict)

    def add(self, beat: Beat) -> None:
        track = beat.stream
        self.starts[track] = min(beat.start, self.starts.get(track, beat.start))
        self.ends[track] = max(beat.end, self.ends.get(track, beat.end))

    def near(self, time: Fraction) -> bool:
        first, last = min(self.starts.values()), max(self.ends.values())
        return first - _SAME_PART < time < last + _SAME_PART


def course(beats: Iterable[Beat], *, forward: bool) -> Course:
    """Where the clock jumps, so that each part begins when the one before has ended.

    With `forward`, a large step ahead counts as a jump.
    """
    parts = [_Part()]
    at: dict[int, int] = {}
    last: dict[int, Fraction] = {}
    count: dict[int, int] = {}
    entered: list[tuple[int, int, int]] = []  # track, packet, part
    for beat in beats:
        track = beat.stream
        number = count[track] = count.get(track, -1) + 1
        part = at.setdefault(track, len(parts) - 1)
        now = beat.start if beat.dts is None else beat.dts
        if beat.dts is not None:
            before = last.get(track)
            if before is not None and _jumps(before, now, forward):
                part = _part_of(parts, part, now)
                entered.append((track, number, part))
                at[track] = part
            last[track] = now
        parts[part].add(beat)
    offsets = _offsets(parts)
    ends = [end + offsets[n] for n, part in enumerate(parts) for end in part.ends.values()]
    begin = min(parts[0].starts.values(), default=Fraction(0))
    moves = tuple(Move(track, packet, offsets[part]) for track, packet, part in entered)
    return Course(moves, max(ends, default=begin) - begin)


def _jumps(before: Fraction, now: Fraction, forward: bool) -> bool:
    return now < before - _BACK or (forward and now > before + _FORWARD)


def _part_of(parts: list[_Part], left: int, time: Fraction) -> int:
    """The part that a track enters: one that another track began, or a new one."""
    for number in range(left + 1, len(parts)):
        if parts[number].near(time):
            return number
    parts.append(_Part())
    return len(parts) - 1


def _offsets(parts: Sequence[_Part]) -> list[Fraction]:
    """Seconds to add to each part's clock; no track overlaps its own earlier end."""
    offsets = [Fraction(0)]
    ends = dict(parts[0].ends)
    for part in parts[1:]:
        gaps = [ends[track] - start for track, start in part.starts.items() if track in ends]
        offset = max(gaps) if gaps else max(ends.values()) - min(part.starts.values())
        offsets.append(offset)
        for track, end in part.ends.items():
            ends[track] = end + offset
    return offsets


def course_of(path: Path, container: str, tracks: Sequence[int]) -> Course | None:
    """The course of a file's clock over these tracks; None where its kind cannot jump.

    Reads the whole file. Raises NotAClip or DecodeError.
    """
    joined = container.startswith("matroska") and ebml.count_segments(path) > 1
    if not joined and container not in _MAY_GO_BACK:
        return None
    status = path.stat()
    return _read(path, container in _JOINED, tuple(tracks), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _read(path: Path, joined: bool, tracks: tuple[int, ...], size: int, mtime: int) -> Course:
    """Cached for the length of a process by the file's size and time."""
    with open_input(path) as container:
        streams = [container.streams[index] for index in tracks]
        return course(_beats(container.demux(streams)), forward=joined)


def _beats(packets: Iterable[av.Packet[Any]]) -> Iterator[Beat]:
    step: dict[int, Fraction] = {}  # not every packet has a duration
    last: dict[int, Fraction] = {}
    for packet in packets:
        if not packet.size:
            continue
        track, tick = packet.stream_index, packet.time_base
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            continue
        dts = None if packet.dts is None else packet.dts * tick
        if dts is not None:
            if 0 < dts - last.get(track, dts) < 1:
                step[track] = dts - last[track]
            last[track] = dts
        length = (packet.duration or 0) * tick or step.get(track, Fraction(0))
        yield Beat(track, dts, time * tick, time * tick + length)


def moved(packets: Iterable[av.Packet[Any]], moves: Sequence[Move]) -> Iterator[av.Packet[Any]]:
    """Packets from a file's start, their times on a single clock."""
    if not moves:
        yield from packets
        return
    due: dict[int, list[Move]] = {}
    for move in moves:
        due.setdefault(move.stream, []).append(move)
    count: dict[int, int] = {}
    shift: dict[int, Fraction] = {}
    for packet in packets:
        track = packet.stream_index
        timed = packet.pts is not None or packet.dts is not None
        if packet.size and timed:
            number = count[track] = count.get(track, -1) + 1
            while due.get(track) and due[track][0].packet <= number:
                shift[track] = due[track].pop(0).seconds
        if shift.get(track) and timed:
            ticks = round(shift[track] / packet.time_base)
            if packet.pts is not None:
                packet.pts += ticks
            if packet.dts is not None:
                packet.dts += ticks
        yield packet
