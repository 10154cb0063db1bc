"""Metadata beside pictures and sound, sorted by the information that it gives away."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from msgspec import Struct

LONGEST_VALUE = 200
"""Characters."""


class Kind(enum.StrEnum):
    """The kinds of information that a trace leads to."""

    LOCATION = "location"
    DEVICE = "device"
    DATE = "date"
    PERSON = "person"
    SOFTWARE = "software"
    TEXT = "text"
    THUMBNAIL = "thumbnail"
    TRACK = "track"
    SOUND = "sound"
    CHAPTERS = "chapters"
    TIMECODE = "timecode"
    PROFILE = "colour profile"
    STREAM = "stream"
    HIDDEN = "hidden"


class Trace(Struct, frozen=True, order=True):
    """A piece of information that a file gives away; `where` is its place in the file's terms."""

    kind: Kind
    where: str
    value: str = ""

    @classmethod
    def of(cls, kind: Kind, where: str, value: object = "") -> Trace:
        """A trace whose value is printable and at most LONGEST_VALUE characters long."""
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        text = "".join(c if c.isprintable() else " " for c in text).strip(" \ufffd")
        if len(text) > LONGEST_VALUE:
            text = text[: LONGEST_VALUE - 3] + "..."
        return cls(kind, where, text)


# Parts of metadata keys, as QuickTime, Matroska, EXIF and XMP spell them; first match counts.
_WORDS = (
    (Kind.TIMECODE, ("timecode", "reel_name")),
    (Kind.LOCATION, ("location", "gps", "xyz", "iso6709", "latitude", "longitude", "altitude")),
    (Kind.LOCATION, ("city", "country", "province", "sublocation", "geotag")),
    (Kind.DEVICE, ("make", "model", "device", "camera", "lens", "serial", "manufactur", "android")),
    (Kind.DEVICE, ("firmware", "product", "imageuniqueid", "identifier")),
    (Kind.SOFTWARE, ("software", "encoder", "encoded_by", "tool", "writing", "muxing", "handler")),
    (Kind.SOFTWARE, ("vendor", "brand", "version", "wmfsdk", "processing", "hostcomputer")),
    (Kind.DATE, ("date", "time", "year", "creation", "day")),
    (Kind.PERSON, ("artist", "author", "owner", "copyright", "performer", "publisher", "director")),
    (Kind.PERSON, ("byline", "creator", "credit", "contact", "producer", "person")),
)

_NEUTRAL_VALUES = {
    "language": {"und"},
    "handler_name": {"VideoHandler", "SoundHandler", "TimeCodeHandler", ""},
    "vendor_id": {"[0][0][0][0]", "\0\0\0\0"},
    "encoder": {"Lavf"},  # fills Matroska's mandatory fields, without a version
}

# Part of every container's structure, whoever made it.
_NEUTRAL_KEYS = {"major_brand", "minor_version", "compatible_brands", "duration"}


def kind_of(key: str) -> Kind:
    """The kind of a metadatum, by its key."""
    key = key.lower().removeprefix("com.apple.quicktime.")
    return next((kind for kind, words in _WORDS if any(w in key for w in words)), Kind.TEXT)


def traces_of(metadata: Mapping[str, str], where: str) -> Iterator[Trace]:
    """A trace for each metadatum except neutral ones, which every file has."""
    for key, value in metadata.items():
        name = key.lower()
        if name in _NEUTRAL_KEYS or value in _NEUTRAL_VALUES.get(name, ()):
            continue
        yield Trace.of(kind_of(key), f"{where}: {key}", value)
