"""Frames of MPEG audio, layers II and III: their headers, and the bits that no decoder reads.

After ISO/IEC 11172-3 and 13818-3.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

_V1_LAYER_3 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V1_LAYER_2 = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_V2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44100, 48000, 32000)
"""kbit/s and Hz by their codes in the header of a frame."""

_REACH = 511
"""Bytes of earlier frames that a layer III frame can begin in."""

_FINE = (0, 3, 7, *(2**n - 1 for n in range(4, 17)))
_MIDDLE = (0, 3, 5, 7, 9, *(2**n - 1 for n in range(4, 14)), 65535)
_LOW = (0, 3, 5, 9, *(2**n - 1 for n in range(4, 16)))
_LSF = (0, 3, 5, 7, 9, *(2**n - 1 for n in range(4, 15)))
_HIGH = ((3, (0, 3, 5, 7, 9, 15, 31, 65535)), (2, (0, 3, 5, 65535)))
_FULL = ((3, 4, _FINE), (8, 4, _MIDDLE), (12, *_HIGH[0]))
_TABLES = {
    "a": (*_FULL, (4, *_HIGH[1])),
    "b": (*_FULL, (7, *_HIGH[1])),
    "c": ((2, 4, _LOW), (6, 3, _LOW)),
    "d": ((2, 4, _LOW), (10, 3, _LOW)),
    "lsf": ((4, 4, _LSF), (7, 3, _LOW), (19, 2, _LOW)),
}
"""Layer II, tables B.2a to B.2d and B.1: for numbers of subbands, the bits of an allocation and the
levels of a sample that it stands for."""

_GROUPED = {3: 5, 5: 7, 9: 10}
"""Bits of three samples that are coded as a single number, by their levels."""

T = TypeVar("T")


class Header(NamedTuple):
    """The head of a frame: MPEG version as coded, layer, kbit/s, Hz, channels, bytes."""

    version: int
    layer: int
    kilobits: int
    hertz: int
    channels: int
    size: int
    checked: bool
    bound: int
    """Subbands before those whose samples both channels share, layer II."""

    @classmethod
    def of(cls, data: bytes) -> Header | None:
        """The header at the start of `data`; None for none, and for free formats."""
        if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
            return None
        version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
        bits, rate = data[2] >> 4, data[2] >> 2 & 3
        if version == 1 or layer not in (2, 3) or not 0 < bits < 15 or rate == 3:
            return None
        table = _V2 if version != 3 else _V1_LAYER_3 if layer == 3 else _V1_LAYER_2
        kilobits, hertz = table[bits - 1], _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
        factor = 72 if layer == 3 and version != 3 else 144
        size = factor * kilobits * 1000 // hertz + (data[2] >> 1 & 1)
        mode = data[3] >> 6
        bound = 4 * (data[3] >> 4 & 3) + 4 if mode == 1 else 32
        return cls(
            version, layer, kilobits, hertz, 1 if mode == 3 else 2, size, not data[1] & 1, bound
        )

    @property
    def side(self) -> tuple[int, int]:
        """First byte of layer III's side information, and the first one behind it."""
        start = 6 if self.checked else 4
        lengths = {(3, 1): 17, (3, 2): 32, (2, 1): 9, (2, 2): 17}
        return start, start + lengths[3 if self.version == 3 else 2, self.channels]


def frames(packet: bytes) -> Iterator[tuple[Header, bytes]]:
    """The whole frames at the packet's start, without their private, copyright and original bits,
    which no decoder heeds.
    """
    at = 0
    while (header := Header.of(packet[at:])) and at + header.size <= len(packet):
        frame = packet[at : at + header.size]
        yield header, frame[:2] + bytes([frame[2] & ~1, frame[3] & ~12]) + frame[4:]
        at += header.size


def without_rest(header: Header, frame: bytes) -> bytes:
    """A layer II frame whose bytes behind the last sample are zero.

    Each subband's samples have as many bits as its allocation says.
    """
    start = 8 * (6 if header.checked else 4)
    bits = f"{int.from_bytes(frame, 'big'):0{8 * len(frame)}b}"
    at, channels = start, range(header.channels)
    samples, used = 0, []
    subbands = [(bits_, levels) for n, bits_, levels in _TABLES[_table(header)] for _ in range(n)]
    for number, (width, levels) in enumerate(subbands):
        shared = number >= header.bound
        codes = []
        for _ in (0,) if shared else channels:
            codes.append(int(bits[at : at + width] or "0", 2))
            at += width
            samples += 12 * _bits_of_three(levels[codes[-1]])
        used += [code > 0 for code in (codes * header.channels)[: header.channels]]
    scales = 0
    for _ in filter(None, used):
        scales += 6 * (3, 2, 1, 2)[int(bits[at : at + 2] or "0", 2)]
        at += 2
    head = frame[:4] + (_check(bits[16:32] + bits[start:at]) if header.checked else b"")
    end = min(at + scales + samples, len(bits))
    body = bits[8 * len(head) : end].ljust(len(bits) - 8 * len(head), "0")
    return head + int(body, 2).to_bytes(len(body) // 8, "big")


class Reservoir(Generic[T]):
    """Layer III frames without ancillary data, each with whatever the caller put in with it.

    A frame's sound may begin in the bytes of earlier frames: a frame is ready as soon as none that
    follows can reach into it.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[T, bytes, int]] = deque()
        self._read, self._kept = bytearray(), bytearray()

    def put(self, header: Header, frame: bytes, carrier: T) -> Iterator[tuple[T, bytes]]:
        """The frames that are ready, in order."""
        start, end = header.side
        head, area = frame[:end], frame[end:]
        if area[:4] in (b"Xing", b"Info") or frame[36:40] == b"VBRI":
            # An index and its encoder's name, no sound.
            head, area = frame[:start] + bytes(end - start), bytes(len(area))
        head, back, length = _side_information(header, head)
        begin = len(self._read) - back
        self._waiting.append((carrier, head, len(area)))
        self._read += area
        self._kept += bytes(len(area))
        self._keep(begin, length)
        while self._waiting and self._waiting[0][2] <= len(self._read) - _REACH:
            yield self._next()

    def end(self) -> Iterator[tuple[T, bytes]]:
        """All other frames."""
        while self._waiting:
            yield self._next()

    def _keep(self, begin: int, length: int) -> None:
        """Keep `length` bits from byte `begin` on, as far as they are there."""
        end = begin + length // 8
        first, last = max(begin, 0), min(end, len(self._read))
        if first < last:
            self._kept[first:last] = self._read[first:last]
        if length % 8 and 0 <= end < len(self._read):
            self._kept[end] |= self._read[end] & (0xFF00 >> length % 8)

    def _next(self) -> tuple[T, bytes]:
        carrier, head, size = self._waiting.popleft()
        area = bytes(self._kept[:size])
        del self._kept[:size], self._read[:size]
        return carrier, head + area


def _side_information(header: Header, head: bytes) -> tuple[bytes, int, int]:
    """A layer III frame's head without its private bits; the bytes before it that its sound begins
    in, and the sound's length in bits.
    """
    start, end = header.side
    bits = f"{int.from_bytes(head[start:end], 'big'):0{8 * (end - start)}b}"
    mono = header.channels == 1
    if header.version == 3:
        reach, private, shares, parts, width = 9, 5 if mono else 3, 4, 2, 59
    else:
        reach, private, shares, parts, width = 8, 1 if mono else 2, 0, 1, 63
    at = reach + private + shares * header.channels
    lengths = [int(bits[i : i + 12], 2) for i in range(at, len(bits), width)]
    assert len(lengths) == parts * header.channels
    bits = bits[:reach] + "0" * private + bits[reach + private :]
    side = int(bits, 2).to_bytes(end - start, "big")
    check = _check(f"{int.from_bytes(head[2:4], 'big'):016b}{bits}") if header.checked else b""
    return head[:4] + check + side, int(bits[:reach], 2), sum(lengths)


def _table(header: Header) -> str:
    if header.version != 3:
        return "lsf"
    each = header.kilobits // header.channels
    if (header.hertz == 48_000 and each >= 56) or 56 <= each <= 80:
        return "a"
    if header.hertz != 48_000 and each >= 96:
        return "b"
    return "c" if header.hertz != 32_000 and each <= 48 else "d"


def _bits_of_three(levels: int) -> int:
    return _GROUPED.get(levels, 3 * levels.bit_length())


def _check(bits: str) -> bytes:
    """The frame's check sum: CRC-16, polynomial 0x8005, from ones."""
    register = 0xFFFF
    for bit in bits:
        out = register >> 15 ^ (bit == "1")
        register = register << 1 & 0xFFFF ^ 0x8005 * out
    return register.to_bytes(2, "big")
