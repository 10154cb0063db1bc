"""Which sound an output gets: the settings' choice, and a person's decision about the clip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from blur.data.edits import Edits, SoundUse
from blur.settings import AudioMode, OutputSettings
from blur.settings.values import TimeSpan, parse_spans


class Sounding(NamedTuple):
    """`mute` holds silent spans. `file` is sound in place of the clip's own. A part's sound begins
    at `start` seconds of the clip's clock; `length`, in seconds, is that of the pictures."""

    mode: AudioMode
    mute: tuple[TimeSpan, ...] = ()
    file: Path | None = None
    length: Fraction | None = None
    start: Fraction | None = None


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
    spans += tuple((Fraction(start), Fraction(end)) for start, end in decided.mutes)
    match decided.use:
        case SoundUse.KEEP:
            return Sounding(AudioMode.KEEP, spans)
        case SoundUse.SILENCE:
            return Sounding(AudioMode.SILENCE)
        case SoundUse.FILE:
            length = None if seconds is None else Fraction(seconds)
            return Sounding(AudioMode.KEEP, spans, Path(decided.file), length)
        case None:
            return Sounding(mode, spans)
