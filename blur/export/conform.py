"""A timeline's clips against an output folder: which frames are used, unchecked or in doubt.

Only those frames, with handles, are then rendered, into a folder that the timeline links to.
"""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath

from blur.batch.naming import bare
from blur.clip import ClipJob
from blur.data.edits import Edits
from blur.data.frame_map import FrameMap, frame_map, is_even
from blur.data.plan import Doubt, Plan
from blur.data.resolve import resolve
from blur.data.spans import FrameSpan
from blur.data.timecode import at_rate, frames_of, shifted
from blur.disk.fingerprint import file_sha256
from blur.errors import BlurError
from blur.export.cuts import Event
from blur.media.open.clip_info import ClipInfo
from blur.media.open.probe import probe
from blur.media.write.writers import output_suffix
from blur.settings import OutputSettings, Settings, Timecode
from blur.store.checks import signatures
from blur.store.ledger import Entry
from blur.store.names import from_text
from blur.store.plans import load_edits
from blur.store.report import State
from blur.store.shelf import Shelf
from blur.store.sounds import located

_SAME_RATE = 5e-4
"""Relative; half of the way from 24 to 23.976. Of rates that differ less, a frame is a frame."""

_NAMED = 3
"""Doubts that are told of one event; the others are counted."""


@dataclass(frozen=True)
class Footage:
    """A clip of the output folder; `checked_by` is "" where nobody watched it as it is."""

    entry: Entry
    job: ClipJob
    info: ClipInfo
    plan: Plan
    edits: Edits | None
    doubts: Sequence[Doubt]
    checked_by: str

    @functools.cached_property
    def held(self) -> FrameMap:
        """The frames of the covered clip, which the timeline was cut from."""
        return frame_map(self.plan, self.entry.placement)

    @property
    def name(self) -> str:
        return PurePosixPath(self.entry.name).name


@dataclass(frozen=True, slots=True)
class Use:
    """An event and the clip's frames that it shows; `begin` is the first of them as the timeline
    counts, from the first frame of the covered clip."""

    event: Event
    footage: Footage
    frames: FrameSpan
    begin: float

    def doubts(self) -> Iterator[tuple[str, Doubt]]:
        """The open doubts on its frames, with the timeline's timecode of each."""
        start, stop = self.frames
        for doubt in sorted(self.footage.doubts, key=lambda d: d.start):
            if doubt.start < stop and doubt.end > start:
                plan = self.footage.plan
                ahead = plan.seconds(max(doubt.start, start)) - plan.seconds(start)
                shown = ahead * self.event.record_rate / (abs(self.event.speed) or 1)
                yield self.event.timecode(min(shown, self.event.length - 1)), doubt


@dataclass(frozen=True, slots=True)
class Part:
    """Frames of a clip to render, into `place` below the new folder."""

    footage: Footage
    frames: FrameSpan
    place: PurePosixPath


@dataclass(slots=True)
class Conformed:
    """A timeline's use of an output folder; `unmatched` are events, each with the reason."""

    uses: list[Use] = field(default_factory=list)
    unmatched: list[tuple[Event, str]] = field(default_factory=list)

    @property
    def unchecked(self) -> list[Use]:
        return [use for use in self.uses if not use.footage.checked_by]


def conformed(events: Iterable[Event], shelf: Shelf, settings: Settings) -> Conformed:
    """Match events to the clips of a folder by file name, name, tape name and timecode."""
    found, opened, shelved = Conformed(), {}, _Shelved(shelf)
    for event in events:
        entries = shelved.named(event)
        if len(entries) != 1:
            several = f"{len(entries)} clips have this name" if entries else "no clip has this name"
            found.unmatched.append((event, several))
            continue
        (entry,) = entries
        try:
            if entry.place not in opened:
                opened[entry.place] = _footage(entry, shelf, settings)
            footage = opened[entry.place]
        except BlurError as error:
            found.unmatched.append((event, error.problem))
            continue
        varies = math.isnan(event.speed)
        used = None if varies else frames_used(event, footage.info, footage.held)
        if varies:
            found.unmatched.append((event, "its speed varies"))
        elif used is None:
            found.unmatched.append((event, "its frames lie beyond the clip's"))
        else:
            found.uses.append(Use(event, footage, *used))
    return found


class _Shelved:
    """The finished and scanned clips of a folder by the names that timelines call them."""

    def __init__(self, shelf: Shelf) -> None:
        self._entries = [e for e in shelf.entries() if e.state in (State.SCANNED, State.DONE)]
        self._shelf = shelf
        self._reels: dict[str, str] | None = None

    def named(self, event: Event) -> list[Entry]:
        names = [name.casefold() for name in event.names]
        stems = [PurePosixPath(name).stem for name in names]
        for wanted, call in ((names, _files), (stems, _stems)):
            for name in wanted:
                if found := [e for e in self._entries if name in call(e)]:
                    return _beside(event, found)
        reel = event.reel.casefold()
        if not reel:
            return []
        return [e for e in self._entries if reel in (*_stems(e), self._reel(e))]

    def _reel(self, entry: Entry) -> str:
        if self._reels is None:
            self._reels = {}
            for each in self._entries:
                source = self._shelf.source(each)
                self._reels[each.place] = probe(source).reel.casefold() if source.exists() else ""
        return self._reels[entry.place]


def _files(entry: Entry) -> set[str]:
    made = [from_text(place).name for place in entry.made]
    return {name.casefold() for name in (PurePosixPath(entry.name).name, *made)}


def _stems(entry: Entry) -> set[str]:
    return {PurePosixPath(name).stem for name in _files(entry)}


def _beside(event: Event, entries: list[Entry]) -> list[Entry]:
    """Of namesakes, the ones in a folder of the name that the timeline tells."""
    near = [e for e in entries if from_text(e.place).parent.name == event.folder]
    return near if len(entries) > 1 and near else entries


def _footage(entry: Entry, shelf: Shelf, settings: Settings) -> Footage:
    job = ClipJob(shelf.source(entry), shelf.folder.out, entry, settings, scan=False, render=True)
    job.require_unchanged()
    plan = job.saved_plan()
    assert plan is not None  # without a scan, a missing plan raises
    edits_sha256 = file_sha256(job.edits_file)
    edits = located(load_edits(job.edits_file), job.folder) if edits_sha256 else None
    doubts = resolve(plan, edits).plan.doubts if edits else plan.doubts
    as_made = entry.plan_sha256, entry.edits_sha256
    now = file_sha256(job.plan_file), edits_sha256
    done = entry.state is State.DONE and now == as_made
    signed = signatures(shelf.folder, entry, edits_sha256) if done else ()
    names = ", ".join(signature.by for signature in signed)
    return Footage(entry, job, probe(job.path), plan, edits, doubts, names)


def frames_used(event: Event, info: ClipInfo, held: FrameMap) -> tuple[FrameSpan, float] | None:
    """The clip's frames that an event shows, and `Use.begin`; None where none fits.

    The source is the covered clip, whose frames are `held`. They count from the media's start as
    the timeline tells it, from the clip's own timecode, or from 0: the first that keeps them
    inside.
    """
    first, after = event.source()
    origins = [] if event.origin is None else [event.origin]
    if info.timecode:
        counted = Fraction(event.rate)
        zero = frames_of(at_rate(info.timecode, info.rate, counted), counted)
        origins.append(zero + float(held.start or 0) * event.rate)
    for origin in (*origins, 0):
        begin, end = first - origin, after - origin
        start, stop = _shown(begin, end, event.rate, held.rate or info.rate, held)
        if event.retimed:
            stop = min(stop, len(held.shown))
        if 0 <= start < stop <= len(held.shown):
            return (held.shown[start], held.shown[stop - 1] + 1), begin
    return None


def _shown(begin: float, end: float, rate: float, own: Fraction, held: FrameMap) -> tuple[int, int]:
    """The output's frames between two counts of frames of a constant rate; beyond its ends they go
    on. `own` is its rate. At uneven times, or another rate, all that may be shown there count: some
    programs show the frame before a time, some the nearest."""
    if is_even(held.pts) and abs(rate / float(own) - 1) < _SAME_RATE:
        return round(begin), round(end)
    seconds = _seconds(held, held.shown[-1] + 1)
    if begin < -0.5 or end / rate > seconds + 0.5 / rate:
        return round(begin), max(round(end), len(held.pts) + 1)
    ticks = 1 / (float(held.tick) * rate)
    earliest = held.pts[0] + begin * ticks + 1
    latest = held.pts[0] + (end - 0.5) * ticks
    return max(0, bisect.bisect_right(held.pts, earliest) - 1), bisect.bisect_left(held.pts, latest)


def parts_of(uses: Iterable[Use], handles: int, output: OutputSettings) -> dict[str, list[Part]]:
    """The ranges to render of each clip, by its place: used frames and handles, joined where they
    meet. A clip with several ranges has several files with numbers behind their name."""
    wanted: dict[str, list[Use]] = {}
    for use in uses:
        wanted.setdefault(use.footage.entry.place, []).append(use)
    made: dict[str, list[Part]] = {}
    for place, of_clip in wanted.items():
        footage = of_clip[0].footage
        shown = footage.held.shown
        spans: list[FrameSpan] = []
        for start, stop in sorted(use.frames for use in of_clip):
            start, stop = max(shown[0], start - handles), min(shown[-1] + 1, stop + handles)
            if spans and start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(stop, spans[-1][1])
            else:
                spans.append((start, stop))
        entry = footage.entry
        named = PurePosixPath(from_text(entry.output or entry.name))
        named = bare(named, entry.alone) if entry.output else named
        suffix = output_suffix(footage.info, output)
        tails = [f"_{number}" for number in range(1, len(spans) + 1)] if len(spans) > 1 else [""]
        made[place] = [
            Part(footage, span, named.with_name(f"{named.stem}{tail}{suffix}"))
            for span, tail in zip(spans, tails, strict=True)
        ]
    return made


def links(
    found: Conformed, parts: dict[str, list[Part]], settings: OutputSettings, shift: int
) -> dict[int, tuple[str, int, int, int]]:
    """Each event's new link, see `cuts.relinked`."""
    made = {}
    for use in found.uses:
        start, stop = use.frames
        files = parts[use.footage.entry.place]
        part = next(p for p in files if p.frames[0] <= start and stop <= p.frames[1])
        rate, held = Fraction(use.event.rate), use.footage.held
        timecode = use.footage.info.timecode
        if timecode:
            timecode = at_rate(timecode, use.footage.info.rate, rate)
        if settings.timecode is Timecode.OFFSET and timecode:
            timecode = shifted(timecode, rate, shift * round(rate))
        before, end = (_seconds(held, frame) * use.event.rate for frame in part.frames)
        keeps = settings.timecode is not Timecode.ZERO and timecode
        origin = before + float(held.start or 0) * use.event.rate
        zero = frames_of(timecode, rate) + round(origin) if keeps else 0
        begin = zero + round(use.begin - before)
        made[use.event.number] = (part.place.as_posix(), zero, round(end - before), begin)
    return made


def _seconds(held: FrameMap, frame: int) -> float:
    """The time of a frame of the clip in the covered clip; it may be one past the last."""
    place = bisect.bisect_left(held.shown, frame)
    if place < len(held.pts):
        return float((held.pts[place] - held.pts[0]) * held.tick)
    step = held.pts[-1] - held.pts[-2] if len(held.pts) > 1 else 0
    return float((held.pts[-1] + step - held.pts[0]) * held.tick)


def told(found: Conformed) -> Iterator[str]:
    """The events in words: timeline's timecode, clip, frames, who checked it, doubts."""
    for use in found.uses:
        event, (start, stop) = use.event, use.frames
        speed = "" if event.speed == 1 else f", at {event.speed:.0%} of its speed"
        checked = use.footage.checked_by
        state = f"checked by {checked}" if checked else "UNCHECKED"
        yield (
            f"{event.number:>4}  {event.timecode()} - {event.timecode(event.length)}"
            f"  {use.footage.name}, frames {start} to {stop - 1}{speed}: {state}"
        )
        doubts = list(use.doubts())
        for at, doubt in doubts[:_NAMED]:
            yield f"      {at}  {doubt.reason.kind.words}: {doubt.reason.words}"
        if len(doubts) > _NAMED:
            yield f"      and {len(doubts) - _NAMED} more doubts"
    for event, reason in found.unmatched:
        yield f"{event.number:>4}  {event.timecode()}  {event.name}: NOT MATCHED, {reason}"
