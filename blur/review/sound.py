"""A person's decisions about a clip's sound: pure functions from edits to edits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TypeAlias

from msgspec.structs import replace

from blur.data.edits import Edits, SoundUse
from blur.data.sound import outside
from blur.settings.values import TimeSpan

Seconds: TypeAlias = tuple[float, float]
"""Start and end in seconds since the clip's start."""


def muted(edits: Edits, spans: Iterable[TimeSpan], *, tone: bool = False) -> Edits:
    """Silence `spans` too, or put a tone in their place; those that touch become a single one. An
    earlier silence or tone there gives way."""
    new = [(float(start), float(end)) for start, end in spans]
    before = edits.sound
    tones = list(itertools.chain.from_iterable(outside(old, new) for old in before.bleeps))
    sound = replace(
        before,
        mutes=_joined([*before.mutes, *new]),
        bleeps=_joined([*tones, *new] if tone else tones),
    )
    return replace(edits, sound=sound)


def unmuted(edits: Edits) -> Edits:
    return replace(edits, sound=replace(edits.sound, mutes=(), bleeps=()))


def _joined(spans: Iterable[Seconds]) -> tuple[Seconds, ...]:
    """The spans in order, those that touch as one."""
    joined: list[Seconds] = []
    for start, end in sorted(set(spans)):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def used(edits: Edits, use: SoundUse | None, file: str = "") -> Edits:
    """Choose the sound; None leaves it to the settings."""
    return replace(edits, sound=replace(edits.sound, use=use, file=file))
