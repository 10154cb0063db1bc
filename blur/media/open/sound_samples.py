"""The decoded sound of a file, by the clock of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import av
import av.error
import numpy as np
import numpy.typing as npt

from blur.errors import DecodeError
from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.clock import moved

RATE = 48_000
"""Hz of the samples; browsers play it, and cameras record it."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""(2, n) samples, left and right, full scale 1."""

_RUN_UP = 1
"""Seconds that are read before a span, so that every decoder is in step at its start; more takes
longer."""

_GAP = RATE // 100
"""Samples; a block nearer to the one before follows on it, for clocks of milliseconds round its
time. A larger value lets the sound fall out of step by as much."""


def sound_blocks(
    info: ClipInfo, start: float = 0.0, end: float | None = None
) -> Iterator[tuple[int, Samples]]:
    """Blocks of every sound track, each with the number of its first sample at `RATE`.

    Times are seconds of the clip's clock, that of its plan and of muted spans. Blocks of several
    tracks overlap, and the first may begin before `start`. Raises DecodeError.
    """
    indices = [track.index for track in info.audio if track.rate]
    if not indices:
        return
    shift = info.shift * info.time_base
    with open_input(info.path) as container:
        streams = [container.streams[index] for index in indices]
        from_ = Fraction(start) - shift - _RUN_UP
        if not info.moves and from_ > 0:
            container.seek(int(from_ * av.time_base))
        fitting = {i: av.AudioResampler("fltp", "stereo", RATE) for i in indices}
        open_, due = set(indices), dict.fromkeys(indices, -RATE)
        try:
            for packet in moved(container.demux(streams), info.moves):
                track = packet.stream.index
                time = packet.dts if packet.dts is not None else packet.pts
                if end is not None and time is not None and time * packet.time_base + shift > end:
                    open_.discard(track)
                if not open_:
                    return
                for frame in packet.decode() if track in open_ else ():
                    assert isinstance(frame, av.AudioFrame)
                    for block in fitting[track].resample(frame):
                        if block.pts is not None and block.time_base is not None:
                            at = round((block.pts * block.time_base + shift) * RATE)
                            at = due[track] if abs(at - due[track]) < _GAP else at
                            due[track] = at + block.samples
                            yield at, block.to_ndarray()
        except av.error.FFmpegError as error:
            raise DecodeError(
                f"its sound cannot be read: {error.strerror}", subject=info.path.name
            ) from error


def mixed(info: ClipInfo, first: int, last: int) -> Samples:
    """Samples [first, last) of all tracks together; silence where there is none."""
    total = np.zeros((2, last - first), np.float32)
    for at, block in sound_blocks(info, first / RATE, last / RATE):
        a, b = max(at, first), min(at + block.shape[1], last)
        if a < b:
            total[:, a - first : b - first] += block[:, a - at : b - at]
    return total
