"""The covered film: a new container with the contents of an allow-list and nothing else."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import av.error
from av.codec.context import Flags

from blur.disk.places import absolute
from blur.errors import OutputError
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.open.read import Frame
from blur.media.traces import nal
from blur.media.traces.file_traces import check_output
from blur.media.traces.metadata import Kind
from blur.media.write.audio import Sound
from blur.media.write.delivery import ZERO, Delivery, delivery_of
from blur.media.write.encoder import hwaccel_for, open_encoder, stays_interlaced
from blur.media.write.mxf_names import name_packages
from blur.media.write.part import Part, Written, explained
from blur.media.write.pixel_formats import Conversion
from blur.media.write.presets import Preset, preset_for, sample_format
from blur.media.write.swap import differences
from blur.settings import AudioMode, OutputSettings, Timecode

_FEW = 24
"""Frames from which a container's average rate can be trusted; larger leaves more unchecked."""


class Writer:
    """Encodes frames into `final_path`, which appears whole and verified, or not at all.

    `delivery` and `preset` go before the settings' own, `threads` of its encoders before
    `codec_threads`.
    A context manager; leaving it before `finish` removes the unfinished file. Raises OutputError
    or DiskFull, and CannotEncode when no encoder opens for the clip.
    """

    def __init__(
        self,
        final_path: Path,
        info: ClipInfo,
        settings: OutputSettings,
        delivery: Delivery | None = None,
        preset: Preset | None = None,
        threads: int | None = None,
    ) -> None:
        self._info = info
        self._threads = threads
        self._chosen = preset
        self._settings = settings
        self._delivery = delivery or delivery_of(info, settings)
        self._part = Part(final_path)
        self._stack = ExitStack()
        self._pts: list[int] = []
        self._ends: dict[int, int] = {}
        self._held: list[av.Packet[Any]] = []
        self._sound: Sound | None = None
        self._notes = list(info.notes)

    def __enter__(self) -> Self:
        self._stack.enter_context(self._part)
        with ExitStack() as failed:
            failed.callback(self.__exit__)
            with explained(self._part.final):
                self._open(self._chosen or preset_for(self._info, self._settings))
            failed.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        # On a full disk the trailer of an abandoned output cannot be written, and need not be.
        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._stack.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the stored pictures that it takes."""
        return self._info.orientation.stored_width, self._info.orientation.stored_height

    def write(self, frame: Frame) -> None:
        """Encode a frame at its own pts."""
        with explained(self._part.final):
            self._expect(frame.pts, frame.duration)
            self._mux(self._stream.encode(self._picture(frame)))
            self._sound_until(frame.pts)

    def _expect(self, pts: int, duration: int) -> None:
        """Note the time of the frame that follows, and so the end of the last."""
        if self._pts:
            self._ends[self._pts[-1]] = pts
        self._pts.append(pts)
        self._last_duration = duration

    def finish(self) -> Written:
        """Complete, verify and rename the output."""
        final = self._part.final
        with explained(final):
            if not self._pts:
                raise OutputError("no frame was written", subject=final.name)
            self._ends[self._pts[-1]] = self._pts[-1] + self._last_frame_duration()
            self._mux(self._stream.encode(None))
            self._flush_held()
            if self._sound is not None:
                self._sound.write_until(None)
            self._container.close()
            if self._preset.container == "mxf":
                name_packages(self._part.path)
            self._verify()
            check_output(self._part.path, self._allowed(), final.name)
            self._compare()
        size, sha256 = self._part.place()
        notes = (*self._notes, *self._part.notes)
        return Written(final, len(self._pts), size, sha256, notes, tuple(self._dropped()))

    def _picture(self, frame: Frame, conversion: Conversion | None = None) -> av.VideoFrame:
        """The frame in the encoder's sample format, at its own time."""
        picture = (conversion or self._conversion).apply(frame.picture)
        picture.pts, picture.time_base = frame.pts, self._info.time_base
        picture.pict_type = 0  # the encoder chooses its own key frames
        return picture

    def _sound_until(self, pts: int) -> None:
        if self._sound is not None:
            self._sound.write_until(pts * self._info.time_base)

    def _open(self, preset: Preset) -> None:
        info, settings = self._info, self._settings
        self._container = self._stack.enter_context(
            av.open(
                f"file:{absolute(self._part.path)}",
                "w",
                format=preset.container,
                container_options=_muxer_options(preset, info, self._wants_sound),
            )
        )
        if preset.container == "mxf":  # has a timecode in any case
            timecode = self._delivery.timecode or ZERO
            self._delivery = replace(self._delivery, timecode=timecode)
        target = sample_format(info, preset)
        self._preset, self._target = preset, target
        self._conversion = self._another_conversion()
        if self._conversion.note:
            self._notes.append(self._conversion.note)
        stream = self._container.add_stream(
            preset.encoder,
            rate=info.rate,
            hwaccel=hwaccel_for(settings),
        )
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._describe()
        self._set_up(stream.codec_context)
        if self._wants_sound:
            self._sound = Sound(info, self._container, self._delivery.sound)
            self._stack.callback(self._sound.close)
            self._notes += self._sound.notes
        self._container.start_encoding()
        self._clean = av.BitStreamFilterContext(preset.user_data, self._stream)

    def _set_up(self, encoder: av.VideoCodecContext) -> None:
        open_encoder(
            encoder,
            self._info,
            self._settings,
            self._preset,
            self._target,
            self._conversion.colour,
            self._threads,
        )

    def _another_encoder(self) -> av.VideoCodecContext:
        """A fresh encoder like the stream's: its packets depend on no others."""
        encoder = av.CodecContext.create(self._preset.encoder, "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.framerate, encoder.bit_rate = self._info.rate, 0
        encoder.flags |= self._stream.codec_context.flags & Flags.global_header
        self._set_up(encoder)
        return encoder

    def _another_conversion(self) -> Conversion:
        """A fresh conversion to the encoder's sample format, for one thread."""
        info, full_range = self._info, self._preset.full_range
        return Conversion(info.pix_fmt, self._target, info.colour, full_range=full_range)

    def _describe(self) -> None:
        """Tell the container the clock, geometry, codec tag and timecode."""
        info = self._info
        self._stream.time_base = info.time_base
        if self._preset.codec_tag is not None:
            self._stream.codec_context.codec_tag = self._preset.codec_tag
        if stays_interlaced(info, self._settings):
            self._notes.append("interlaced, kept so")
        if info.display_matrix is not None:
            self._stream.set_display_matrix(info.display_matrix)
        if self._delivery.timecode:
            self._stream.metadata["timecode"] = self._delivery.timecode
        if self._preset.container == "mxf":  # or else FFmpeg writes its own
            self._container.metadata.update(company_name="", product_name="")
        if self._delivery.reel:
            holder = self._container if self._preset.container == "mxf" else self._stream
            holder.metadata["reel_name"] = self._delivery.reel

    @property
    def _wants_sound(self) -> bool:
        return bool(self._info.audio) and self._delivery.sound.mode is not AudioMode.NONE

    def _mux(self, packets: list[av.Packet[av.VideoStream]]) -> None:
        """Mux packets as soon as the end of their pictures is known."""
        for packet in packets:
            time_base = packet.time_base
            for clean in self._clean.filter(packet):
                if self._preset.encoder == "libx264" and self._preset.user_data == "null":
                    clean = _without_user_data(clean)
                clean.stream, clean.time_base = self._stream, time_base
                self._held.append(clean)
        while self._held and self._held[0].pts in self._ends:
            self._send(self._held.pop(0))

    def _send(self, packet: av.Packet[Any]) -> None:
        assert packet.pts is not None
        packet.duration = self._ends.pop(packet.pts) - packet.pts
        self._container.mux_one(packet)

    def _flush_held(self) -> None:
        if self._held:
            raise OutputError(
                f"the encoder moved a frame to {self._held[0].pts}", subject=self._part.final.name
            )

    def _last_frame_duration(self) -> int:
        step = self._pts[-1] - self._pts[-2] if len(self._pts) > 1 else 0
        usual = round(1 / (self._info.rate * self._info.time_base))
        return self._last_duration or step or max(1, usual)

    def _allowed(self) -> frozenset[Kind]:
        """The kinds of traces that the settings ask for."""
        allowed = set()
        if self._sound is not None:
            allowed.add(Kind.SOUND)
        if self._delivery.timecode:
            allowed.add(Kind.TIMECODE)
        return frozenset(allowed)

    def _dropped(self) -> Iterator[str]:
        for content in self._info.dropped:
            kept = self._settings.timecode is Timecode.KEEP and content.startswith("timecode")
            if not kept:
                yield content
        if self._info.audio and self._delivery.sound.mode is not AudioMode.KEEP:
            silence = ", silence in its place" if self._sound is not None else ""
            yield f"sound{silence} (a voice identifies; --audio keep keeps it)"

    def _compare(self) -> None:
        """Note where the output does not take the clip's place in a timeline.

        Rate and length may be the clip's or those of its frames: some containers' are a guess.
        """
        steps = {after - before for before, after in itertools.pairwise(self._pts)}
        steady = len(self._pts) >= _FEW and max(steps) - min(steps) <= 1
        clip, made = self._info, probe(self._part.path)
        alike = [clip]
        if steady:
            lasts = (self._pts[-1] - self._pts[0]) * clip.time_base
            rate = (len(self._pts) - 1) / lasts
            end = self._last_frame_duration() * clip.time_base
            alike.append(replace(clip, rate=rate, duration=lasts + end))
        if unlike := differences(alike, made, self._delivery, steady=steady):
            self._notes.append(f"does not take its original's place as it is: {unlike}")

    def _verify(self) -> None:
        """Demux the output: it must hold every frame, each at its own time. Raises OutputError."""
        with av.open(f"file:{absolute(self._part.path)}") as container:
            stream = container.streams.video[0]
            tick = stream.time_base or Fraction(1)
            times = sorted(p.pts for p in container.demux(stream) if p.pts is not None and p.size)
        final = self._part.final
        if len(times) != len(self._pts):
            raise OutputError(
                f"{len(self._pts)} frames were written, the output holds {len(times)}",
                subject=final.name,
            )
        coarse = bool((self._info.time_base / tick).denominator > 1)  # ticks that it cannot hold
        for index, (found, pts) in enumerate(zip(times, self._pts, strict=True)):
            error = abs(found * tick - pts * self._info.time_base)
            if error > (tick / 2 if coarse else 0):
                raise OutputError(
                    f"frame {index} moved in time by {float(error):.6f} s", subject=final.name
                )
        if coarse and any(pts * self._info.time_base % tick for pts in self._pts):
            self._notes.append(f"times rounded to the container's {float(tick * 1000):g} ms")


def _without_user_data(packet: av.Packet[Any]) -> av.Packet[Any]:
    data = bytes(packet)
    left = nal.without_user_data(data)
    if len(left) == len(data):
        return packet
    made: av.Packet[Any] = av.Packet(left)
    made.pts, made.dts, made.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
    return made


def _muxer_options(preset: Preset, info: ClipInfo, sound: bool) -> dict[str, str]:
    options = {"fflags": "+bitexact"}
    if preset.container in ("mp4", "mov"):
        ticks = _movie_ticks(info, [track.rate or 1 for track in info.audio] if sound else [])
        options |= {"movflags": "+faststart", "movie_timescale": str(ticks)}
    return options


def _movie_ticks(info: ClipInfo, rates: Sequence[int]) -> int:
    """Ticks a second for edit lists, which hold the start of each track.

    A common multiple of all tracks' clocks if 32 bits count it to the clip's end, else of the
    pictures' alone.
    """
    own = info.time_base.denominator
    own *= math.ceil(600 / own)  # QuickTime's usual count at least
    longest = (1 << 31) // math.ceil((info.duration or 36_000) + 60)
    for ticks in (math.lcm(own, *rates), own * math.ceil(48_000 / own), own):
        if ticks <= longest:
            return ticks
    return own
