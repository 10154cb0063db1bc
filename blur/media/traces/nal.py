"""NAL units of H.264 and HEVC streams, and the user data that encoders and cameras put in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_USER_DATA = (4, 5)  # SEI payload types: registered (captions), unregistered (anything)

_HEADERS = {
    "h264": frozenset({6, 7, 8, 9, 12, 13, 15}),
    "hevc": frozenset({32, 33, 34, 35, 38, 39, 40}),
}
"""NAL unit types without samples: parameter sets, messages, delimiters, fillers."""

CODECS = frozenset(_HEADERS)

_START = b"\0\0\1"


def length_size(codec: str, extradata: bytes | None) -> int | None:
    """Bytes of the length field before each NAL unit; None where start codes separate units."""
    if not extradata or extradata[0] != 1:
        return None
    at = 4 if codec == "h264" else 21
    return (extradata[at] & 3) + 1 if len(extradata) > at else None


def with_start_codes(packet: bytes, size: int | None) -> bytes:
    """The packet with a start code before each unit instead of its length, as encoders give it."""
    if size is None:
        return packet
    return b"".join(b"\0\0\0\1" + unit for unit in _units(packet, size))


def headers_alone(codec: str, packet: bytes, size: int | None) -> bool:
    """Whether a packet holds parameter sets and messages, and no coded samples, whole or damaged.

    Some phones write a film's first packet in this way.
    """
    kinds = _HEADERS[codec]
    units = _units(packet, size)
    if size is None:
        next(units)  # the zeros before the first start code
    shift = 1 if codec == "hevc" else 0
    mask = 63 if codec == "hevc" else 31
    found = False
    for unit in units:
        if not unit or unit[0] >> shift & mask not in kinds:
            return False
        found = True
    return found


def user_data(codec: str, packet: bytes, size: int | None) -> Iterator[bytes]:
    """The user data messages of a packet's SEI units, without their headers."""
    return _user_data(codec, _units(packet, size))


def without_user_data(packet: bytes) -> bytes:
    """An H.264 packet with start codes, without its SEI units that hold user data."""
    units = packet.split(_START)
    return _START.join(unit for unit in units if not list(_user_data("h264", [unit])))


def header_user_data(codec: str, extradata: bytes | None) -> Iterator[bytes]:
    """The user data messages of a stream's header; HEVC's may hold SEI units."""
    if not extradata:
        return iter(())
    if length_size(codec, extradata) is None:
        return _user_data(codec, _units(extradata, None))
    return _user_data(codec, _header_units(extradata) if codec == "hevc" else ())


def _user_data(codec: str, units: Iterable[bytes]) -> Iterator[bytes]:
    for unit in units:
        if codec == "h264" and len(unit) > 1 and unit[0] & 31 == 6:
            yield from _messages(unit[1:])
        elif codec == "hevc" and len(unit) > 2 and unit[0] >> 1 & 63 in (39, 40):
            yield from _messages(unit[2:])


def _units(packet: bytes, size: int | None) -> Iterator[bytes]:
    if size is None:
        yield from packet.split(_START)
        return
    at = 0
    while at + size < len(packet):
        length = int.from_bytes(packet[at : at + size], "big")
        yield packet[at + size : at + size + length]
        at += size + length


def _header_units(extradata: bytes) -> Iterator[bytes]:
    """The units in an hvcC record: arrays of a type, a count, and units with their lengths."""
    at = 23
    for _ in range(extradata[22] if len(extradata) > 22 else 0):
        count = int.from_bytes(extradata[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2], "big")
            yield extradata[at + 2 : at + 2 + length]
            at += 2 + length


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
