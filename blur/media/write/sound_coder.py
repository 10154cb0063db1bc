"""A sound track of an output: its encoder, which counts samples, and silence."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
import av.container
import av.error
import numpy as np
from av.codec.context import Flags

from blur.errors import OutputError

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Hz; other rates become 48000."""

_AAC_BITS = 128_000
"""Bit/s of a channel, twice those of streaming services; the codec's limit is 288 thousand at 48
kHz, and more makes files larger."""

_LOSSY = ("aac", "ac3", "eac3", "libopus")

_SILENT_AT_ONCE = 1 << 14
"""Samples of a frame of silence; more take more memory and are rarer."""


class Coding(NamedTuple):
    """An encoder with its sample format, layout and rate in Hz."""

    encoder: str
    sample_format: str
    layout: str
    rate: int

    @classmethod
    def fitted(cls, encoder: str, sample_format: str, layout: av.AudioLayout, rate: int) -> Coding:
        """For the layout and rate, or else the usual layout of as many channels, or 48 kHz."""
        usual = {1: "mono", 2: "stereo", 4: "quad", 6: "5.1", 8: "7.1"}
        name = layout.name
        if "channels" in name:
            name = usual.get(layout.nb_channels, name)
        if encoder == "aac" and rate not in _AAC_RATES:
            rate = 48_000
        return cls(encoder, sample_format, name, rate)

    @property
    def channels(self) -> int:
        return av.AudioLayout(self.layout).nb_channels

    @property
    def quality(self) -> str:
        """In words: bit/s of the AAC, or bits of a sample."""
        if self.encoder == "aac":
            return f"{_AAC_BITS * self.channels // 1000} kbit/s"
        return f"{24 if self.sample_format == 's32' else 16}-bit"

    def open(self, coder: av.AudioCodecContext) -> None:
        """Open an encoder of this kind. Raises FFmpeg's errors and ValueError."""
        coder.layout, coder.format, coder.sample_rate = self.layout, self.sample_format, self.rate
        coder.time_base = Fraction(1, self.rate)
        coder.flags |= Flags.bitexact  # or else the encoder writes its name
        if self.encoder in _LOSSY:
            coder.bit_rate = _AAC_BITS * self.channels
        coder.open()

    def opens(self) -> bool:
        """Whether the encoder takes layout and rate."""
        coder = av.CodecContext.create(self.encoder, "w")
        assert isinstance(coder, av.AudioCodecContext)
        try:
            self.open(coder)
        except (av.error.FFmpegError, ValueError):
            return False
        return True


class Coder:
    """Encodes the samples of a track one after the other; `next` is the next one's number, None
    before the first. Raises OutputError where the encoder does not take layout or rate."""

    def __init__(self, output: av.container.OutputContainer, coding: Coding) -> None:
        self.coding = coding
        self.next: int | None = None
        try:
            target = output.add_stream(coding.encoder, rate=coding.rate)
            assert isinstance(target, av.AudioStream)
            self._target = target
            coding.open(target.codec_context)
        except (av.error.FFmpegError, ValueError) as error:
            raise OutputError(
                f"its sound cannot be kept: {coding.encoder} does not take {coding.layout} at"
                f" {coding.rate} Hz",
                remedy="use --audio none or --codec ffv1",
            ) from error

    def put(self, frame: av.AudioFrame) -> Iterator[av.Packet[Any]]:
        """Packets that the next samples complete; they are in the coding's format and rate."""
        assert self.next is not None
        frame.pts, frame.time_base = self.next, Fraction(1, self.coding.rate)
        self.next += frame.samples
        yield from self._target.encode(frame)

    def silence(self, until: int) -> Iterator[av.Packet[Any]]:
        """Packets that silence up to sample `until` completes."""
        assert self.next is not None
        while (left := until - self.next) > 0:
            yield from self.put(_silence(self.coding, min(left, _SILENT_AT_ONCE)))

    def end(self) -> Iterator[av.Packet[Any]]:
        yield from self._target.encode(None)


def _silence(coding: Coding, samples: int) -> av.AudioFrame:
    kind = av.AudioFormat(coding.sample_format)
    planes, wide = (coding.channels, 1) if kind.is_planar else (1, coding.channels)
    zeros = np.zeros((planes, samples * wide), _DTYPES[kind.packed.name])
    frame = av.AudioFrame.from_ndarray(zeros, coding.sample_format, coding.layout)
    frame.sample_rate = coding.rate
    return frame


_DTYPES = {"s16": np.int16, "s32": np.int32, "flt": np.float32}
"""Types whose zero is silence; unsigned samples rest at their middle."""
