"""Sound: copied packet by packet where the container takes its codec, else recoded losslessly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

import av
import av.container
import av.error
import numpy as np

from blur.errors import DecodeError, OutputError
from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.clock import moved
from blur.values import TimeSpan

# Codecs that each container takes as they are: known to players, without metadata of their own.
_COPIED = {
    "mp4": {"aac", "mp3", "mp2", "alac", "ac3", "eac3"},
    "mov": {"aac", "mp3", "alac", "ac3", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_s16be"}
    | {"pcm_s24be", "pcm_f32le"},
    # Other codecs have priming samples before the first sample, which would move the pictures.
    "matroska": {"opus", "pcm_s16le", "pcm_s24le", "pcm_f32le"},
}

# Lossless encoders and their sample formats: for 16 bits, for more.
_RECODED = {
    "mp4": (("alac", "s16p"), ("alac", "s32p")),
    "mov": (("pcm_s16le", "s16"), ("pcm_s24le", "s32")),
    "matroska": (("flac", "s16"), ("flac", "s32")),
}

_GAP = Fraction(1, 10)
"""Seconds; a longer gap is filled with silence, a shorter gap is the clock's rounding."""


class _Track(Protocol):
    """Turns the packets of a clip's sound track into those of the output."""

    note: str

    def packets(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]: ...


class Sound:
    """Every sound track of a clip in an output, in step with its pictures.

    Its times move by the pictures' shift. With `mute`, every track is recoded as a whole, so that
    no packet reaches beyond its span. Raises DecodeError or OutputError.
    """

    def __init__(
        self, info: ClipInfo, output: av.container.OutputContainer, mute: tuple[TimeSpan, ...] = ()
    ) -> None:
        self._info = info
        self._output = output
        self._stack = ExitStack()
        self._source = self._stack.enter_context(open_input(info.path))
        streams = [self._source.streams[track.index] for track in info.audio]
        self._packets = moved(self._source.demux(streams), info.moves)
        self._waiting: av.Packet[Any] | None = None
        shift = info.shift * info.time_base
        muxer = output.format.name
        self._tracks: dict[int, _Track] = {}
        for number, stream in enumerate(streams, 1):
            assert isinstance(stream, av.AudioStream)
            if not stream.codec_context.sample_rate:
                raise DecodeError(
                    f"sound track {number} cannot be read",
                    subject=info.path.name,
                    remedy="use --audio strip, or copy the clip from its source again",
                )
            if stream.codec_context.name in _COPIED[muxer] and not mute:
                self._tracks[stream.index] = _Copied(stream, output, shift)
            else:
                self._tracks[stream.index] = _Recoded(stream, output, shift, mute, number)
        self._shift = shift
        self.notes = tuple(dict.fromkeys(t.note for t in self._tracks.values() if t.note))

    def write_until(self, seconds: Fraction | None) -> None:
        """Write the sound due before `seconds`; all the rest for None. Raises DecodeError."""
        while True:
            try:
                packet = self._waiting or next(self._packets, None)
                self._waiting = None
                if packet is None:
                    return
                if seconds is not None and self._time(packet) > seconds:
                    self._waiting = packet
                    return
                ready = list(self._tracks[packet.stream.index].packets(packet))
            except av.error.FFmpegError as error:
                raise DecodeError(
                    f"its sound cannot be read: {error.strerror}", subject=self._info.path.name
                ) from error
            self._output.mux(ready)

    def _time(self, packet: av.Packet[Any]) -> Fraction:
        """Time of a packet in seconds; 0, due at once, where it has none."""
        time = packet.dts if packet.dts is not None else packet.pts
        return Fraction(0) if time is None else time * packet.time_base + self._shift

    def close(self) -> None:
        self._stack.close()


class _Copied:
    """Packets as they are, without the source's metadata."""

    note = ""

    def __init__(
        self, source: av.AudioStream, output: av.container.OutputContainer, shift: Fraction
    ) -> None:
        self._target = output.add_stream_from_template(source)
        context = source.codec_context
        self._shift = shift
        # Counting samples makes a coarser clock (Matroska, ASF) exact.
        self._rate, self._size = context.sample_rate, context.frame_size
        assert source.time_base is not None
        self._count = bool(self._size) and source.time_base > Fraction(1, self._rate)
        if self._count:
            self._target.time_base = Fraction(1, self._rate)
        self._next: int | None = None
        self._aac = context.name == "aac"

    def packets(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        if not packet.size:
            return
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            if self._next is None:
                return
            time = self._next
        if self._count:
            found = _exact_samples(packet, time, self._rate) + round(self._shift * self._rate)
            near = self._next is not None and abs(found - self._next) * 20 < self._rate
            pts = self._next if near and self._next is not None else found
            packet.time_base = Fraction(1, self._rate)
            packet.duration = self._size
        else:
            pts = time + round(self._shift / packet.time_base)
        packet.pts = packet.dts = pts
        self._next = pts + (packet.duration or 0)
        if self._aac:
            packet = _without_fill(packet)
        packet.stream = self._target
        yield packet


class _Recoded:
    """Packets decoded, silenced in muted spans, and encoded again by a lossless codec."""

    def __init__(
        self,
        source: av.AudioStream,
        output: av.container.OutputContainer,
        shift: Fraction,
        mute: tuple[TimeSpan, ...],
        number: int,
    ) -> None:
        context = source.codec_context
        deep = context.format.name.startswith("s32") or context.name in ("pcm_f32le", "pcm_f64le")
        encoder, sample_format = _RECODED[output.format.name][deep]
        bits = 24 if deep else 16
        self.note = f"sound track {number} recoded from {context.name} to {bits}-bit {encoder}"
        self._rate = context.sample_rate
        try:
            target = output.add_stream(encoder, rate=self._rate)
            assert isinstance(target, av.AudioStream)
            self._target = target
            layout = _layout(context.layout)
            self._target.codec_context.layout = layout
            self._target.codec_context.format = sample_format
            self._target.codec_context.time_base = Fraction(1, self._rate)
            self._target.codec_context.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise OutputError(
                f"its sound cannot be kept: {encoder} does not take {_layout(context.layout)}"
                f" at {self._rate} Hz",
                remedy="use --audio strip or --codec ffv1",
            ) from error
        self._format = av.AudioResampler(sample_format, layout, self._rate)
        self._shift = shift
        self._mute = tuple((round(a * self._rate), round(b * self._rate)) for a, b in mute)
        self._next: int | None = None

    def packets(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        end = not packet.size and packet.dts is None
        if not packet.size and not end:
            return
        for frame in packet.decode():
            assert isinstance(frame, av.AudioFrame)
            yield from self._encode(frame)
        if end:
            yield from self._target.encode(None)

    def _encode(self, frame: av.AudioFrame) -> Iterator[av.Packet[Any]]:
        assert frame.time_base is not None
        start = self._next or 0
        if frame.pts is not None:
            start = round((frame.pts * frame.time_base + self._shift) * self._rate)
        if self._next is None:
            self._next = max(0, start)
        for resampled in self._format.resample(frame):
            gap = start - self._next
            if gap > _GAP * self._rate:
                yield from self._put(_silence(resampled, gap))
            yield from self._put(resampled)
            start = self._next

    def _put(self, frame: av.AudioFrame) -> Iterator[av.Packet[Any]]:
        assert self._next is not None
        first, last = self._next, self._next + frame.samples
        cuts = [(max(a, first), min(b, last)) for a, b in self._mute if a < last and b > first]
        if cuts:
            frame = _silenced(frame, [(a - first, b - first) for a, b in cuts])
        frame.pts, frame.time_base = first, Fraction(1, self._rate)
        self._next = last
        yield from self._target.encode(frame)


def _exact_samples(packet: av.Packet[Any], time: int, rate: int) -> int:
    """A packet's time in samples, from a coarser clock.

    Priming samples before the first sample are a whole number; the first sample itself stands on
    the clock.
    """
    skipped = 0
    if packet.has_sidedata("skip_samples"):
        skipped = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little")
    heard = round(time + skipped / (rate * packet.time_base)) * packet.time_base
    return round(heard * rate) - skipped


def _without_fill(packet: av.Packet[Any]) -> av.Packet[Any]:
    """An AAC packet whose leading fill element, if any, holds zeros.

    Encoders write their names there (ISO/IEC 14496-3, fill_element); decoders skip it.
    """
    data = bytes(packet)
    # Transport streams put a header of seven bytes before each packet (ADTS, without a checksum).
    header = data[:7] if data[:2] in (b"\xff\xf1", b"\xff\xf9") else b""
    data = data[len(header) :]
    if len(data) < 3 or data[0] >> 5 != 6:
        return packet
    bits = int.from_bytes(data, "big")
    total = 8 * len(data)
    count, start = data[0] >> 1 & 15, 7
    if count == 15:
        count, start = 14 + (bits >> (total - 15) & 255), 15
    start, end = start + 4, start + 8 * count  # the extension's type stays
    if bits >> (total - start) & 15 > 1 or end > total:
        return packet
    bits &= ~(((1 << (end - start)) - 1) << (total - end))
    clean: av.Packet[Any] = av.Packet(header + bits.to_bytes(len(data), "big"))
    clean.pts, clean.dts, clean.duration = packet.pts, packet.dts, packet.duration
    clean.time_base, clean.is_keyframe = packet.time_base, packet.is_keyframe
    for side in packet.iter_sidedata():
        clean.set_sidedata(side)
    return clean


def _layout(layout: av.AudioLayout) -> str:
    """A layout's name; for unnamed channels, the usual layout of as many."""
    usual = {1: "mono", 2: "stereo", 4: "quad", 6: "5.1", 8: "7.1"}
    return usual.get(layout.nb_channels, layout.name) if "channels" in layout.name else layout.name


def _silence(like: av.AudioFrame, samples: int) -> av.AudioFrame:
    planes, width = like.to_ndarray().shape
    wide = width // like.samples  # packed formats interleave their channels
    return _frame(np.zeros((planes, samples * wide), like.to_ndarray().dtype), like)


def _silenced(frame: av.AudioFrame, spans: list[tuple[int, int]]) -> av.AudioFrame:
    samples = frame.to_ndarray().copy()
    wide = samples.shape[1] // frame.samples
    for start, end in spans:
        samples[:, start * wide : end * wide] = 0
    return _frame(samples, frame)


def _frame(samples: Any, like: av.AudioFrame) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples, like.format.name, like.layout.name)
    frame.sample_rate = like.sample_rate
    return frame
