"""User data in H.264 and HEVC streams: what encoders and cameras say between the pictures."""

from __future__ import annotations

from collections.abc import Iterator

_USER_DATA = (4, 5)  # SEI payload types: registered (captions), unregistered (anything)


def length_size(codec: str, extradata: bytes | None) -> int | None:
    """Bytes of a NAL unit's length field; None where start codes part the units."""
    if not extradata or extradata[0] != 1:
        return None
    at = 4 if codec == "h264" else 21
    return (extradata[at] & 3) + 1 if len(extradata) > at else None


def user_data(codec: str, packet: bytes, size: int | None) -> Iterator[bytes]:
    """The user data messages of a packet's SEI units, without their headers."""
    for unit in _units(packet, size):
        if codec == "h264" and len(unit) > 1 and unit[0] & 31 == 6:
            yield from _messages(unit[1:])
        elif codec == "hevc" and len(unit) > 2 and unit[0] >> 1 & 63 in (39, 40):
            yield from _messages(unit[2:])


def _units(packet: bytes, size: int | None) -> Iterator[bytes]:
    if size is None:
        yield from packet.split(b"\0\0\1")
        return
    at = 0
    while at + size < len(packet):
        length = int.from_bytes(packet[at : at + size], "big")
        yield packet[at + size : at + size + length]
        at += size + length


def _messages(unit: bytes) -> Iterator[bytes]:
    data = unit.replace(b"\0\0\3", b"\0\0")
    at = 0
    while at + 2 < len(data):
        kind, at = _number(data, at)
        length, at = _number(data, at)
        if kind in _USER_DATA:
            yield data[at : at + length]
        at += length


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(data) and data[at] == 255:
        value, at = value + 255, at + 1
    return value + (data[at] if at < len(data) else 0), at + 1
