"""Coded sound without what decoders skip: bytes behind a frame, padding, and ancillary data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from blur.media.write import mpeg_audio

T = TypeVar("T")


class FramesAlone(Generic[T]):
    """The sound in packets of mp2, mp3, opus; other codecs pass as they are.

    Each packet comes with a carrier of the caller's, in order, as soon as no later packet can
    matter to it. None in place of a packet that does not begin with a whole frame.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._reservoir: mpeg_audio.Reservoir[tuple[T, bool]] = mpeg_audio.Reservoir()
        self._parts = b""

    def put(self, packet: bytes, carrier: T) -> Iterator[tuple[T, bytes | None]]:
        if self._codec == "opus":
            yield carrier, _unpadded(packet)
            return
        if self._codec not in ("mp2", "mp3"):
            yield carrier, packet
            return
        found = list(mpeg_audio.frames(packet))
        if not found:
            yield carrier, None
        elif found[0][0].layer == 2:  # MP4 calls both layers by a single number
            yield from self.end()
            yield carrier, b"".join(mpeg_audio.without_rest(*frame) for frame in found)
        else:
            for left, (header, frame) in zip(range(len(found) - 1, -1, -1), found, strict=True):
                yield from self._whole(self._reservoir.put(header, frame, (carrier, not left)))

    def end(self) -> Iterator[tuple[T, bytes | None]]:
        yield from self._whole(self._reservoir.end())

    def _whole(self, ready: Iterator[tuple[tuple[T, bool], bytes]]) -> Iterator[tuple[T, bytes]]:
        """Frames of a packet together again."""
        for (carrier, last), frame in ready:
            self._parts += frame
            if last:
                yield carrier, self._parts
                self._parts = b""


def _unpadded(packet: bytes) -> bytes | None:
    """An Opus packet without padding (RFC 6716, section 3.2.5)."""
    if not packet:
        return None
    if packet[0] & 3 != 3 or len(packet) < 2 or not packet[1] & 0x40:
        return packet
    at, padding = 2, 0
    while at < len(packet):
        length, at = packet[at], at + 1
        padding += 254 if length == 255 else length
        if length != 255:
            break
    if at + padding > len(packet):
        return None
    return packet[:1] + bytes([packet[1] & ~0x40]) + packet[at : len(packet) - padding]
