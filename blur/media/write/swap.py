"""Whether an output can take its original's place in a timeline.

Premiere relinks where rate, duration, fields and channels agree, Resolve and Avid by name and
timecode.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from blur.media.open.clip_info import ClipInfo
from blur.media.write.delivery import Delivery
from blur.settings import AudioMode

_SAME_RATE = 5e-4
"""Relative; half of the way from 24 to 23.976. Containers' averages differ by less."""


def differences(
    alike: Sequence[ClipInfo], made: ClipInfo, delivery: Delivery, *, steady: bool = True
) -> str:
    """In words, where an output differs from its clip; "" where it fits, durations to a frame.

    `alike` is the clip, and again with another rate and length that it may have.
    Rate and length in frames are no properties of clips whose frames are not `steady` in time.
    """
    clip = alike[0]
    found = [
        ("size", f"{made.width}x{made.height}", f"{clip.width}x{clip.height}"),
        ("fields", _fields(made), _fields(clip)),
        ("timecode", made.timecode, delivery.timecode),
    ]
    if delivery.sound.mode is not AudioMode.NONE:
        found.append(("channels", _channels(made), _channels(clip)))
    if steady:
        lengths = [_length(each, clip.rate) for each in alike]
        if not made.audio and _length(made, clip.rate) not in lengths:  # sound may last longer
            found.append(("duration in frames", _length(made, clip.rate), lengths[0]))
        if all(abs(made.rate / each.rate - 1) > _SAME_RATE for each in alike):
            found.append(("rate", f"{float(made.rate):.3f}", f"{float(clip.rate):.3f}"))
    return ", ".join(f"{what} {new}, not {old}" for what, new, old in found if new != old)


def _length(info: ClipInfo, rate: Fraction) -> str:
    return "unknown" if info.duration is None else str(round(info.duration * rate))


def _fields(info: ClipInfo) -> str:
    if not info.interlaced:
        return "progressive"
    return "top first" if info.top_field_first else "bottom first"


def _channels(info: ClipInfo) -> str:
    return " + ".join(str(track.channels) for track in info.audio) or "none"
