"""The clips that a timeline uses, read by OpenTimelineIO: OTIO, EDL, FCP XML and FCPXML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import ParseError

from blur.data.timecode import timecode_of
from blur.errors import SetupError, UsageError, install
from blur.export.fcpxml_times import at_own_rates, at_whole_rates
from blur.export.opentimeline import opentimeline

EDL_NAME = re.compile(r"^\* *FROM CLIP NAME: *(.+?)\s*$", re.MULTILINE)
_EVENT = re.compile(r"\s*\d{3,}\s")
_WHOLE = re.compile(r"\s*\d{3,}\s+\S+\s+\S+\s+\S+(\s+\d+)?(\s+\d\d:\d\d:\d\d[:;]\d\d){4}\s*$")
_READABLE = (".otio", ".edl", ".xml", ".fcpxml")


@dataclass(frozen=True, slots=True)
class Event:
    """A clip's use in a timeline.

    `names` are those that it may be called by, `start` its first source frame as the timeline
    counts, at `rate` frames a second, `length` its frames there, `speed` source frames for each
    (NaN where it varies); `retimed`: `start` may count frames at that speed, as FCP XML does.
    `origin` is the source's first frame, None where the timeline does not tell. `record` is its
    place in the timeline in frames from midnight. `item` is OpenTimelineIO's clip.
    """

    number: int
    names: tuple[str, ...]
    reel: str
    folder: str
    start: float
    length: float
    rate: float
    speed: float
    retimed: bool
    origin: float | None
    record: float
    record_rate: float
    item: Any

    @property
    def name(self) -> str:
        return next(iter(self.names), self.reel or "without a name")

    def timecode(self, after: float = 0) -> str:
        """The timeline's timecode, `after` frames of it later."""
        return timecode_of(round(self.record + after), Fraction(self.record_rate))

    def source(self) -> tuple[int, int]:
        """First source frame and the one after the last, as the timeline counts."""
        reach = self.length * abs(self.speed)
        ahead = self.speed >= 0
        first = self.start if ahead else self.start + self.length - reach
        firsts = [first, first * abs(self.speed)] if self.retimed else [first]
        return math.floor(min(firsts) + 1e-6), math.ceil(max(firsts) + max(reach, 1) - 1e-6)


def read_timeline(path: Path, edl_rate: Fraction) -> tuple[Any, list[Event]]:
    """OpenTimelineIO's object and its events with pictures, by place; an EDL tells no rate.

    Raises UsageError or SetupError.
    """
    otio = opentimeline()
    if path.suffix.lower() not in _READABLE:
        raise UsageError(
            "is no timeline that is read here",
            subject=path.name,
            remedy=f"export it as {', '.join(_READABLE)}",
        )
    _require_understood(path)
    options = {"rate": float(edl_rate)} if path.suffix.lower() == ".edl" else {}
    wrong = (otio.exceptions.OTIOError, ValueError, KeyError, ParseError, OSError)
    try:
        if path.suffix.lower() == ".fcpxml":
            made = _fcpxml(otio, path.read_text("utf-8"))
        else:
            made = otio.adapters.read_from_file(str(path), **options)
        events = list(_events(otio, made))
    except wrong as error:
        if isinstance(error, otio.exceptions.NoKnownAdapterForExtensionError):
            raise SetupError(
                f"OpenTimelineIO's adapter for {path.suffix} is not installed",
                remedy=install("otio"),
            ) from error
        raise UsageError(f"cannot be read: {error}", subject=path.name) from error
    return made, events


def _fcpxml(otio: Any, text: str) -> Any:
    whole, factor = at_whole_rates(text)
    made = otio.adapters.read_from_string(whole, "fcpx_xml")
    said = otio.adapters.write_to_string(made, "otio_json")
    return otio.adapters.read_from_string(at_own_rates(said, factor), "otio_json")


def _require_understood(path: Path) -> None:
    """Raises UsageError for what OpenTimelineIO's readers leave out without a word."""
    text = path.read_text("utf-8", "replace")
    if path.suffix.lower() == ".fcpxml" and "<timeMap" in text:
        raise UsageError(
            "has changes of speed, which are not read from FCPXML",
            subject=path.name,
            remedy="export it as .otio, .edl or .xml",
        )
    if path.suffix.lower() == ".edl":
        for line in text.splitlines():
            if _EVENT.match(line) and not _WHOLE.match(line):
                raise UsageError(
                    f"has a line that is not understood: {line.strip()!r}",
                    subject=path.name,
                    remedy="give reels names without spaces, or export it as .otio or .xml",
                )


def _events(otio: Any, made: Any) -> Iterator[Event]:
    number = 0
    timelines = [made] if isinstance(made, otio.schema.Timeline) else list(_timelines(otio, made))
    for timeline in timelines:
        zero = timeline.global_start_time
        begin = 0.0 if zero is None else zero.value
        for track in timeline.tracks:
            if track.kind != otio.schema.TrackKind.Video:
                continue
            for item in track.find_clips():
                if isinstance(item.media_reference, otio.schema.GeneratorReference):
                    continue
                number += 1
                yield _event(otio, number, item, timeline, begin)


def _timelines(otio: Any, made: Any) -> Iterator[Any]:
    for item in made if isinstance(made, otio.schema.SerializableCollection) else ():
        if isinstance(item, otio.schema.Timeline):
            yield item
        else:
            yield from _timelines(otio, item)


def _event(otio: Any, number: int, item: Any, timeline: Any, begin: float) -> Event:
    shown, media = item.visible_range(), item.media_reference
    place = item.transformed_time_range(item.trimmed_range(), timeline.tracks).start_time
    speed, retimed = 1.0, False
    for effect in item.effects:
        if isinstance(effect, otio.schema.LinearTimeWarp):
            speed *= effect.time_scalar
        elif (said := effect.metadata.get("fcp_xml", {})).get("effectid") == "timeremap":
            speed, retimed = speed * _remapped(said.get("parameter", ())), True
    url = PurePosixPath(unquote(urlsplit(getattr(media, "target_url", None) or "").path))
    names = (url.name, item.name, media.name if media is not None else "")
    held = getattr(media, "available_range", None)
    return Event(
        number=number,
        names=tuple(dict.fromkeys(name for name in names if name)),
        reel=str(item.metadata.get("cmx_3600", {}).get("reel", "")),
        folder=url.parent.name,
        start=shown.start_time.value,
        length=shown.duration.value,
        rate=shown.start_time.rate,
        speed=speed,
        retimed=retimed,
        origin=(
            held.start_time.rescaled_to(shown.start_time.rate).value
            if held is not None and held.duration.value > 0
            else None
        ),
        record=begin + place.value,
        record_rate=place.rate,
        item=item,
    )


def _remapped(parameters: Any) -> float:
    """The speed of FCP XML's filter; NaN where it varies."""
    listed = [parameters] if hasattr(parameters, "keys") else list(parameters)
    said = {str(p.get("parameterid")): str(p.get("value", "")) for p in listed}
    if said.get("variablespeed", "0") not in ("0", "FALSE"):
        return math.nan
    speed = float(said.get("speed", "100")) / 100
    return -abs(speed) if said.get("reverse", "FALSE").upper() == "TRUE" else speed


def relinked(made: Any, links: dict[int, tuple[str, int, int, int]], events: list[Event]) -> str:
    """The timeline as OTIO's JSON, its events linked anew.

    `links` has, by event number, a path, the media's first frame and number of frames, and the
    event's first frame, each at the event's rate.
    """
    otio = opentimeline()

    def span(start: float, length: float, rate: float) -> Any:
        time = otio.opentime.RationalTime
        return otio.opentime.TimeRange(time(start, rate), time(length, rate))

    for event in events:
        if event.number not in links:
            continue
        path, first, count, start = links[event.number]
        trimmed = event.item.trimmed_range()
        begins = start + trimmed.start_time.value - event.item.visible_range().start_time.value
        event.item.media_reference = otio.schema.ExternalReference(
            path, span(first, count, event.rate)
        )
        event.item.source_range = span(begins, trimmed.duration.value, event.rate)
    return str(otio.adapters.write_to_string(made, "otio_json"))
