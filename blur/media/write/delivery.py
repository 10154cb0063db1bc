"""An output as an editing program takes it: its sound, start timecode and tape name."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from blur.data.edits import Edits
from blur.data.placement import WHOLE, Placement
from blur.data.sound import Sounding, sounding
from blur.data.timecode import at_rate, shifted
from blur.media.open.clip_info import ClipInfo
from blur.settings import OutputSettings, Timecode

ZERO = "00:00:00:00"


@dataclass(frozen=True, slots=True)
class Delivery:
    """`timecode` and `reel` are "" where the output has none."""

    sound: Sounding
    timecode: str = ""
    reel: str = ""


def delivery_of(
    info: ClipInfo,
    settings: OutputSettings,
    edits: Edits | None = None,
    seconds: float | None = None,
    start: Fraction | None = None,
    placed: Placement = WHOLE,
    rate: Fraction | None = None,
) -> Delivery:
    """The delivery of a clip of `seconds`, or of its part from `start` on, in seconds of its clock.
    `rate` is the output's frames a second where they are not the clip's.

    A tape name needs a timecode beside it: that begins at 0 where the clip has none.
    """
    reel = info.reel if settings.reel == "keep" else settings.reel
    timecode = "" if settings.timecode is Timecode.ZERO else info.timecode
    counted = rate or info.rate
    if timecode and rate is not None:
        timecode = at_rate(timecode, info.rate, rate)
    if timecode and settings.timecode is Timecode.OFFSET:
        timecode = shifted(timecode, counted, placed.shift * round(counted))
    sound = sounding(settings, edits, seconds)
    if start is not None:
        length = None if seconds is None else Fraction(seconds)
        sound = sound._replace(start=start, length=length)
        if timecode:
            timecode = shifted(timecode, counted, round(start * counted))
    return Delivery(sound, timecode or (ZERO if reel else ""), reel)
