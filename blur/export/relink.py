"""A timeline in its own format again, its clips linked to new files; all else stays as it was.

OpenTimelineIO's writers lose speeds, rates and the timeline's start, so the document is changed in
place. `links` is as for `cuts.relinked`. Raises ValueError, in words, for what cannot be kept.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path, PurePosixPath
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, fromstring

from blur.data.timecode import frames_of, shifted, timecode_of
from blur.disk.places import absolute
from blur.export.cuts import Event, read_timeline
from blur.export.xml_text import document

Links = Mapping[int, tuple[str, int, int, int]]
"""By event number: path, the media's first frame and number of frames, the event's first frame."""

_CODE = r"\d\d:\d\d:\d\d[:;]\d\d"
_CUT = re.compile(
    rf"(?P<number>\s*\d{{3,}}\s+)(?P<reel>\S+)(?P<kind>\s+\S*V\S*\s+)(?P<edit>\S+)(?P<gap>(?:\s+\d+)?\s+)"
    rf"(?P<begin>{_CODE})(?P<space>\s+)(?P<end>{_CODE})(?P<record>\s.*)"
)
_SPEED = re.compile(rf"(M2\s+)\S.*?(\s+-?[\d.]+\s+)({_CODE})(.*)")
_NAME = re.compile(r"(\*\s*(?:FROM CLIP NAME|SOURCE FILE|FROM CLIP):\s*)(.*)")
_LONGEST_REEL = 32
"""Letters of a tape name; programs cut longer ones."""


def relinked(
    timeline: Path, events: Sequence[Event], links: Links, folder: Path, rate: Fraction
) -> str:
    """The text of `timeline` with links to files below `folder`, beside which it will lie."""
    text = timeline.read_text("utf-8")
    match timeline.suffix.lower():
        case ".edl":
            return _edl(text, events, links, rate)
        case ".xml":
            return _xmeml(text, events, links, folder)
        case _:
            return _fcpxml(text, events, links)


def require_alike(made: Path, events: Sequence[Event], links: Links, rate: Fraction) -> None:
    """Raises ValueError where `made`, read again, shows other frames of other files than wanted."""
    found = read_timeline(made, rate)[1]
    if len(found) != len(events):
        raise ValueError(f"it would have {len(found)} events, not {len(events)}")
    for old, new in zip(events, found, strict=True):
        path, zero, _, start = links.get(old.number, ("", 0, 0, 0))
        begin = new.start - (new.origin or 0)
        wanted = (start if new.origin is None else start - zero) if path else begin
        said = begin, new.length, new.speed, new.record
        if not _near(said, (wanted, old.length, old.speed, old.record)):
            raise ValueError(f"event {old.number} would show other frames")
        if path and PurePosixPath(path).name not in new.names:
            raise ValueError(f"event {old.number} would show another file")


def _near(found: Sequence[float], wanted: Sequence[float]) -> bool:
    pairs = zip(found, wanted, strict=True)
    return all(abs(a - b) < 1e-3 or (math.isnan(a) and math.isnan(b)) for a, b in pairs)


def _edl(text: str, events: Sequence[Event], links: Links, rate: Fraction) -> str:
    waiting, made = iter(events), []
    event: Event | None = None
    for line in text.splitlines():
        if found := _CUT.fullmatch(line):
            event = None if found["reel"].upper() in ("BL", "BLACK") else next(waiting, None)
            if found["edit"] != "C":
                raise ValueError("it has dissolves or wipes")
        link = links.get(event.number) if event is not None else None
        if link is None or event is None:
            made.append(line)
            continue
        path, _, _, start = link
        name = PurePosixPath(path).name
        reel = re.sub(r"\W", "_", PurePosixPath(path).stem, flags=re.ASCII)[:_LONGEST_REEL]
        if found:
            moved = start - frames_of(found["begin"], rate)
            begin, end = (shifted(found[each], rate, moved) for each in ("begin", "end"))
            line = (
                f"{found['number']}{reel}{found['kind']}{found['edit']}{found['gap']}{begin}"
                f"{found['space']}{end}{found['record']}"
            )
        elif found := _SPEED.fullmatch(line):
            line = f"{found[1]}{reel}{found[2]}{begin}{found[4]}"
        elif found := _NAME.fullmatch(line):
            line = found[1] + name
        made.append(line)
    return "\n".join([*made, ""])


def _xmeml(text: str, events: Sequence[Event], links: Links, folder: Path) -> str:
    root = fromstring(text)
    files = {f.get("id"): f for f in root.iter("file") if f.find("pathurl") is not None}
    items = list(_video_items(root))
    whole = {item.get("id"): item for item in items if len(item)}
    for item in items:  # one that is told by its name alone is like the one told before
        if not len(item) and item.get("id") in whole:
            item.extend(copy.deepcopy(list(whole[item.get("id")])))
    items = [item for item in items if item.find("file") is not None]
    known: dict[str, str] = {}
    for item, event in _paired(items, events):
        if event.retimed:
            raise ValueError("it has changes of speed")
        if event.number not in links:
            continue
        path, zero, count, start = links[event.number]
        length = _number(item, "out") - _number(item, "in")
        _text(item, "in", start - zero)
        _text(item, "out", start - zero + length)
        if item.find("duration") is not None:
            _text(item, "duration", count)
        old = item.find("file")
        assert old is not None
        new = Element("file", id=known.get(path, f"blur-{len(known) + 1}"))
        if path not in known:
            known[path] = new.get("id", "")
            new.extend(copy.deepcopy(list(files[old.get("id")])))
            _text(new, "name", PurePosixPath(path).name)
            url = quote("/" + absolute(folder / path).as_posix().lstrip("/"), safe="/:")
            _text(new, "pathurl", f"file://localhost{url}")
            _text(new, "duration", count)
            for code in new.findall("timecode"):
                _text(code, "frame", zero)
                _text(code, "string", timecode_of(zero, Fraction(event.rate)))
        item[list(item).index(old)] = new
    return document(root, "xmeml")


def _video_items(root: Element) -> Iterator[Element]:
    for sequence in root.iter("sequence"):
        for track in sequence.findall("media/video/track"):
            yield from track.findall("clipitem")


def _fcpxml(text: str, events: Sequence[Event], links: Links) -> str:
    root = fromstring(text)
    resources = root.find("resources")
    if resources is None:
        raise ValueError("it names no files")
    assets = {asset.get("id"): asset for asset in resources.findall("asset")}
    shown = [e for spine in root.iter("spine") for e in spine.iter() if _shows(e, assets)]
    known: dict[str, str] = {}
    for item, event in _paired(shown, events):
        if event.number not in links:
            continue
        path, zero, count, start = links[event.number]
        frame = 1 / Fraction(event.rate).limit_denominator(1001)
        video = item if item.tag == "asset-clip" else item.find("video")
        assert video is not None
        if path not in known:
            known[path] = f"blur{len(known) + 1}"
            asset = copy.deepcopy(assets[video.get("ref")])
            asset.attrib |= {
                "id": known[path],
                "name": PurePosixPath(path).name,
                "start": _seconds(zero * frame),
                "duration": _seconds(count * frame),
            }
            for holder in (asset, *asset.findall("media-rep")):
                if holder is asset or "src" in holder.attrib:
                    holder.set("src", quote(path))
            resources.append(asset)
        video.set("ref", known[path])
        if video is not item:
            at = {"offset": _seconds(zero * frame), "start": _seconds(zero * frame)}
            video.attrib |= {**at, "duration": _seconds(count * frame)}
        item.set("start", _seconds(start * frame))
    return document(root, "fcpxml")


def _shows(element: Element, assets: Mapping[str | None, Element]) -> bool:
    video = element.find("video") if element.tag == "clip" else element
    is_clip = element.tag in ("clip", "asset-clip") and video is not None
    return is_clip and video is not None and video.get("ref") in assets


def _paired(items: Sequence[Element], events: Sequence[Event]) -> Iterator[tuple[Element, Event]]:
    if len(items) != len(events):
        raise ValueError(f"{len(items)} of its clips were found, not {len(events)}")
    return zip(items, events, strict=True)


def _number(parent: Element, tag: str) -> int:
    return int(parent.findtext(tag) or 0)


def _text(parent: Element, tag: str, value: object) -> None:
    found = parent.find(tag)
    (SubElement(parent, tag) if found is None else found).text = str(value)


def _seconds(time: Fraction) -> str:
    return f"{time.numerator}/{time.denominator}s" if time else "0s"
