"""Which sound an output gets: the settings' choice, and a person's decision about the clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from blur.data.edits import Edits, SoundUse
from blur.data.plan import Plan
from blur.data.spans import FrameMask
from blur.settings import AudioMode, OutputSettings
from blur.settings.values import TimeSpan, parse_spans

_ROUNDING = 1e-4
"""Seconds by which a span's end may miss a frame's: a span that was marked on frames is theirs."""

T = TypeVar("T", Fraction, float)
"""Seconds."""


class Sounding(NamedTuple):
    """`mute` holds spans without sound, `bleep` parts of them with a tone in its place. `file`
    is sound in place of the clip's own. A part's sound begins at `start` seconds of the clip's
    clock; `length`, in seconds, is that of the pictures."""

    mode: AudioMode
    mute: tuple[TimeSpan, ...] = ()
    file: Path | None = None
    length: Fraction | None = None
    start: Fraction | None = None
    bleep: tuple[TimeSpan, ...] = ()

    @property
    def silent(self) -> list[TimeSpan]:
        """The spans with silence in place of their sound."""
        return [part for span in self.mute for part in outside(span, self.bleep)]


def sounding(
    settings: OutputSettings, edits: Edits | None = None, seconds: float | None = None
) -> Sounding:
    """The sound of an output. A person's choice goes before the settings'; mutes add up.

    The settings' mutes keep the other sound; a person's only silence more. `seconds` is the
    clip's length.
    """
    spans = parse_spans(settings.mute)
    mode = AudioMode.KEEP if spans and settings.audio is AudioMode.SILENCE else settings.audio
    if edits is None:
        return Sounding(mode, spans)
    decided = edits.sound
    spans += _exact(decided.mutes)
    tones = _exact(decided.bleeps)
    match decided.use:
        case SoundUse.KEEP:
            return Sounding(AudioMode.KEEP, spans, bleep=tones)
        case SoundUse.SILENCE:
            return Sounding(AudioMode.SILENCE)
        case SoundUse.FILE:
            length = None if seconds is None else Fraction(seconds)
            return Sounding(AudioMode.KEEP, spans, Path(decided.file), length, bleep=tones)
        case None:
            return Sounding(mode, spans, bleep=tones)


def audible(plan: Plan, sound: Sounding) -> FrameMask:
    """The frames of a clip with sound during which an output keeps any of it."""
    times = np.array(plan.pts, np.float64) * float(plan.time_base)
    ends = np.append(times[1:], times[:1] + plan.seconds(plan.frames))
    kept = np.full(plan.frames, sound.mode is AudioMode.KEEP)
    for start, end in sound.mute:
        kept &= ~((times >= float(start) - _ROUNDING) & (ends <= float(end) + _ROUNDING))
    return kept


def _exact(spans: tuple[tuple[float, float], ...]) -> tuple[TimeSpan, ...]:
    return tuple((Fraction(start), Fraction(end)) for start, end in spans)


def outside(span: tuple[T, T], others: Iterable[tuple[T, T]]) -> Iterator[tuple[T, T]]:
    """The parts of a span that lie in none of the others."""
    start, end = span
    for a, b in sorted(others):
        if start < min(a, end):
            yield start, min(a, end)
        start = max(start, b)
    if start < end:
        yield start, end
