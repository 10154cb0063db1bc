"""A film encoded in runs of frames, side by side: each by an encoder of its own, in any thread.

Threads of one encoder wait for each other's pictures; encoders do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av
from av.video.frame import PictureType

from blur.media.open.read import Frame
from blur.media.write.part import explained
from blur.media.write.writer import Writer


@dataclass(frozen=True, slots=True)
class Run:
    """The encoded frames of a run: (pts, duration) of each, and their packets as they decode."""

    times: list[tuple[int, int]]
    packets: list[av.Packet[Any]]


class RunWriter(Writer):
    """A `Writer` of runs of frames by an encoder with groups of pictures, x264 or x265."""

    _laid = 0
    _reorder = 0
    """Packets that decode before the first picture is shown."""

    def encode(self, frames: Iterable[Frame], span: range) -> Run:
        """Encode the frames of `span`, which are a run, at their own pts; in any thread.

        Errors of `frames` are raised as they are.
        """
        final = self._part.final
        with explained(final):
            encoder, conversion = self._another_encoder(), self._another_conversion()
        kinds = _kinds(span, encoder.gop_size) if encoder.name == "libx264" else {}
        run = Run([], [])
        for frame in frames:
            with explained(final):
                picture = self._picture(frame, conversion)
                picture.pict_type = kinds.get(frame.index, picture.pict_type)
                run.packets.extend(encoder.encode(picture))
            run.times.append((frame.pts, frame.duration))
        with explained(final):
            run.packets.extend(encoder.encode(None))
        return run

    def lay(self, run: Run) -> None:
        """Mux the run that follows the last."""
        with explained(self._part.final):
            for pts, duration in run.times:
                self._expect(pts, duration)
            if not self._laid:
                self._reorder = sum((p.dts or 0) < run.times[0][0] for p in run.packets)
            for packet in run.packets:
                # The encoder of a later run does not know the steps of the frames before it.
                if self._laid >= self._reorder:
                    packet.dts = self._pts[self._laid - self._reorder]
                self._laid += 1
                self._mux([packet])
                self._sound_until(packet.pts or 0)


def _kinds(span: range, group: int) -> dict[int, PictureType]:
    """The frames of a run whose kind the encoder does not choose, lest the last is a key frame.

    Key frames that follow each other must differ in their numbers (H.264, 7.4.3), and every encoder
    numbers its own from 0. A key frame less than a `group` before the last leaves it no need.
    """
    last = span.stop - 1
    left = (last - span.start) % group or group // 2
    return {last - left: PictureType.I, last: PictureType.P}
