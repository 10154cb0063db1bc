"""The places of a clip that an editor goes to: doubts, persons kept clear, covers.

Faces and regions have the numbers of the review page.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import replace

from msgspec import Struct, structs

from blur.data.edits import Decision, Edits, SoundEdit, TrackEdit
from blur.data.frame_map import frame_map
from blur.data.placement import WHOLE, Placement
from blur.data.plan import Doubt, Kind, Plan, Reason
from blur.data.resolve import Lane, Resolved, lane_at
from blur.data.sound import outside
from blur.data.spans import runs

COLOURS = {
    "residual": "Red",
    "doubt": "Red",
    "kept": "Green",
    "excess": "Yellow",
    "cover": "Blue",
    "region": "Purple",
    "sound": "Cyan",
}
"""Colours by kind; the gravest kinds come first."""
_ORDER = list(COLOURS)
_NAMES = {"face": "Face", "region": "Region", "dark": "Dark picture"}
GROUPS = {
    "doubts": ("residual", "doubt", "excess"),
    "kept": ("kept",),
    "covers": ("cover", "region"),
    "sound": ("sound",),
}
"""Kinds that are asked for together."""


class Marker(Struct, frozen=True, kw_only=True):
    """Frames [start, end) to look at; `kind` is residual, doubt (may show a face), kept (a person
    is clear), excess (covers too much), cover, region or sound (a person took it out)."""

    kind: str
    text: str
    start: int
    end: int


def markers(resolved: Resolved, edits: Edits, groups: Iterable[str] = GROUPS) -> list[Marker]:
    """The markers of a clip in `groups`: what may be seen first, then who is kept clear, then
    covers, then sound; each kind by frame. `edits` are those in `resolved`."""
    kinds = {kind for group in groups for kind in GROUPS[group]}
    found = [*_doubts(resolved), *_kept(resolved, edits), *_covers(resolved.lanes, edits)]
    found += _sound(resolved.plan, edits.sound)
    wanted = (marker for marker in found if marker.kind in kinds)
    return sorted(wanted, key=lambda m: (_ORDER.index(m.kind), m.start, m.end))


def on_output(plan: Plan, found: list[Marker], placed: Placement) -> tuple[Plan, list[Marker]]:
    """The times of an output's frames, as a plan's, and the markers on its frames; markers on
    frames that it leaves out are left out, too."""
    if placed == WHOLE:
        return plan, found
    held = frame_map(plan, placed)
    moved = [
        structs.replace(
            marker,
            start=bisect.bisect_left(held.shown, marker.start),
            end=bisect.bisect_left(held.shown, marker.end),
        )
        for marker in found
    ]
    times = replace(plan, time_base=held.tick, pts=tuple(held.pts), cuts=(), tracks=(), doubts=())
    return times, [marker for marker in moved if marker.start < marker.end]


def _doubts(resolved: Resolved) -> Iterator[Marker]:
    by_cover = {part: _name(lane) for lane in resolved.lanes for part in lane.covers}
    for doubt in resolved.plan.doubts:
        name = "" if doubt.track is None else f"{by_cover.get(doubt.track, 'Face')}: "
        yield Marker(
            kind=_kind(doubt),
            text=f"{name}{doubt.reason.kind.words}: {doubt.reason.words}",
            start=doubt.start,
            end=doubt.end,
        )


def _kind(doubt: Doubt) -> str:
    if doubt.reason is Reason.RESIDUAL:
        return "residual"
    return "doubt" if doubt.reason.kind is Kind.EXPOSED else "excess"


def _kept(resolved: Resolved, edits: Edits) -> Iterator[Marker]:
    keeps = [(lane_at(e, resolved.lanes), e) for e in edits.tracks if e.decision.uncovers]
    for lane in resolved.lanes:
        for first, last in runs(lane.clear):
            start, end = lane.track.start + first, lane.track.start + last
            here = [
                edit
                for number, edit in keeps
                if number == lane.track.id
                and edit.path[0].frame < end
                and edit.path[-1].frame >= start
            ]
            why = "; ".join(filter(None, dict.fromkeys(map(_why, here))))
            empty = here and all(edit.decision is Decision.NO_FACE for edit in here)
            what = "uncovered, no face" if empty else "kept clear"
            text = f"{_name(lane)}: {what}" + (f": {why}" if why else "")
            yield Marker(kind="kept", text=text, start=start, end=end)


def _why(edit: TrackEdit) -> str:
    consent = f"consent {edit.consent}" if edit.consent else ""
    return ", ".join(filter(None, (edit.reason, consent)))


def _covers(lanes: Iterable[Lane], edits: Edits) -> Iterator[Marker]:
    reasons = {region.id: region.reason for region in edits.regions}
    for lane in lanes:
        why = reasons.get(-1 if lane.region is None else lane.region)
        for first, last in runs(~lane.clear):
            yield Marker(
                kind="cover" if lane.track.is_face else "region",
                text=f"{_name(lane)}: covered" + (f": {why}" if why else ""),
                start=lane.track.start + first,
                end=lane.track.start + last,
            )


def _sound(plan: Plan, sound: SoundEdit) -> Iterator[Marker]:
    starts = [plan.seconds(frame) for frame in range(plan.frames)]
    silent = (part for mute in sound.mutes for part in outside(mute, sound.bleeps))
    told = (("Sound: silent", silent), ("Sound: a tone in its place", sound.bleeps))
    for text, spans in told:
        for start, end in spans:
            first = max(0, bisect.bisect_right(starts, start) - 1)
            last = max(first + 1, bisect.bisect_left(starts, end))
            yield Marker(kind="sound", text=text, start=first, end=last)


def _name(lane: Lane) -> str:
    name = f"{_NAMES[lane.kind]} {lane.number}"
    return name if lane.person is None else f"Person {lane.person}, {name.lower()}"
