"""The part of its clip that an output holds, the place of that on the clock, and its name."""

from __future__ import annotations

from dataclasses import dataclass

from blur.data.spans import FrameSpan


@dataclass(frozen=True, slots=True)
class Placement:
    """`frames` of the clip, None for all; `shift` is in seconds, added to the start timecode under
    `Timecode.OFFSET`. `name` is the output's, as a mark on its picture tells it. `rate` is the
    option for clips of uneven times, see `frame_map`."""

    shift: int = 0
    frames: FrameSpan | None = None
    name: str = ""
    rate: str = ""

    def span(self, count: int) -> range:
        """The frames of a clip of `count` frames."""
        return range(count) if self.frames is None else range(*self.frames)


WHOLE = Placement()
