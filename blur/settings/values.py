"""Values of options: which are accepted, in words and as a check.

A kind is a type, annotated with `msgspec.Meta` where it has bounds. Its `extra` may hold `accepts`,
words for values that a pattern describes, and `check`, a function that raises ValueError.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from fractions import Fraction
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
from msgspec import Meta

TimeSpan = tuple[Fraction, Fraction]
"""Start and end in seconds since the clip's start; the end is later."""

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_TIME = r"(\d+:)?(\d+:)?\d+(\.\d+)?"
_SPAN = re.compile(f"({_TIME})-({_TIME})", re.ASCII)
_LONGEST = 60
"""Characters of a refused value that a message repeats; more hide the message's end."""


def accepted(kind: Any) -> str:
    """The values that a kind accepts: `a number, 0 to 30`."""
    base, metas = _parts(kind)
    for meta in metas:
        if words := (meta.extra or {}).get("accepts"):
            return str(words)
    if get_origin(base) is tuple:
        return "a list of texts"
    if named := choices(base):
        return f"{', '.join(named[:-1])} or {named[-1]}"
    limits = bounds(kind)
    return f"{_WORDS[base]}, {limits}" if limits else _WORDS[base]


def bounds(kind: Any) -> str:
    """The bounds of a number: `0 to 30`, `1 or more`; empty without any."""
    for meta in _parts(kind)[1]:
        if meta.ge is not None:
            return f"{meta.ge:g} or more" if meta.le is None else f"{meta.ge:g} to {meta.le:g}"
    return ""


def choices(kind: Any) -> list[str]:
    """The values of a choice; else empty."""
    base, _ = _parts(kind)
    named = isinstance(base, type) and issubclass(base, enum.Enum)
    return [member.value for member in base] if named else []


def plain(kind: Any) -> Any:
    """The type itself: without bounds, and without None."""
    return _parts(kind)[0]


def converted(kind: Any, value: object) -> Any:
    """`value` in the kind's own type. Raises ValueError with the values that are accepted."""
    try:
        made = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        given = repr(value)
        given = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}…"
        raise ValueError(f"must be {accepted(kind)}, not {given}") from error
    for meta in _parts(kind)[1]:
        if check := (meta.extra or {}).get("check"):
            check(made)
    return made


def parse_spans(text: str) -> tuple[TimeSpan, ...]:
    """`1:02-1:10,2:00-2:05.5` as spans in seconds. Raises ValueError."""
    spans = []
    for part in filter(None, text.split(",")):
        if not _SPAN.fullmatch(part):
            raise ValueError(f"must be spans like 1:02-1:10,2:00-2:05.5, not {part!r}")
        start, end = (_seconds(time) for time in part.split("-"))
        if not start < end:
            raise ValueError(f"must be spans that end after they begin, not {part!r}")
        spans.append((start, end))
    return tuple(spans)


AUTO = "auto"
RATES = tuple(
    Fraction(rate * 1000, slower)
    for rate in (24, 25, 30, 48, 50, 60, 120, 240)
    for slower in ((1000,) if rate in (25, 50) else (1001, 1000))
)
"""Frames a second of cameras and timelines."""

_SAME_RATE = Fraction(1, 2000)
"""Relative; half of the way from 24 to 23.976."""


def parse_rate(text: str) -> Fraction | None:
    """A rate as people write it: 25, 29.97 or 30000/1001; None for "" and "auto".

    Raises ValueError.
    """
    if text in ("", AUTO):
        return None
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 1 <= rate <= 1000:
        raise ValueError(f"must be frames a second, such as 25 or 29.97, or {AUTO}; not {text!r}")
    near = min(RATES, key=lambda known: abs(known - rate))
    return near if abs(near / rate - 1) < _SAME_RATE else rate.limit_denominator(1001)


class Place(NamedTuple):
    """A rectangle, or the ellipse in it, in parts of the picture, 0 to 1, and the seconds that it
    lasts (None: always)."""

    x: float
    y: float
    w: float
    h: float
    span: TimeSpan | None
    ellipse: bool = False


def parse_places(texts: Iterable[str]) -> tuple[Place, ...]:
    """`0.6,0.9,0.4,0.1@1:02-1:10` and others as places: left, top, width, height, and seconds;
    behind `ellipse:`, the ellipse in that rectangle.

    Raises ValueError, also for a place that misses the picture.
    """
    return tuple(_place(text) for text in texts)


def _place(text: str) -> Place:
    bare = text.removeprefix("ellipse:")
    sides, at, span = bare.partition("@")
    try:
        x, y, w, h = map(float, sides.split(","))
    except ValueError:
        raise ValueError(
            "must be left,top,width,height in parts of the picture, such as 0.6,0.9,0.4,0.1, or"
            f" with a span, 0.6,0.9,0.4,0.1@1:02-1:10; not {text!r}"
        ) from None
    if not (0 <= x < 1 and 0 <= y < 1 and w > 0 and h > 0 and x + w <= 1.001 and y + h <= 1.001):
        raise ValueError(
            f"must lie in the picture, whose sides are 0 to 1 from the top left corner; {text!r}"
            " does not"
        )
    spans = parse_spans(span)
    if bool(at) != (len(spans) == 1):
        raise ValueError(f"must have a single span behind @, such as 1:02-1:10; not {text!r}")
    return Place(x, y, w, h, spans[0] if spans else None, bare != text)


def _seconds(time: str) -> Fraction:
    seconds = Fraction(0)
    for part in time.split(":"):
        seconds = seconds * 60 + Fraction(part)
    return seconds


def _parts(kind: Any) -> tuple[Any, list[Meta]]:
    """The bare type of a kind, and all annotations on the way to it."""
    metas: list[Meta] = []
    while True:
        metas += [m for m in getattr(kind, "__metadata__", ()) if isinstance(m, Meta)]
        if hasattr(kind, "__metadata__"):
            kind = kind.__origin__
            continue
        members = [part for part in get_args(kind) if part is not NoneType]
        if get_origin(kind) is tuple or not members:
            return kind, metas
        (kind,) = members
