"""What a file says beside its pictures and sound, sorted by what it gives away."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from msgspec import Struct

LONGEST_VALUE = 200


class Kind(enum.StrEnum):
    """What a trace leads to."""

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
    """One thing that a file gives away. `where` is its place in the file's own terms."""

    kind: Kind
    where: str
    value: str = ""

    @classmethod
    def of(cls, kind: Kind, where: str, value: object = "") -> Trace:
        """A trace with its value made printable and short."""
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
    "encoder": {"Lavf"},  # the name that Matroska's mandatory fields get, without a version
}

# What a container's structure brings along, whoever made it.
_NEUTRAL_KEYS = {"major_brand", "minor_version", "compatible_brands", "duration"}


def kind_of(key: str) -> Kind:
    """What a metadatum leads to, judged by its key."""
    key = key.lower().removeprefix("com.apple.quicktime.")
    return next((kind for kind, words in _WORDS if any(w in key for w in words)), Kind.TEXT)


def traces_of(metadata: Mapping[str, str], where: str) -> Iterator[Trace]:
    """A trace for each metadatum that is not neutral."""
    for key, value in metadata.items():
        name = key.lower()
        if name in _NEUTRAL_KEYS or value in _NEUTRAL_VALUES.get(name, ()):
            continue
        yield Trace.of(kind_of(key), f"{where}: {key}", value)
