"""Data that decoders attach to a picture: geometry, light, and types that no library names."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, cast

import av
from av.sidedata.sidedata import SideData, Type


def _by_number(kind: type[Type], value: object) -> Any:
    """A member for a type of FFmpeg that PyAV does not know, named by its number.

    PyAV gives all data of a picture or, for a single unknown type, none: not even the display
    matrix beside it.
    """
    member: Any = object.__new__(kind)
    member._name_, member._value_ = str(value), value
    return member


Type._missing_ = classmethod(_by_number)  # type: ignore[assignment]  # an Enum's own hook


def side_data(picture: av.VideoFrame) -> dict[str, bytes]:
    """Content by FFmpeg's name of its type, by its number where PyAV knows no name."""
    found = list(cast(Iterable[SideData], picture.side_data))
    if any(data.type is Type.ICC_PROFILE for data in found):
        # PyAV frees the name of such a profile, and FFmpeg frees it again with the picture: the
        # process would die. The picture is kept for good instead, one for each clip.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(picture.side_data))
    return {data.type.name: bytes(data) for data in found}


def unknown(data: dict[str, bytes]) -> list[str]:
    """The numbers of types without a name, in order."""
    return sorted((name for name in data if name.isdigit()), key=int)


def mastering(data: bytes | None) -> str:
    """FFmpeg's AVMasteringDisplayMetadata (ten rationals, two flags) in x265's notation."""
    if data is None or len(data) < 88:
        return ""
    numbers = struct.unpack("<22i", data[:88])
    if not all(numbers[20:]) or not all(numbers[1:20:2]):
        return ""
    values = [Fraction(n, d) for n, d in zip(numbers[0:20:2], numbers[1:20:2], strict=True)]
    r, g, b, white = (tuple(round(v * 50000) for v in values[i : i + 2]) for i in (0, 2, 4, 6))
    low, high = (round(v * 10000) for v in values[8:10])
    points = "".join(
        f"{n}({x},{y})" for n, (x, y) in zip(("G", "B", "R", "WP"), (g, b, r, white), strict=True)
    )
    return f"{points}L({high},{low})"


def light(data: bytes | None) -> str:
    """FFmpeg's AVContentLightMetadata as `most,average` in cd/m2; "" without any."""
    if data is None or len(data) < 8:
        return ""
    return "{},{}".format(*struct.unpack("<2I", data[:8]))
