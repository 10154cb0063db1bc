"""Coded sound without what decoders skip: bytes behind a frame, and padding, can carry anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_V1_LAYER_3 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V1_LAYER_2 = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_V2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44100, 48000, 32000)
"""kbit/s and Hz by their codes in the header of a frame (ISO/IEC 11172-3, 13818-3)."""

_AC3 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
"""kbit/s by half the code in the header (ATSC A/52, table 5.18)."""


def frames_alone(codec: str, packet: bytes) -> bytes | None:
    """The packet's frames and nothing else; None if it does not begin with a whole frame.

    For mp2, mp3, ac3, eac3 and opus.
    """
    if codec == "opus":
        return _unpadded(packet)
    size_at = {"mp2": _mpeg_size, "mp3": _mpeg_size}.get(codec, _dolby_size)
    kept = b""
    for size in _sizes(packet, size_at):
        frame = packet[len(kept) : len(kept) + size]
        kept += _silent(frame) if codec == "mp3" and _is_index(frame) else frame
    return kept or None


def _sizes(packet: bytes, size_at: Callable[[bytes], int]) -> Iterator[int]:
    at = 0
    while (size := size_at(packet[at:])) and at + size <= len(packet):
        yield size
        at += size


def _mpeg_size(data: bytes) -> int:
    """Bytes of the MPEG audio frame, layer II or III, at the start of `data`; 0 for none."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bits, rate = data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or layer not in (1, 2) or not 0 < bits < 15 or rate == 3:
        return 0
    if version == 3:
        kilobits = (_V1_LAYER_3 if layer == 1 else _V1_LAYER_2)[bits - 1]
    else:
        kilobits = _V2[bits - 1]
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    factor = 72 if layer == 1 and version != 3 else 144
    return factor * kilobits * 1000 // hertz + (data[2] >> 1 & 1)


def _is_index(frame: bytes) -> bool:
    """Whether a layer III frame holds an index and its encoder's name instead of sound."""
    start = 4 + _side_bytes(frame)
    return frame[start : start + 4] in (b"Xing", b"Info") or frame[36:40] == b"VBRI"


def _silent(frame: bytes) -> bytes:
    return frame[:4] + bytes(len(frame) - 4)


def _side_bytes(frame: bytes) -> int:
    mono, first = frame[3] >> 6 == 3, frame[1] >> 3 & 3 == 3
    return (17 if mono else 32) if first else (9 if mono else 17)


def _dolby_size(data: bytes) -> int:
    """Bytes of the AC-3 or E-AC-3 frame at the start of `data`; 0 for none."""
    if len(data) < 6 or data[:2] != b"\x0b\x77":
        return 0
    if data[5] >> 3 > 10:
        return 2 * ((data[2] & 7) << 8 | data[3]) + 2
    rate, code = data[4] >> 6, data[4] & 63
    if rate == 3 or code >= 2 * len(_AC3):
        return 0
    kilobits = _AC3[code >> 1]
    if rate == 1:
        return 2 * (kilobits * 96_000 // 44_100 + (code & 1))
    return kilobits * (4 if rate == 0 else 6)


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
