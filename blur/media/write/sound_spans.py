"""Spans of a sound whose samples are taken out, with silence or a tone in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import av
import numpy as np
import numpy.typing as npt

from blur.settings.values import TimeSpan

SampleSpan: TypeAlias = tuple[int, int]
"""Samples [start, end) of a track, counted from the start of the pictures."""

_TONE = 1000
"""Hz, as line-up tones and broadcasters' bleeps have it; a higher one is shriller."""

_LEVEL = 0.1
"""The tone's amplitude as a share of full scale: -20 dB, the line-up level of SMPTE RP 155; more is
louder."""

_FADE = Fraction(1, 200)
"""Seconds in which the tone swells and dies away, within its span, so that it does not click; more
makes it softer."""


class SoundSpans:
    """The spans of a track at `rate` Hz. Every span of `tones` lies within those of `mute`, all of
    them in seconds of the clip's clock; the track begins at `begin` seconds of it."""

    def __init__(
        self, mute: Iterable[TimeSpan], tones: Iterable[TimeSpan], rate: int, begin: Fraction
    ) -> None:
        self._rate = rate
        self._mute = list(_samples(mute, rate, begin))
        self._tones = list(_samples(tones, rate, begin))

    def taken_out(self, frame: av.AudioFrame, first: int, clock: int) -> av.AudioFrame:
        """The frame without its samples in the spans.

        `first` is its first sample's place in the output, `clock` the place that its own time
        gives: where sound overlaps itself the two drift apart, and samples in a span by either of
        them go.
        """
        last, drift = first + frame.samples, clock - first
        spans = [*self._mute, *((a - drift, b - drift) for a, b in self._mute if drift)]
        cuts = [(max(a, first) - first, min(b, last) - first) for a, b in spans]
        cuts = [(a, b) for a, b in cuts if a < b]
        if not cuts:
            return frame
        samples = samples_of(frame)
        for a, b in cuts:
            samples[:, a:b] = 0
        for start, end in self._tones:
            a, b = max(start, first), min(end, last)
            if a < b:
                samples[:, a - first : b - first] = self._tone(a, b, start, end, samples.dtype)
        return frame_of(samples, frame)

    def _tone(self, a: int, b: int, start: int, end: int, kind: np.dtype[Any]) -> Any:
        """Samples [a, b) of the tone from `start` to `end`; its phase is the output's clock's."""
        at = np.arange(a, b)
        fade = max(1, min(round(_FADE * self._rate), (end - start) // 2))
        swell = np.minimum(np.minimum(at - start, end - 1 - at) / fade, 1)
        wave = _LEVEL * swell * np.sin(2 * np.pi * _TONE / self._rate * (at % self._rate))
        if kind.kind == "i":
            wave = np.round(wave * np.iinfo(kind).max)
        return wave.astype(kind)


def _samples(spans: Iterable[TimeSpan], rate: int, begin: Fraction) -> Iterator[SampleSpan]:
    return ((round((a - begin) * rate), round((b - begin) * rate)) for a, b in spans)


def samples_of(frame: av.AudioFrame) -> npt.NDArray[Any]:
    """A copy of a frame's samples, (channels, samples)."""
    samples: Any = frame.to_ndarray()
    if samples.shape[1] != frame.samples:  # packed formats interleave their channels
        samples = samples.reshape(frame.samples, -1).T
    return np.array(samples, order="C")


def frame_of(samples: npt.NDArray[Any], like: av.AudioFrame) -> av.AudioFrame:
    """A frame of samples, (channels, samples), in the format, layout and rate of another."""
    if not like.format.is_planar:
        samples = samples.T.reshape(1, -1)
    made = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples), like.format.name, like.layout.name
    )
    made.sample_rate = like.sample_rate
    return made
