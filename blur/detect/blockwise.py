"""Block-quantized ONNX networks as plain ones: weights in 8 bit become float32 ahead of reading.

OpenVINO 2026.4 refuses a bias quantized in blocks. The fields of ONNX's protobuf messages that
quantized networks use are known here; everything else passes through, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from blur.errors import SetupError

_GRAPH = 7  # field of a model
_NODE, _INITIALIZER, _INPUT = 1, 5, 11  # fields of a graph
_TAKES, _GIVES, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5  # fields of a node
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9  # fields of a tensor
_VARINT, _BYTES = 0, 2  # wire types
_FIXED = {1: 8, 5: 4}  # bytes of the other wire types
_FLOAT32, _TYPES = 1, {1: "<f4", 2: "u1", 3: "i1"}

_Values: TypeAlias = npt.NDArray[np.float32]


class _Field(NamedTuple):
    """A field of a message: its number, wire type and value, a number or bytes."""

    number: int
    wire: int
    value: int | bytes

    @property
    def content(self) -> bytes:
        assert isinstance(self.value, bytes)
        return self.value


def dequantized(onnx: bytes) -> bytes:
    """The network with every DequantizeLinear of stored weights carried out.

    Its inputs become those that no weight fills. Raises SetupError for a network that is none.
    """
    try:
        model = list(_fields(onnx))
        return _joined(
            field._replace(value=_plain_graph(field.content)) if field.number == _GRAPH else field
            for field in model
        )
    except (IndexError, KeyError, ValueError, AssertionError) as error:
        raise SetupError(f"the network is no block-quantized ONNX: {error!r}") from error


def _plain_graph(graph: bytes) -> bytes:
    fields = list(_fields(graph))
    stored = {_text(f.content, _NAME): f.content for f in fields if f.number == _INITIALIZER}
    kept: list[_Field] = []
    made: list[_Field] = []
    spent: set[str] = set()
    taken: set[str] = set()
    for field in fields:
        node = list(_fields(field.content)) if field.number == _NODE else []
        takes = [f.content.decode() for f in node if f.number == _TAKES]
        operator = next((f.content for f in node if f.number == _OPERATOR), b"")
        if operator == b"DequantizeLinear" and all(name in stored for name in takes):
            given = next(f.content.decode() for f in node if f.number == _GIVES)
            options = dict(_option(f.content) for f in node if f.number == _ATTRIBUTE)
            weights, scales, zeros = (_tensor(stored[name]) for name in takes)
            values = _dequantized(
                weights, scales, zeros, options.get("axis", 1), options["block_size"]
            )
            made.append(_Field(_INITIALIZER, _BYTES, _stored(given, values)))
            spent.update(takes)
        else:
            kept.append(field)
            taken.update(takes)
    plain = [
        f for f in kept if f.number == _INITIALIZER and _text(f.content, _NAME) in taken - spent
    ]
    others = [f for f in kept if f.number not in (_INITIALIZER, _INPUT)]
    inputs = [
        f
        for f in kept
        if f.number == _INPUT and (name := _text(f.content, 1)) in taken and name not in stored
    ]
    return _joined([*others, *plain, *made, *inputs])


def _dequantized(
    values: _Values, scales: _Values, zeros: _Values, axis: int, block_size: int
) -> _Values:
    """Each block of `block_size` values along `axis`, less its zero, times its scale."""
    rows = np.arange(values.shape[axis]) // block_size
    scale, zero = scales.take(rows, axis), zeros.take(rows, axis)
    return np.asarray((values - zero) * scale, np.float32)


def _tensor(message: bytes) -> _Values:
    fields = list(_fields(message))
    dims = [int(f.value) for f in fields if f.number == _DIMS and f.wire == _VARINT]
    for field in fields:
        if field.number == _DIMS and field.wire == _BYTES:
            dims += _numbers(field.content)
    kind = next(f.value for f in fields if f.number == _TYPE)
    raw = next(f.content for f in fields if f.number == _RAW)
    return np.frombuffer(raw, np.dtype(_TYPES[int(kind)])).reshape(dims).astype(np.float32)


def _stored(name: str, values: _Values) -> bytes:
    return _joined(
        [
            *(_Field(_DIMS, _VARINT, length) for length in values.shape),
            _Field(_TYPE, _VARINT, _FLOAT32),
            _Field(_NAME, _BYTES, name.encode()),
            _Field(_RAW, _BYTES, values.astype("<f4").tobytes()),
        ]
    )


def _option(attribute: bytes) -> tuple[str, int]:
    """Name (field 1) and whole number (field 3; absent for 0) of an attribute."""
    fields = {f.number: f.value for f in _fields(attribute)}
    return _text(attribute, 1), int(fields.get(3, 0))


def _text(message: bytes, number: int) -> str:
    return next(f.content.decode() for f in _fields(message) if f.number == number)


def _fields(message: bytes) -> Iterator[_Field]:
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _number(message, at)
            yield _Field(number, wire, value)
            continue
        length = _FIXED.get(wire, 0)
        if wire == _BYTES:
            length, at = _number(message, at)
        elif not length:
            raise ValueError(f"wire type {wire}")
        if at + length > len(message):
            raise ValueError("cut short")
        yield _Field(number, wire, message[at : at + length])
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A number in groups of 7 bits, lowest first, and the position after it."""
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _numbers(packed: bytes) -> list[int]:
    found, at = [], 0
    while at < len(packed):
        value, at = _number(packed, at)
        found.append(value)
    return found


def _coded(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _joined(fields: Iterable[_Field]) -> bytes:
    parts: list[bytes] = []
    for number, wire, value in fields:
        parts.append(_coded(number << 3 | wire))
        if isinstance(value, int):
            parts.append(_coded(value))
        else:
            parts += [_coded(len(value)), value] if wire == _BYTES else [value]
    return b"".join(parts)
