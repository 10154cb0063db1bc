"""A person's decisions about a clip's sound: pure functions from edits to edits."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from blur.data.edits import Edits, SoundEdit, SoundUse
from blur.settings.values import TimeSpan


def muted(edits: Edits, spans: Iterable[TimeSpan]) -> Edits:
    """Silence `spans` too; those that touch become a single one."""
    merged: list[tuple[float, float]] = []
    new = ((float(start), float(end)) for start, end in spans)
    for start, end in sorted({*edits.sound.mutes, *new}):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return replace(edits, sound=replace(edits.sound, mutes=tuple(merged)))


def unmuted(edits: Edits) -> Edits:
    return replace(edits, sound=replace(edits.sound, mutes=()))


def used(edits: Edits, use: SoundUse | None, file: str = "") -> Edits:
    """Choose the sound; None leaves it to the settings."""
    return replace(edits, sound=SoundEdit(use=use, mutes=edits.sound.mutes, file=file))
