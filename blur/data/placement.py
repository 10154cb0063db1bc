"""The place of an output on its clip's clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """`shift` is in seconds, added to the start timecode under `Timecode.OFFSET`."""

    shift: int = 0


WHOLE = Placement()
