"""Sound: copied frame by frame where the container takes its codec, else recoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

import av
import av.container
import av.error
from av.stream import Stream

from blur.data.sound import Sounding
from blur.errors import DecodeError
from blur.media.container import open_input
from blur.media.open.clip_info import ClipInfo
from blur.media.open.clock import moved
from blur.media.write.silent import Silent, silent_coding
from blur.media.write.sound_coder import Coder, Coding
from blur.media.write.sound_frames import FramesAlone
from blur.media.write.sound_spans import SoundSpans, frame_of, samples_of
from blur.settings import AudioMode

_COPIED = {
    "mp4": {"mp3", "mp2"},
    "mov": {"mp3", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_s16be", "pcm_s24be", "pcm_f32le"},
    "mxf": {"pcm_s16le", "pcm_s24le"},
    "matroska": {"opus", "pcm_s16le", "pcm_s24le", "pcm_f32le"},
}
"""Codecs that each container takes as they are: known to players, in frames whose sound can be told
from whatever lies beside it. Packets of AAC, ALAC, AC-3 and E-AC-3 have room between their sounds
for elements that no decoder gives out."""

_RECODED = {
    "mp4": (("aac", "fltp"), ("aac", "fltp")),
    "mov": (("pcm_s16le", "s16"), ("pcm_s24le", "s32")),
    "mxf": (("pcm_s16le", "s16"), ("pcm_s24le", "s32")),
    "matroska": (("flac", "s16"), ("flac", "s32")),
}
"""Encoders and their sample formats, for 16 bits and for more: played by browsers (MP4) and by
editing programs."""

_GAP = Fraction(1, 100)
"""Seconds; a longer gap is filled with silence, a shorter one is the rounding of a clock of
milliseconds. A larger value lets the sound fall out of step by as much."""


_RUN_UP = 5
"""Seconds of sound that are read before a part, so that every decoder is in step at its start. A
larger value takes longer."""


class _Track(Protocol):
    """Turns the packets of a clip's sound track into those of the output."""

    note: str

    def packets(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]: ...


class Sound:
    """Every sound track of a clip in an output, in step with its pictures.

    Its times move by the pictures' shift. With muted spans, every track is recoded as a whole, so
    that no packet reaches beyond its span. Raises DecodeError or OutputError.
    """

    def __init__(
        self, info: ClipInfo, output: av.container.OutputContainer, sounding: Sounding
    ) -> None:
        self._info = info
        self._output = output
        self._stack = ExitStack()
        self._source = self._stack.enter_context(open_input(sounding.file or info.path))
        self._waiting: av.Packet[Any] | None = None
        streams: list[Stream]
        if sounding.file is None:
            streams = [self._source.streams[track.index] for track in info.audio]
            self._shift, moves = info.shift * info.time_base, info.moves
        else:  # it begins with the pictures
            streams, self._shift, moves = list(self._source.streams.audio), Fraction(0), ()
        if sounding.start is not None:
            if not moves and sounding.start - self._shift > _RUN_UP:
                self._source.seek(int((sounding.start - self._shift - _RUN_UP) * av.time_base))
            self._shift -= sounding.start
        self._tracks: dict[int, _Track] = {}
        notes: list[str] = []
        for number, stream in enumerate(streams, 1):
            assert isinstance(stream, av.AudioStream)
            track = self._track(stream, number, sounding)
            if track is None:
                notes.append(f"sound track {number} left out: no silence like it can be written")
            else:
                self._tracks[stream.index] = track
                notes.append(track.note)
        self.notes = tuple(dict.fromkeys(filter(None, notes)))
        kept = [stream for stream in streams if stream.index in self._tracks]
        self._packets = moved(self._source.demux(kept), moves) if kept else iter(())

    def _track(self, stream: av.AudioStream, number: int, sounding: Sounding) -> _Track | None:
        """The track's way into the output; None where its silence cannot be written."""
        output, muxer, name = self._output, self._output.format.name, self._info.path.name
        silent = sounding.mode is AudioMode.SILENCE
        if not stream.codec_context.sample_rate:
            if silent:
                return None
            raise DecodeError(
                f"sound track {number} cannot be read",
                subject=name,
                remedy="use --audio silence, or copy the clip again from the card",
            )
        if silent:
            coding = silent_coding(stream, muxer, _recoding(stream, muxer))
            return coding and Silent(stream, output, self._shift, coding, sounding.length)
        codec, channels = _codec(stream), stream.codec_context.layout.nb_channels
        # More channels of Opus are streams within each packet.
        simple = codec != "opus" or channels <= 2
        whole = sounding.file is None and sounding.start is None
        if codec in _COPIED[muxer] and simple and not sounding.mute and whole:
            return _Copied(stream, output, self._shift, name)
        return _Recoded(stream, output, self._shift, number, sounding)

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
        self._frames: FramesAlone[av.Packet[Any]] = FramesAlone(self._codec)
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
            if packet.dts is None:
                yield from map(self._clean, self._frames.end())
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
        yield from map(self._clean, self._frames.put(bytes(packet), packet))

    def _clean(self, ready: tuple[av.Packet[Any], bytes | None]) -> av.Packet[Any]:
        packet, sound = ready
        if sound is None:
            raise DecodeError(
                f"its sound cannot be kept: a packet holds no whole frame of {self._codec}",
                subject=self._name,
                remedy="use --audio none, or recode the sound first",
            )
        clean: av.Packet[Any] = av.Packet(sound)
        clean.pts, clean.dts, clean.duration = packet.pts, packet.dts, packet.duration
        clean.time_base, clean.is_keyframe = packet.time_base, packet.is_keyframe
        if packet.has_sidedata("skip_samples"):
            clean.set_sidedata(packet.get_sidedata("skip_samples"))
        clean.stream = self._target
        return clean


class _Recoded:
    """Packets decoded, silence or a tone put into muted spans, and encoded again.

    Another file's sound, or a part's, is cut to the length of the pictures, or goes on as silence.
    """

    def __init__(
        self,
        source: av.AudioStream,
        output: av.container.OutputContainer,
        shift: Fraction,
        number: int,
        sounding: Sounding,
    ) -> None:
        coding = _recoding(source, output.format.name)
        self.note = (
            f"sound track {number} recoded from {_codec(source)} to {coding.quality}"
            f" {coding.encoder}"
        )
        self._coder, self._rate = Coder(output, coding), coding.rate
        self._format = av.AudioResampler(coding.sample_format, coding.layout, coding.rate)
        self._shift = shift
        begin, self._early = sounding.start or Fraction(0), 0
        self._spans = SoundSpans(sounding.mute, sounding.bleep, self._rate, begin)
        self._until: int | None = None
        if sounding.length is not None:
            self._until = round(sounding.length * self._rate)
        if sounding.file is not None:
            self.note = (
                f"sound track {number} is of another file, {coding.quality} {coding.encoder}"
            )

    def packets(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        end = not packet.size and packet.dts is None
        if not packet.size and not end:
            return
        if not end and self._until is not None and (self._coder.next or 0) >= self._until:
            return
        for frame in packet.decode():
            assert isinstance(frame, av.AudioFrame)
            yield from self._encode(frame)
        if end:
            if self._coder.next is not None:
                for rest in self._format.resample(None):
                    yield from self._put(rest, self._coder.next)
            if self._until is not None:
                self._coder.next = self._coder.next or 0
                yield from self._coder.silence(self._until)
            yield from self._coder.end()

    def _encode(self, frame: av.AudioFrame) -> Iterator[av.Packet[Any]]:
        assert frame.time_base is not None
        start = self._coder.next or 0
        if frame.pts is not None:
            start = round((frame.pts * frame.time_base + self._shift) * self._rate)
        if self._coder.next is None:
            self._coder.next = max(0, start)
        if start < 0 and frame.pts is not None:  # before the part begins
            self._early = -start
        for resampled in self._format.resample(frame):
            if start - self._coder.next > _GAP * self._rate:
                yield from self._coder.silence(start)
            yield from self._put(resampled, start)
            start = self._coder.next

    def _put(self, frame: av.AudioFrame, clock: int) -> Iterator[av.Packet[Any]]:
        """`clock` is the place of its first sample by its own time."""
        first = self._coder.next
        assert first is not None
        if self._early:
            early, self._early = self._early, max(0, self._early - frame.samples)
            if early >= frame.samples:
                return
            frame = frame_of(samples_of(frame)[:, early:], frame)
            clock += early
        if self._until is not None and first >= self._until:
            return
        frame = self._spans.taken_out(frame, first, clock)
        if self._until is not None and first + frame.samples > self._until:
            frame = frame_of(samples_of(frame)[:, : self._until - first], frame)
        yield from self._coder.put(frame)


def _recoding(source: av.AudioStream, muxer: str) -> Coding:
    """The coding of a track that the container does not take as it is."""
    context = source.codec_context
    deep = context.format.name.startswith("s32") or context.name in ("pcm_f32le", "pcm_f64le")
    return Coding.fitted(*_RECODED[muxer][deep], context.layout, context.sample_rate)


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
