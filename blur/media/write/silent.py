"""Silence in place of a sound track: its start, length, channels, rate, and codec where possible.

Made from the packets' times alone; nothing is decoded, so that damaged sound hinders no output.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.container

from blur.media.open.origin import heard_from
from blur.media.write.sound_coder import Coder, Coding

_PCM = {f"pcm_{kind}" for kind in ("s16le", "s24le", "s32le", "s16be", "s24be", "f32le")}
_HELD = {
    "mp4": {"aac", "ac3", "eac3", "alac"},
    "mov": {"aac", "ac3", "eac3", "alac"} | _PCM,
    "mxf": {"pcm_s16le", "pcm_s24le"},
    "matroska": {"aac", "ac3", "eac3", "alac", "flac", "opus", "pcm_s16le", "pcm_s24le"}
    | {"pcm_s32le", "pcm_f32le"},
}
"""Codecs that each container takes and whose encoders write no name of theirs; LAME writes its own
into MP3."""

_ENCODERS = {"opus": "libopus"}


def silent_coding(source: av.AudioStream, muxer: str, otherwise: Coding) -> Coding | None:
    """The coding of silence in place of `source`; None if the container holds none such."""
    context = source.codec_context
    codec = context.codec.canonical_name
    found = [otherwise]
    if codec in _HELD[muxer]:
        encoder = _ENCODERS.get(codec, codec)
        formats = av.Codec(encoder, "w").audio_formats or ()
        name = next(f.name for f in formats if not f.name.startswith("u8"))
        found.insert(0, Coding.fitted(encoder, name, context.layout, context.sample_rate))
    return next((coding for coding in found if coding.opens()), None)


class Silent:
    """Packets of silence for as long as the source's packets last."""

    note = ""

    def __init__(
        self,
        source: av.AudioStream,
        output: av.container.OutputContainer,
        shift: Fraction,
        coding: Coding,
        length: Fraction | None = None,
    ) -> None:
        """`length`, in seconds, is that of the pictures of a part; sound ends with them."""
        self._coder = Coder(output, coding)
        self._until = None if length is None else round(length * coding.rate)
        self._shift = shift
        self._usual = Fraction(source.codec_context.frame_size, source.codec_context.sample_rate)

    def packets(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        if not packet.size:
            if packet.dts is None:
                if self._until is not None:
                    self._coder.next = self._coder.next or 0
                    yield from self._coder.silence(self._until)
                yield from self._coder.end()
            return
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or packet.is_discard:
            return
        if self._coder.next is None:
            heard = heard_from(packet)
            self._coder.next = max(
                0, self._sample(packet.time_base * time if heard is None else heard)
            )
        length = (packet.duration or 0) * packet.time_base or self._usual
        end = time * packet.time_base + length - self._cut(packet)
        until = self._sample(end)
        yield from self._coder.silence(until if self._until is None else min(until, self._until))

    def _sample(self, seconds: Fraction) -> int:
        return round((seconds + self._shift) * self._coder.coding.rate)

    def _cut(self, packet: av.Packet[Any]) -> Fraction:
        """Seconds at the packet's end that players skip: padding of the last one."""
        if not packet.has_sidedata("skip_samples"):
            return Fraction(0)
        cut = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[4:8], "little")
        return Fraction(cut, packet.stream.codec_context.sample_rate)
