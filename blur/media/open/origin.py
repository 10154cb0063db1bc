"""The moment of a container's clock that becomes an output's zero."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import av


def earliest(picture: Fraction, sounds: list[Fraction]) -> Fraction:
    """Seconds at which the first picture is shown, or the first sound heard if that is before."""
    return min([picture, *sounds])


def shift(start: Fraction, time_base: Fraction) -> int:
    """Ticks to add to every time so that `start`, in seconds, comes to the first tick."""
    return -math.floor(start / time_base)


def heard_from(packet: av.Packet[Any]) -> Fraction | None:
    """Seconds at which a track's first packet is heard, its priming samples left out."""
    if packet.pts is None:
        return None
    skipped = 0
    if packet.has_sidedata("skip_samples"):
        skipped = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little")
    rate = packet.stream.codec_context.sample_rate or 1
    # Priming is a whole number of samples; the first sample heard stands on the clock.
    return round(packet.pts + skipped / (rate * packet.time_base)) * packet.time_base
