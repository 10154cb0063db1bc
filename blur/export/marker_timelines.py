"""Markers on a timeline that holds the clip: FCP XML, FCPXML and OpenTimelineIO.

Sizes are display sizes in pixels; a timeline begins at the start hour.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from blur.data.plan import Plan
from blur.disk.places import absolute
from blur.export.markers import COLOURS, Marker
from blur.export.opentimeline import opentimeline
from blur.export.timing import START_HOUR, Timing
from blur.export.xml_text import document

_RGB = {
    "Red": (255, 0, 0),
    "Green": (0, 255, 0),
    "Yellow": (255, 255, 0),
    "Blue": (0, 0, 255),
    "Purple": (128, 0, 128),
    "Cyan": (0, 255, 255),
}
_TO_DO = ("residual", "doubt")
"""Kinds that Final Cut lists as things to do until they are ticked off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A clip on a timeline, with its markers.

    `media` is the clip's file, `sound` whether it has a sound track, `folder` the one that the
    document is written to, `first_hour` the hour at which the timeline begins.
    """

    name: str
    plan: Plan
    markers: Sequence[Marker]
    media: Path
    folder: Path
    sound: bool = True
    first_hour: int = START_HOUR


def xmeml(made: Timeline) -> str:
    """FCP XML, version 5, which Premiere imports: a sequence of the clip, with markers.

    The format knows no relative places: the file's absolute path is in it.
    """
    plan, name, timing = made.plan, made.name, Timing(made.plan)
    _, frames = timing.span(0, plan.frames)
    root = Element("xmeml", version="5")
    sequence = SubElement(root, "sequence", id="blur")
    _texts(sequence, name=name, duration=frames)
    _rate(sequence, timing)
    code = SubElement(sequence, "timecode")
    _rate(code, timing)
    start = timing.hour(made.first_hour)
    _texts(code, string=timing.timecode(0, start), frame=start, displayformat="NDF")
    video = SubElement(SubElement(sequence, "media"), "video")
    _characteristics(SubElement(video, "format"), plan, timing)
    item = SubElement(SubElement(video, "track"), "clipitem", id="clip")
    _texts(item, name=name, duration=frames)
    _rate(item, timing)
    _texts(item, start=0, end=frames, **{"in": 0, "out": frames})
    file = SubElement(item, "file", id="file")
    _texts(file, name=made.media.name, pathurl="file://localhost" + _url_path(absolute(made.media)))
    _rate(file, timing)
    _texts(file, duration=frames)
    streams = SubElement(file, "media")
    _characteristics(SubElement(streams, "video"), plan, timing)
    if made.sound:
        SubElement(streams, "audio")
    for marker in made.markers:
        first, length = timing.span(marker.start, marker.end)
        mark = SubElement(sequence, "marker")
        # -1 says: a single frame.
        out = first + length if length > 1 else -1
        _texts(mark, name=marker.kind, comment=marker.text, **{"in": first, "out": out})
        red, green, blue = _RGB[COLOURS[marker.kind]]
        _texts(SubElement(mark, "color"), alpha=0, red=red, green=green, blue=blue)
    return document(root, "xmeml")


def fcpxml(made: Timeline) -> str:
    """FCPXML 1.8, which Final Cut and Resolve import: a project of the clip, with markers.

    The file is named by its place as seen from the document. A marker says `kind: text`.
    """
    plan, name, timing = made.plan, made.name, Timing(made.plan)
    step = 1 / timing.rate

    def at(count: int) -> str:
        return f"{count * step.numerator}/{step.denominator}s"

    length, start = at(timing.span(0, plan.frames)[1]), at(timing.hour(made.first_hour))
    root = Element("fcpxml", version="1.8")
    resources = SubElement(root, "resources")
    shape = SubElement(resources, "format", id="r1", frameDuration=at(1))
    _set(shape, width=str(plan.width), height=str(plan.height))
    asset = SubElement(
        resources, "asset", id="r2", name=name, src=_relative(made.media, made.folder)
    )
    _set(asset, start="0s", duration=length, format="r1", hasVideo="1", **_has_audio(made.sound))
    event = SubElement(SubElement(root, "library"), "event", name="blur")
    project = SubElement(event, "project", name=name)
    sequence = SubElement(project, "sequence", format="r1", duration=length)
    _set(sequence, tcStart=start, tcFormat="NDF")
    clip = SubElement(SubElement(sequence, "spine"), "asset-clip", ref="r2", name=name)
    _set(clip, offset=start, start="0s", duration=length, format="r1", tcFormat="NDF")
    for marker in sorted(made.markers, key=lambda m: m.start):
        first, frames = timing.span(marker.start, marker.end)
        mark = SubElement(clip, "marker", start=at(first), duration=at(frames))
        _set(mark, value=f"{marker.kind}: {marker.text}")
        if marker.kind in _TO_DO:
            _set(mark, completed="0")
    return document(root, "fcpxml")


def otio(made: Timeline) -> str:
    """An OpenTimelineIO timeline with the clip on it, and the markers on the clip.

    The file is named by its place as seen from the document. Raises SetupError when
    OpenTimelineIO is not installed.
    """
    library = opentimeline()
    schema, time = library.schema, library.opentime
    timing = Timing(made.plan)
    rate = float(timing.rate)

    def span(start: int, end: int) -> Any:
        first, length = timing.span(start, end)
        return time.TimeRange(time.RationalTime(first, rate), time.RationalTime(length, rate))

    whole = span(0, made.plan.frames)
    reference = schema.ExternalReference(_relative(made.media, made.folder), available_range=whole)
    clip = schema.Clip(made.name, reference, whole)
    for m in made.markers:
        colour = getattr(schema.MarkerColor, COLOURS[m.kind].upper())
        clip.markers.append(
            schema.Marker(m.text, span(m.start, m.end), colour, {"blur": {"kind": m.kind}})
        )
    start = time.RationalTime(timing.hour(made.first_hour), rate)
    timeline = schema.Timeline(made.name, global_start_time=start)
    timeline.tracks.append(schema.Track("covered", [clip]))
    return str(library.adapters.write_to_string(timeline, "otio_json"))


def _relative(media: Path, folder: Path) -> str:
    """A file's URL as seen from a folder; from another drive, its absolute URL."""
    try:
        return quote(os.fsencode(Path(os.path.relpath(media, folder)).as_posix()))
    except ValueError:  # Windows: drives have no common root
        return "file://" + _url_path(absolute(media))


def _url_path(path: Path) -> str:
    """The path of an absolute file's URL, which begins with a slash on every system."""
    return quote(os.fsencode("/" + path.as_posix().lstrip("/")), safe="/:")


def _has_audio(sound: bool) -> dict[str, str]:
    return {"hasAudio": "1"} if sound else {}


def _rate(parent: Element, timing: Timing) -> None:
    ntsc = timing.rate.denominator == 1001
    _texts(SubElement(parent, "rate"), timebase=timing.base, ntsc=str(ntsc).upper())


def _characteristics(parent: Element, plan: Plan, timing: Timing) -> None:
    sample = SubElement(parent, "samplecharacteristics")
    _texts(sample, width=plan.width, height=plan.height)
    _rate(sample, timing)


def _texts(parent: Element, **values: object) -> None:
    """An element for each value, in order."""
    for tag, value in values.items():
        SubElement(parent, tag).text = _allowed(str(value))


def _set(element: Element, **values: str) -> None:
    for name, value in values.items():
        element.set(name, _allowed(value))


def _allowed(text: str) -> str:
    """Text without the control characters that no XML can hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n")
