"""A sound file that is to take the place of a clip's own sound, held against it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from blur.errors import UsageError
from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.tracks import sounds

_FRAME_AT_LEAST = Fraction(1, 25)
"""Seconds; editing programs end a sound with a frame of their timeline. A larger value lets a sound
of another clip pass."""


def require_alike(file: Path, clip: ClipInfo, seconds: float) -> None:
    """Raises UsageError where tracks, channels, rates or length differ from the clip's, the length
    by more than a frame; NotAClip or DecodeError for a file that holds no sound."""
    if not clip.audio:
        raise UsageError("the clip has no sound track to replace", subject=clip.path.name)
    with open_input(file) as container:
        found = [(track.channels, track.rate) for track in sounds(container)]
        lengths = [(s.duration or 0) * (s.time_base or 0) for s in container.streams.audio]
        length = max(lengths, default=0) or Fraction(container.duration or 0, 1_000_000)
    wanted = [(track.channels, track.rate) for track in clip.audio]
    if found != wanted:
        raise UsageError(
            f"holds {_words(found)}, the clip {_words(wanted)}",
            subject=file.name,
            remedy="export it with the clip's own tracks, channels and rate",
        )
    if abs(length - Fraction(seconds)) > max(1 / clip.rate, _FRAME_AT_LEAST):
        raise UsageError(
            f"is {float(length):.3f} s long, the clip {seconds:.3f} s",
            subject=file.name,
            remedy="export it from the clip's first picture to the end of its last",
        )


def _words(tracks: list[tuple[int, int]]) -> str:
    return " and ".join(f"{n} channels at {rate} Hz" for n, rate in tracks) or "no sound"
