"""What a person's edits make of a plan: pure functions from a plan and its edits to a plan.

Everything is covered unless a person said otherwise, so whatever is unclear here stays covered:
a decision that fits no face, or two faces equally well, keeps nothing clear and is reported as a
doubt. Where decisions disagree, "cover" wins.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from blur.data.boxes import Floats, bounds, wrapped
from blur.data.edits import Decision, Edits, Keyframe
from blur.data.plan import Box, Boxes, Doubt, Plan, Reason, Track
from blur.data.spans import Mask, runs
from blur.errors import PlanMismatch

MATCH = 0.5
"""IoU from which a decision's box and a track's box are the same face."""
SURE = 0.85
"""IoU from which another face in the same place raises no doubt about which one is meant."""
FIDELITY = 0.9
"""IoU that a path keeps, on every frame, with the track that it was taken from."""
STALE_WEIGHT = 0.3
STALE_GAP = 15
"""Frames; stale spans closer together than this are reported as one doubt."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One face as a person meets it: a track of the plan, a part of one that was split, a face
    that a person wants covered, or a region that a person drew.

    `clear` is (n,) bool, the frames on which a person keeps the face clear. `origin` is the
    plan's track and `region` the drawn region that the lane stands for. `parts` are the ids of
    the tracks that cover what is left of it.
    """

    track: Track
    clear: Mask
    origin: int | None = None
    region: int | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a plan and its edits come to.

    `plan` holds what is covered. `kept` are the faces that a person keeps clear: an audit of the
    output sees them and must not call them residual. `lanes` are both, before they are parted.
    """

    plan: Plan
    kept: tuple[Track, ...]
    lanes: tuple[Lane, ...]


def apply(plan: Plan, edits: Edits) -> Plan:
    """The plan that is rendered: `plan` as a person changed it.

    Raises PlanMismatch when the edits were made for another clip.
    """
    return resolve(plan, edits).plan


def resolve(plan: Plan, edits: Edits) -> Resolved:
    """Like `apply`, with what is kept clear, and what each face became, beside it."""
    if edits.fingerprint != plan.fingerprint:
        raise PlanMismatch(
            "the edits were made for another clip, or the clip has changed since",
            remedy="move the edits file away, look at the clip again and decide anew",
        )
    ids = itertools.count(1 + max((t.id for t in plan.tracks), default=-1))
    lanes, stale = _split(plan, edits.splits, ids)
    binder = _Binder(lanes)
    added: list[Lane] = []
    for edit in edits.tracks:
        start, boxes = _within(plan, edit.path)
        if edit.decision is Decision.COVER:
            added += _followed(plan, start, boxes, ~binder.cover(start, boxes), ids)
        else:
            stale += _stale(start, boxes, ~binder.keep(start, boxes))
    for region in edits.regions:
        added.append(_drawn(plan, region.id, region.keyframes, next(ids)))
    covered: list[Track] = []
    kept: list[Track] = []
    whole: list[Lane] = []
    for lane in (*binder.decided(), *added):
        parts = list(_parts(lane.track, ~lane.clear, ids))
        covered += parts
        kept += _parts(lane.track, lane.clear, ids)
        whole.append(replace(lane, parts=tuple(part.id for part in parts)))
    result = plan.with_tracks(covered, [*_still_open(plan.doubts, whole, covered), *stale])
    return Resolved(result, tuple(kept), tuple(whole))


def interpolate(path: Sequence[Keyframe]) -> tuple[int, Boxes]:
    """The first keyframe's frame, and one box per frame from the first keyframe to the last.

    Linear in place and size; the angle turns the short way round.
    """
    keys = np.array([key.frame for key in path])
    columns = np.array([key.box for key in path], np.float64).T
    columns[4] = np.unwrap(columns[4], period=360)
    frames = np.arange(keys[0], keys[-1] + 1)
    boxes = np.stack([np.interp(frames, keys, column) for column in columns], axis=1)
    boxes[:, 4] = wrapped(boxes[:, 4])
    return int(keys[0]), boxes.astype(np.float32)


def path_of(track: Track, start: int, end: int) -> tuple[Keyframe, ...]:
    """The track's boxes on [start, end) as few keyframes that interpolate back to them.

    Keeps `FIDELITY` IoU and 10 degrees on every frame. The span must meet the track.
    """
    start, end = max(start, track.start), min(end, track.end)
    keys = {start, end - 1}
    spans = [(start, end - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        boxes = track.boxes[first - track.start : last + 1 - track.start]
        _, between = interpolate([_key(track, first), _key(track, last)])
        turned = np.abs(wrapped(between[:, 4] - boxes[:, 4]))
        fit = np.where(turned > 10, 0, iou(between, boxes))[1:-1]
        if fit.min() < FIDELITY:
            worst = first + 1 + int(fit.argmin())
            keys.add(worst)
            spans += [(first, worst), (worst, last)]
    return tuple(_key(track, frame) for frame in sorted(keys))


def iou(a: Boxes, b: Boxes) -> Floats:
    """(n,) intersection over union of two sets of n boxes, row by row, by their bounds."""
    a_bounds, b_bounds = bounds(a), bounds(b)
    low = np.maximum(a_bounds[:, :2], b_bounds[:, :2])
    high = np.minimum(a_bounds[:, 2:], b_bounds[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = [np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (a_bounds, b_bounds)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def _key(track: Track, frame: int) -> Keyframe:
    return Keyframe(frame, Box(*track.boxes[frame - track.start].tolist()))


def _within(plan: Plan, path: Sequence[Keyframe]) -> tuple[int, Boxes]:
    start, boxes = interpolate(path)
    if start >= plan.frames:
        raise PlanMismatch(f"an edit names frame {start}, the clip has {plan.frames}")
    return start, boxes[: plan.frames - start]


def _split(
    plan: Plan, splits: Sequence[Keyframe], ids: Iterator[int]
) -> tuple[list[Lane], list[Doubt]]:
    """Lanes of the plan's tracks, parted where a person said that another face begins."""
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
        lane, mask = lanes[at], np.arange(lanes[at].track.start, lanes[at].track.end) < split.frame
        (before,), (after,) = _parts(lane.track, mask, ids), _parts(lane.track, ~mask, ids)
        after = replace(after, id=next(ids))
        lanes[at : at + 1] = [_lane(part, origin=lane.origin) for part in (before, after)]
    return lanes, stale


class _Binder:
    """Finds the faces that decisions are about, and holds what was decided on each."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes
        self._starts = np.array([lane.track.start for lane in lanes], int)
        self._ends = np.array([lane.track.end for lane in lanes], int)
        self._clear = [lane.clear.copy() for lane in lanes]
        self._firm = [lane.clear.copy() for lane in lanes]

    def decided(self) -> list[Lane]:
        """The lanes with what is kept clear; a cover that a person asked for is not lifted."""
        return [
            replace(lane, clear=clear & ~firm)
            for lane, clear, firm in zip(self._lanes, self._clear, self._firm, strict=True)
        ]

    def cover(self, start: int, boxes: Boxes) -> Mask:
        """Hold each face on the path covered. Returns (n,) bool, the frames that have one."""
        bound = np.zeros(len(boxes), bool)
        for index, on_path, on_track, fit in self._meet(start, boxes):
            self._firm[index][on_track] |= fit >= MATCH
            bound[on_path] |= fit >= MATCH
        return bound

    def keep(self, start: int, boxes: Boxes) -> Mask:
        """Keep the one face on the path clear. Returns (n,) bool, the frames that have one.

        Of two faces in one place the nearer is meant, and only when it alone fits beyond doubt: a
        path is not its track to the pixel, so between two that do, the nearer says nothing. Where
        an earlier decision keeps the face clear, its neighbour is not taken in its stead.
        """
        best, second = np.zeros(len(boxes)), np.zeros(len(boxes))
        owner = np.full(len(boxes), -1)
        settled = np.zeros(len(boxes), bool)
        for index, on_path, on_track, fit in self._meet(start, boxes):
            taken = self._clear[index][on_track]
            settled[on_path] |= taken & (fit >= MATCH)
            nearer = (fit > best[on_path]) & ~taken
            second[on_path] = np.maximum(second[on_path], np.where(nearer, best[on_path], fit))
            best[on_path] = np.where(nearer, fit, best[on_path])
            owner[on_path] = np.where(nearer, index, owner[on_path])
        bound = (best >= MATCH) & (second < np.where(best >= SURE, SURE, MATCH))
        for index in np.unique(owner[bound]).tolist():
            frames = start + np.flatnonzero(bound & (owner == index))
            self._clear[index][frames - self._starts[index]] = True
        return bound | settled

    def _meet(self, start: int, boxes: Boxes) -> Iterator[tuple[int, slice, slice, Floats]]:
        """Every track that shares frames with a path: its index, the shared frames as rows of
        the path and as rows of the track, and the IoU on each of them."""
        end = start + len(boxes)
        for index in np.flatnonzero((self._starts < end) & (self._ends > start)).tolist():
            track = self._lanes[index].track
            first, last = max(start, track.start), min(end, track.end)
            on_path = slice(first - start, last - start)
            on_track = slice(first - track.start, last - track.start)
            yield index, on_path, on_track, iou(boxes[on_path], track.boxes[on_track])


def _followed(
    plan: Plan, start: int, boxes: Boxes, mask: Mask, ids: Iterator[int]
) -> Iterator[Lane]:
    """Lanes along the masked part of a path, none across a cut: a face that a person wants
    covered is covered even where the scan found none."""
    for first, last in runs(mask):
        for shot_start, shot_end in plan.shots():
            begin, end = max(start + first, shot_start), min(start + last, shot_end)
            if begin < end:
                rows = boxes[begin - start : end - start]
                yield _lane(Track.unseen(next(ids), begin, rows, "edit"))


def _drawn(plan: Plan, region: int, keyframes: Sequence[Keyframe], new_id: int) -> Lane:
    start, boxes = _within(plan, keyframes)
    return _lane(Track.unseen(new_id, start, boxes, "person"), region=region)


def _lane(track: Track, origin: int | None = None, region: int | None = None) -> Lane:
    return Lane(track, np.zeros(len(track.marks), bool), origin, region)


def _parts(track: Track, mask: Mask, ids: Iterator[int]) -> Iterator[Track]:
    """The parts of a track on which `mask` is true; the first one keeps the id."""
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


def _stale(start: int, boxes: Boxes, missed: Mask) -> Iterator[Doubt]:
    for first, last in runs(missed, STALE_GAP):
        yield Doubt(
            start=start + first,
            end=start + last,
            reason=Reason.STALE,
            weight=STALE_WEIGHT,
            box=Box(*boxes[first].tolist()),
        )


def _still_open(
    doubts: Sequence[Doubt], lanes: Sequence[Lane], covered: Sequence[Track]
) -> Iterator[Doubt]:
    """The plan's doubts that no decision settles: a face kept clear is no longer doubtful, and
    an uncovered one that a person covers is not either."""
    by_id = {track.id: track for track in covered}
    parts: dict[int | None, list[Track]] = {}
    for lane in lanes:
        parts.setdefault(lane.origin, []).extend(by_id[part] for part in lane.parts)
    for doubt in doubts:
        if doubt.track is None:
            if not any(_hides(track, doubt) for track in parts.get(None, ())):
                yield doubt
            continue
        for track in parts.get(doubt.track, ()):
            start, end = max(doubt.start, track.start), min(doubt.end, track.end)
            if start < end:
                box = doubt.box if start == doubt.start else _key(track, start).box
                yield Doubt(
                    start=start,
                    end=end,
                    reason=doubt.reason,
                    weight=doubt.weight,
                    track=track.id,
                    box=box,
                )


def _hides(track: Track, doubt: Doubt) -> bool:
    """Whether a track reaches over a doubt's whole span and, where it begins, over its centre."""
    if doubt.box is None or doubt.start < track.start or doubt.end > track.end:
        return False
    left, top, right, bottom = bounds(track.boxes[doubt.start - track.start :][:1])[0]
    return bool(left <= doubt.box.cx <= right and top <= doubt.box.cy <= bottom)
