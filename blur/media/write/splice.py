"""A covered clip rendered again after some frames have changed, from an earlier output.

A group of pictures, from a key frame to before the next, refers to no other group. So groups
without a changed frame are copied packet by packet, and only the others are encoded.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import av
import numpy as np
import numpy.typing as npt

from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.read import Frame
from blur.media.traces import nal
from blur.media.write.delivery import Delivery
from blur.media.write.part import Written, explained
from blur.media.write.presets import Preset
from blur.media.write.writer import Writer
from blur.settings import OutputSettings

_GROUPED = ("h264", "hevc")
"""Codecs with groups of pictures; presets of others make every picture a key frame."""


class _Place(NamedTuple):
    """A packet's frame, and `lead`, the ticks of the clip between its decoding and its showing."""

    frame: int
    lead: int


@dataclass(frozen=True, slots=True)
class Splice:
    """The frames to encode of a clip whose frames are at `pts`; `earlier` gives all others.

    `runs` are the frames to encode, in order; `places` the packets of `earlier` in the order of the
    file; `last` is the duration of the last frame. Times are in the clip's ticks.
    """

    earlier: Path
    pts: Sequence[int]
    places: Sequence[_Place]
    runs: Sequence[range]
    last: int

    def encodes(self, frame: int) -> bool:
        return any(frame in run for run in self.runs)


def splice_of(
    earlier: Path, info: ClipInfo, pts: Sequence[int], changed: npt.NDArray[np.bool_]
) -> Splice | None:
    """A splice of `earlier` after the frames marked in `changed`, (n,) bool, are others.

    `earlier` must be an output of this clip (`info`, `pts`) by equal settings and version of
    `blur`. None where all frames must be encoded. Raises NotAClip or DecodeError.
    """
    with open_input(earlier) as container:
        stream = container.streams.video[0]
        rows = [
            (p.pts, p.pts if p.dts is None else p.dts, p.is_keyframe, p.duration or 0)
            for p in container.demux(stream)
            if p.pts is not None and p.size
        ]
        lone = stream.codec_context.name not in _GROUPED
        ticks = (stream.time_base or info.time_base) / info.time_base
    if len(rows) != len(pts):
        return None
    shown, decoded, keys, lengths = zip(*rows, strict=True)
    frames = np.argsort(np.argsort(shown)).tolist()
    leads = [(after - before) * ticks for after, before in zip(shown, decoded, strict=True)]
    starts = group_starts(frames, keys, lone)
    runs = list(_runs([*starts, len(pts)], changed))
    if sum(map(len, runs)) == len(pts) or any(lead.denominator > 1 for lead in leads):
        return None
    places = [_Place(frame, int(lead)) for frame, lead in zip(frames, leads, strict=True)]
    last = round(lengths[frames.index(len(pts) - 1)] * ticks)
    return Splice(earlier, pts, places, runs, last)


def group_starts(frames: Sequence[int], keys: Sequence[bool], lone: bool) -> list[int]:
    """First frames of closed groups of pictures, from each packet's frame and key flag.

    `lone` is true if every picture is a key frame. Else two neighbouring groups of a single frame
    are never separated, because the standard demands that their headers differ.
    """
    found, highest = [], -1
    for place, (frame, key) in enumerate(zip(frames, keys, strict=True)):
        closed = key and frame == place == highest + 1
        if closed and (lone or not place or not keys[place - 1]):
            found.append(frame)
        highest = max(highest, frame)
    return found


def _runs(bounds: Sequence[int], changed: npt.NDArray[np.bool_]) -> Iterator[range]:
    """The groups with a changed frame, neighbours joined."""
    groups = (range(*pair) for pair in itertools.pairwise(bounds))
    for dirty, run in itertools.groupby(groups, lambda g: bool(changed[g.start : g.stop].any())):
        if dirty:
            members = list(run)
            yield range(members[0].start, members[-1].stop)


class SplicingWriter(Writer):
    """A `Writer` of the frames that `splice` encodes; it copies the others itself."""

    def __init__(
        self,
        final_path: Path,
        info: ClipInfo,
        settings: OutputSettings,
        splice: Splice,
        delivery: Delivery | None = None,
        preset: Preset | None = None,
    ) -> None:
        super().__init__(final_path, info, settings, delivery, preset)
        self._splice = splice
        self._pts = list(splice.pts)
        self._ends = dict(itertools.pairwise(self._pts))
        self._last_duration = splice.last
        self._ends[self._pts[-1]] = self._pts[-1] + self._last_frame_duration()
        self._starts = {run.start for run in splice.runs}
        self._stops = {run.stop for run in splice.runs}

    def __enter__(self) -> Self:
        super().__enter__()
        self._earlier = self._packets()
        self._stack.callback(self._earlier.close)
        self._laid = 0
        return self

    def write(self, frame: Frame) -> None:
        """Encode a frame of a run, and copy the groups before it; leave out another frame."""
        if not self._splice.encodes(frame.index):
            return
        with explained(self._part.final):
            if frame.index in self._starts:
                self._copy_until(frame.index)
                self._encoder = self._another_encoder()
            packets = self._encoder.encode(self._picture(frame))
            if frame.index + 1 in self._stops:
                packets += self._encoder.encode(None)
            for packet in packets:
                packet.dts = self._next().dts
            self._mux(packets)
            self._sound_until(frame.pts)

    def finish(self) -> Written:
        with explained(self._part.final):
            self._copy_until(len(self._pts))
            self._earlier.close()  # the output may replace its file
        return super().finish()

    def _packets(self) -> Generator[av.Packet[Any], None, None]:
        """The earlier packets in the form that encoders give."""
        with open_input(self._splice.earlier) as container:
            stream = container.streams.video[0]
            name, header = stream.codec_context.name, stream.codec_context.extradata
            size = nal.length_size(name, header) if name in _GROUPED else None
            packets = (p for p in container.demux(stream) if p.size)
            for packet, place in zip(packets, self._splice.places, strict=True):
                plain: av.Packet[Any] = av.Packet(nal.with_start_codes(bytes(packet), size))
                plain.is_keyframe = packet.is_keyframe
                plain.pts = self._pts[place.frame]
                plain.dts = plain.pts - place.lead
                plain.stream, plain.time_base = self._stream, self._info.time_base
                yield plain

    def _next(self) -> av.Packet[Any]:
        self._laid += 1
        return next(self._earlier)

    def _copy_until(self, frame: int) -> None:
        """Copy the groups before `frame`; each has as many packets as frames."""
        while self._laid < frame:
            self._send(packet := self._next())
            self._sound_until(packet.pts or 0)
