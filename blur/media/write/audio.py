"""Sound: copied frame by frame where the container takes its codec, else recoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

import av
import av.container
import av.error
import numpy as np
from av.codec.context import Flags

from blur.errors import DecodeError, OutputError
from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.clock import moved
from blur.media.write.sound_frames import frames_alone
from blur.settings.values import TimeSpan

_COPIED = {
    "mp4": {"mp3", "mp2", "ac3", "eac3"},
    "mov": {"mp3", "ac3", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_s16be", "pcm_s24be"}
    | {"pcm_f32le"},
    "matroska": {"opus", "pcm_s16le", "pcm_s24le", "pcm_f32le"},
}
"""Codecs that each container takes as they are: known to players, in frames that tell their length.
Packets of AAC and ALAC have room between their sounds for elements that no decoder gives out."""

_FRAMED = ("mp2", "mp3", "ac3", "eac3", "opus")

_RECODED = {
    "mp4": (("aac", "fltp"), ("aac", "fltp")),
    "mov": (("pcm_s16le", "s16"), ("pcm_s24le", "s32")),
    "matroska": (("flac", "s16"), ("flac", "s32")),
}
"""Encoders and their sample formats, for 16 bits and for more: played by browsers (MP4) and by
editing programs."""

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Hz; other rates become 48000."""

_AAC_BITS = 128_000
"""Bit/s of a channel, twice those of streaming services; the codec's limit is 288 thousand at 48
kHz, and more makes files larger."""

_GAP = Fraction(1, 100)
"""Seconds; a longer gap is filled with silence, a shorter one is the rounding of a clock of
milliseconds. A larger value lets the sound fall out of step by as much."""


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
            codec, channels = _codec(stream), stream.codec_context.layout.nb_channels
            # More channels of Opus are streams within each packet.
            simple = codec != "opus" or channels <= 2
            if codec in _COPIED[muxer] and simple and not mute:
                self._tracks[stream.index] = _Copied(stream, output, shift, info.path.name)
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
        self,
        source: av.AudioStream,
        output: av.container.OutputContainer,
        shift: Fraction,
        name: str,
    ) -> None:
        self._name, self._codec = name, _codec(source)
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
        if self._codec in _FRAMED:
            packet = self._frames_alone(packet)
        packet.stream = self._target
        yield packet

    def _frames_alone(self, packet: av.Packet[Any]) -> av.Packet[Any]:
        frames = frames_alone(self._codec, bytes(packet))
        if frames is None:
            raise DecodeError(
                f"its sound cannot be kept: a packet holds no whole frame of {self._codec}",
                subject=self._name,
                remedy="use --audio strip, or recode the sound first",
            )
        clean: av.Packet[Any] = av.Packet(frames)
        clean.pts, clean.dts, clean.duration = packet.pts, packet.dts, packet.duration
        clean.time_base, clean.is_keyframe = packet.time_base, packet.is_keyframe
        if packet.has_sidedata("skip_samples"):
            clean.set_sidedata(packet.get_sidedata("skip_samples"))
        return clean


class _Recoded:
    """Packets decoded, silenced in muted spans, and encoded again."""

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
        lossy = encoder == "aac"
        self._rate = context.sample_rate
        if lossy and self._rate not in _AAC_RATES:
            self._rate = 48_000
        layout = _layout(context.layout)
        kind = f"{_AAC_BITS * context.layout.nb_channels // 1000} kbit/s" if lossy else None
        kind = kind or f"{24 if deep else 16}-bit"
        self.note = f"sound track {number} recoded from {_codec(source)} to {kind} {encoder}"
        try:
            target = output.add_stream(encoder, rate=self._rate)
            assert isinstance(target, av.AudioStream)
            self._target = target
            coder = target.codec_context
            coder.layout, coder.format = layout, sample_format
            coder.time_base = Fraction(1, self._rate)
            coder.flags |= Flags.bitexact  # or else the encoder writes its name
            if lossy:
                coder.bit_rate = _AAC_BITS * context.layout.nb_channels
            coder.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise OutputError(
                f"its sound cannot be kept: {encoder} does not take {layout} at {self._rate} Hz",
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
            for rest in self._format.resample(None) if self._next is not None else ():
                yield from self._put(rest)
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


def _codec(stream: av.AudioStream) -> str:
    """The codec's name, not its decoder's."""
    return stream.codec_context.codec.canonical_name


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
