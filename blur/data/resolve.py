"""A plan and a person's edits, resolved into the plan to render. Pure functions.

Cover when unclear: a decision to keep a face clear that fits no face, or two equally well, keeps
nothing clear and becomes a doubt; so does its rest, once another face came near or its own went
unseen (`certainty`). Where decisions disagree, "cover" wins.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import structs

from blur.data.boxes import bounds
from blur.data.certainty import Evidence, certainty, meeting
from blur.data.edits import Decision, Edits, Keyframe, RegionEdit, TrackEdit
from blur.data.overlap import BINDING, MATCH, SURE_MATCH, iou
from blur.data.paths import interpolate, key_of
from blur.data.plan import Box, Boxes, Doubt, Mark, Plan, Reason, Track
from blur.data.spans import FrameMask, FrameSpan, runs
from blur.errors import PlanMismatch

UNSURE_WEIGHT = 0.3
"""Weight of a doubt about who a face to be kept clear is; larger lists it further up."""
STALE_WEIGHT = 0.3
"""Weight of a stale doubt; larger lists it further up."""
STALE_GAP = 15
"""Frames between stale spans up to which one doubt reports both; larger lists fewer."""


LaneKind: TypeAlias = Literal["face", "region", "dark"]
"""A region is drawn; the dark is a picture black to the eye."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of the review page: a track of the plan, either side of a split, a face that a person
    wants covered, or a drawn region.

    `clear` holds the track's frames that a person keeps clear, `unsure` the spans of its rows that
    wait for a person to confirm who the face is. `origin` is the id of the plan's track, `region`
    of the drawn region. `covers` are the ids of the tracks that cover the rest.
    """

    track: Track
    clear: FrameMask
    origin: int | None = None
    region: int | None = None
    covers: tuple[int, ...] = ()
    unsure: tuple[tuple[FrameSpan, Reason], ...] = ()

    @property
    def kind(self) -> LaneKind:
        if self.region is not None:
            return "region"
        return "dark" if self.track.source == "dark" else "face"

    @property
    def person(self) -> int | None:
        """The number of the person in the clip, the chain's; None where nobody can be told."""
        return self.track.chain

    @property
    def number(self) -> int:
        """The number that the review page shows: the region's, else the track's."""
        return self.track.id if self.region is None else self.region


@dataclass(frozen=True, slots=True)
class Resolved:
    """`plan` holds the covered tracks and open doubts, `kept` the tracks that a person keeps clear
    (an audit must not call these residual), `lanes` both, undivided."""

    plan: Plan
    kept: tuple[Track, ...]
    lanes: tuple[Lane, ...]


def apply(plan: Plan, edits: Edits) -> Plan:
    """The plan to render. Raises PlanMismatch when the edits were made for another clip."""
    return resolve(plan, edits).plan


def resolve(plan: Plan, edits: Edits) -> Resolved:
    """Like `apply`, with the kept tracks and the lanes."""
    if edits.fingerprint != plan.fingerprint:
        raise PlanMismatch(
            "the edits were made for another clip, or the clip has changed since",
            remedy="move the edits file away, look at the clip again and decide anew",
        )
    ids = itertools.count(1 + max((t.id for t in plan.tracks), default=-1))
    found, stale = _split(plan, edits.splits, ids)
    decided, added, unmatched = _decided(plan, found, edits.tracks, ids)
    drawn = [_drawn(plan, region, next(ids)) for region in edits.regions]
    covered: list[Track] = []
    kept: list[Track] = []
    lanes: list[Lane] = []
    unsure: list[Doubt] = []
    for lane in (*decided, *added, *drawn):
        covers = list(_portions(lane.track, ~lane.clear, ids))
        covered += covers
        unsure += _unsure(lane, covers)
        kept += _portions(lane.track, lane.clear, ids)
        lanes.append(replace(lane, covers=tuple(track.id for track in covers)))
    doubts = [*_still_open(plan.doubts, lanes, covered), *stale, *unmatched, *unsure]
    return Resolved(plan.with_tracks(covered, doubts), tuple(kept), tuple(lanes))


def lane_at(edit: TrackEdit, lanes: Sequence[Lane]) -> int | None:
    """The id of the track that a decision about a face lies on, at its first frame."""
    frame, box = edit.path[0].frame, np.array([edit.path[0].box], np.float32)
    for lane in lanes:
        if lane.track.start <= frame < lane.track.end:
            row = frame - lane.track.start
            if iou(box, lane.track.boxes[row : row + 1])[0] >= MATCH:
                return lane.track.id
    return None


def _split(
    plan: Plan, splits: Sequence[Keyframe], ids: Iterator[int]
) -> tuple[list[Lane], list[Doubt]]:
    """Lanes of the plan's tracks, each divided where its box matches a split; doubts about splits
    that match none."""
    lanes = [_lane(track, origin=track.id) for track in plan.tracks]
    stale: list[Doubt] = []
    for split in splits:
        box = np.array([split.box], np.float32)
        fits = [
            float(iou(t.boxes[split.frame - t.start :][:1], box)[0])
            if t.start < split.frame < t.end
            else 0.0
            for t in (lane.track for lane in lanes)
        ]
        if max(fits, default=0) < MATCH:
            stale += _stale(min(split.frame, plan.frames - 1), box, np.ones(1, bool))
            continue
        at = int(np.argmax(fits))
        lane = lanes[at]
        mask = np.arange(lane.track.start, lane.track.end) < split.frame
        (before,), (after,) = _portions(lane.track, mask, ids), _portions(lane.track, ~mask, ids)
        after = replace(after, id=next(ids), chain=None)
        lanes[at : at + 1] = [_lane(track, origin=lane.origin) for track in (before, after)]
    return lanes, stale


def _decided(
    plan: Plan, lanes: Sequence[Lane], edits: Iterable[TrackEdit], ids: Iterator[int]
) -> tuple[list[Lane], list[Lane], list[Doubt]]:
    """The lanes with the frames that a person keeps clear; new lanes along paths to cover, where
    none matches; and doubts about paths to keep clear, where none or several match."""
    starts = np.array([lane.track.start for lane in lanes], int)
    ends = np.array([lane.track.end for lane in lanes], int)
    asked = [lane.clear.copy() for lane in lanes]  # to keep clear
    firm = [lane.clear.copy() for lane in lanes]  # covered, whoever keeps the face clear
    confirmed = [lane.clear.copy() for lane in lanes]
    added: list[Lane] = []
    stale: list[Doubt] = []
    keeps: list[tuple[TrackEdit, Boxes, _Chosen]] = []
    for edit in sorted(edits, key=lambda edit: not edit.confirmed):
        start, boxes = _within(plan, edit.path)
        near = np.flatnonzero((starts < start + len(boxes)) & (ends > start)).tolist()
        meetings = (_meeting(index, lanes[index].track, start, boxes) for index in near)
        if edit.decision is Decision.COVER:
            matched, chosen = _every_match(len(boxes), meetings)
            added += _followed(plan, start, boxes, ~matched, ids)
        else:
            matched, chosen = _only_match(len(boxes), meetings, asked)
            stale += _stale(start, boxes, ~matched)
            keeps.append((edit, boxes, chosen))
        for index, rows in chosen:
            (firm if edit.decision is Decision.COVER else asked)[index][rows] = True
            if edit.decision.uncovers and edit.confirmed:
                confirmed[index][rows] = True
    faces = [lane.track for lane in (*lanes, *added) if lane.track.is_face]
    clear = [mask.copy() for mask in confirmed]
    doubtful: list[list[tuple[FrameSpan, Reason]]] = [[] for _ in lanes]
    for edit, boxes, chosen in keeps:
        found = certainty(_evidence(edit, boxes, chosen, lanes, faces, confirmed))
        for index, rows in chosen:
            track = lanes[index].track
            here = slice(track.start - found.start, track.end - found.start)
            clear[index][rows] |= found.sure[here][rows]
            mask = np.zeros(len(found.sure), bool)
            mask[here][rows] = ~found.sure[here][rows] & ~firm[index][rows]
            shift = found.start - track.start
            doubtful[index] += [((a + shift, b + shift), why) for (a, b), why in found.doubts(mask)]
    masks = zip(lanes, clear, firm, doubtful, strict=True)
    held = [replace(lane, clear=c & ~f, unsure=tuple(d)) for lane, c, f, d in masks]
    return held, added, stale


def _evidence(
    edit: TrackEdit,
    boxes: Boxes,
    chosen: _Chosen,
    lanes: Sequence[Lane],
    faces: Sequence[Track],
    confirmed: Sequence[FrameMask],
) -> Evidence:
    """Evidence of the lanes on the path of a decision to keep a face clear, `boxes`."""
    start = edit.path[0].frame
    since = start if edit.since is None else min(edit.since, start)
    tracks = {index: lanes[index].track for index, _ in chosen}
    evidence = Evidence.over(since, start + len(boxes), tracks.values())
    if edit.since is not None:
        evidence.seen[since - evidence.start] = True
    kin = {track.id for track in tracks.values()}
    starts, ends = np.array([(t.start, t.end) for t in faces], int).reshape(-1, 2).T
    for index, track in tracks.items():
        here = evidence.on(track)
        seen = track.marks == Mark.DETECTED
        _, _, on_track, fit = _meeting(index, track, start, boxes)
        seen[on_track] &= fit >= MATCH  # elsewhere, it is no sighting of the face on the path
        evidence.seen[here] |= seen
        evidence.confirmed[here] |= confirmed[index]
        for at in np.flatnonzero((starts < track.end) & (ends > track.start)).tolist():
            if faces[at].id != track.id:
                rows, met = meeting(track, faces[at], faces[at].id in kin)
                evidence.met[here][rows] |= met
    return evidence


def _unsure(lane: Lane, covers: Sequence[Track]) -> Iterator[Doubt]:
    """Doubts about who a face to be kept clear is, on the tracks that cover it meanwhile."""
    for (first, last), reason in lane.unsure:
        start, end = lane.track.start + first, lane.track.start + last
        yield Doubt(
            start=start,
            end=end,
            reason=reason,
            weight=UNSURE_WEIGHT,
            track=next(track.id for track in covers if track.start <= start < track.end),
            box=key_of(lane.track, start).box,
        )


class _Meeting(NamedTuple):
    """Frames that a lane (by position) shares with a path: rows of both, and the IoU on each."""

    lane: int
    on_path: slice
    on_track: slice
    fit: npt.NDArray[np.float64]


_Chosen: TypeAlias = list[tuple[int, npt.NDArray[np.intp]]]
"""Lanes (by position), each with rows of its track."""


def _meeting(index: int, track: Track, start: int, boxes: Boxes) -> _Meeting:
    first, last = max(start, track.start), min(start + len(boxes), track.end)
    on_path = slice(first - start, last - start)
    on_track = slice(first - track.start, last - track.start)
    return _Meeting(index, on_path, on_track, iou(boxes[on_path], track.boxes[on_track]))


def _every_match(frames: int, meetings: Iterable[_Meeting]) -> tuple[FrameMask, _Chosen]:
    """The frames of a path that match at least one lane, and every lane with its matching rows."""
    matched = np.zeros(frames, bool)
    chosen: _Chosen = []
    for index, on_path, on_track, fit in meetings:
        rows = np.flatnonzero(fit >= MATCH)
        matched[on_path.start + rows] = True
        chosen.append((index, on_track.start + rows))
    return matched, chosen


def _only_match(
    frames: int, meetings: Iterable[_Meeting], clear: Sequence[FrameMask]
) -> tuple[FrameMask, _Chosen]:
    """The frames of a path that match exactly one lane, or one kept clear already; and the lanes
    to keep clear, with their rows. Lanes that match on fewer than `BINDING` of the frames are
    other people, whoever is nearest on a single frame.

    The best match counts if the second best is no match, or, for a best of `SURE_MATCH`, is not as
    sure: a path is not its track to the pixel, so between two sure matches the better says
    nothing. A lane kept clear already is never the best, so its neighbour is not taken instead.
    """
    best, second = np.zeros(frames), np.zeros(frames)
    owner, shift = np.full(frames, -1), {}
    bound: list[int] = []
    settled = np.zeros(frames, bool)
    for index, on_path, on_track, fit in meetings:
        taken = clear[index][on_track]
        better = (fit > best[on_path]) & ~taken
        settled[on_path] |= taken & (fit >= MATCH)
        second[on_path] = np.maximum(second[on_path], np.where(better, best[on_path], fit))
        best[on_path] = np.where(better, fit, best[on_path])
        owner[on_path] = np.where(better, index, owner[on_path])
        shift[index] = on_track.start - on_path.start
        if (fit >= MATCH).mean() >= BINDING:
            bound.append(index)
    alone = (
        np.isin(owner, bound)
        & (best >= MATCH)
        & (second < np.where(best >= SURE_MATCH, SURE_MATCH, MATCH))
    )
    indices = np.unique(owner[alone]).tolist()
    chosen = [(i, np.flatnonzero(alone & (owner == i)) + shift[i]) for i in indices]
    return alone | settled, chosen


def _within(plan: Plan, path: Sequence[Keyframe]) -> tuple[int, Boxes]:
    if path[0].frame >= plan.frames:
        raise PlanMismatch(f"an edit names frame {path[0].frame}, the clip has {plan.frames}")
    return interpolate(path, plan.frames)


def _followed(
    plan: Plan, start: int, boxes: Boxes, mask: FrameMask, ids: Iterator[int]
) -> Iterator[Lane]:
    """Lanes along the masked frames of a path, none across a cut."""
    for first, last in runs(mask):
        for shot_start, shot_end in plan.shots():
            begin, end = max(start + first, shot_start), min(start + last, shot_end)
            if begin < end:
                rows = boxes[begin - start : end - start]
                yield _lane(Track.unseen(next(ids), begin, rows, "edit"))


def _drawn(plan: Plan, region: RegionEdit, new_id: int) -> Lane:
    start, boxes = _within(plan, region.keyframes)
    source = "ellipse" if region.ellipse else "person"
    return _lane(Track.unseen(new_id, start, boxes, source), region=region.id)


def _lane(track: Track, origin: int | None = None, region: int | None = None) -> Lane:
    return Lane(track, np.zeros(len(track.marks), bool), origin, region)


def _portions(track: Track, mask: FrameMask, ids: Iterator[int]) -> Iterator[Track]:
    """A track for each span on which `mask` is true; the first keeps the id."""
    if mask.all():
        yield track
        return
    for number, (first, last) in enumerate(runs(mask)):
        yield replace(
            track,
            id=next(ids) if number else track.id,
            start=track.start + first,
            boxes=track.boxes[first:last],
            marks=track.marks[first:last],
            scores=track.scores[first:last],
        )


def _stale(start: int, boxes: Boxes, missed: FrameMask) -> Iterator[Doubt]:
    for first, last in runs(missed, STALE_GAP):
        box = Box(*boxes[first].tolist())
        at, end = start + first, start + last
        yield Doubt(start=at, end=end, reason=Reason.STALE, weight=STALE_WEIGHT, box=box)


def _still_open(
    doubts: Sequence[Doubt], lanes: Sequence[Lane], covered: Sequence[Track]
) -> Iterator[Doubt]:
    """The plan's doubts that no decision settles, on the tracks they are now about: neither of
    kept frames, nor of an uncovered place that a person covers."""
    by_id = {track.id: track for track in covered}
    covers: dict[int | None, list[Track]] = {}
    for lane in lanes:
        covers.setdefault(lane.origin, []).extend(by_id[new_id] for new_id in lane.covers)
    for doubt in doubts:
        if doubt.track is None:
            if not any(_hides(track, doubt) for track in covers.get(None, ())):
                yield doubt
            continue
        for track in covers.get(doubt.track, ()):
            start, end = max(doubt.start, track.start), min(doubt.end, track.end)
            if start < end:
                box = doubt.box if start == doubt.start else key_of(track, start).box
                yield structs.replace(doubt, start=start, end=end, track=track.id, box=box)


def _hides(track: Track, doubt: Doubt) -> bool:
    """Whether a track lasts a doubt's whole span and, where it begins, reaches over its centre."""
    if doubt.box is None or doubt.start < track.start or doubt.end > track.end:
        return False
    left, top, right, bottom = bounds(track.boxes[doubt.start - track.start :][:1])[0]
    return bool(left <= doubt.box.cx <= right and top <= doubt.box.cy <= bottom)
