"""A person's answers to doubts, each in force while nothing changes of the picture it was given on.

Geometry and time as in `data.plan`. An answer holds no pixel.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from blur.data.boxes import bounds
from blur.data.plan import Boxes, Doubt, Plan, Reason, Track

Corners = npt.NDArray[np.float64]
"""(4,) left, top, right, bottom, in pixels."""


class Said(enum.StrEnum):
    """`OK`: right as shown. `COVER` and `TRACK` came with an edit that covers the place."""

    OK = "ok"
    COVER = "cover"
    TRACK = "track"


class Group(enum.StrEnum):
    """Doubts that are asked about together, in the order of members: what may show a face, whom a
    person kept clear, what covers too much."""

    EXPOSED = "exposed"
    KEPT = "kept"
    EXCESS = "excess"

    @classmethod
    def of(cls, reason: Reason) -> Group:
        if reason in (Reason.MET, Reason.UNSEEN, Reason.STALE):
            return cls.KEPT
        return cls(reason.kind)


class Answer(Struct, frozen=True, kw_only=True):
    """`doubt` is a `sign`, `seen` the digests of that name at the time of the answer: it holds
    while all of them are there, since a further cover shows nobody. For the record, the hashes are
    of the plan's, the edits' and the covered clip's files."""

    doubt: str
    said: Said
    seen: tuple[str, ...]
    plan_sha256: str | None = None
    edits_sha256: str | None = None
    output_sha256: str | None = None


def sign(doubt: Doubt) -> str:
    """16 hex digits that name a doubt of a clip, also after a new scan that finds it again."""
    named = (doubt.reason, doubt.start, doubt.end, doubt.box and [round(v) for v in doubt.box])
    return hashlib.sha256(msgspec.json.encode(named)).hexdigest()[:16]


def seen(plan: Plan, doubt: Doubt, cover: str) -> tuple[str, ...]:
    """Digests, 16 hex digits each and ascending, of the covers at a doubt's place on its frames.

    `plan` has the edits applied and `cover` names the covers' settings. Covers elsewhere do not
    matter: an answer outlives decisions about the rest of a clip.
    """
    named = next((track for track in plan.tracks if track.id == doubt.track), None)
    if named is not None:
        place = hull(_on(named, doubt))
    elif doubt.box is not None:
        boxes = [key.box for key in doubt.path] or [doubt.box]
        place = hull(np.array(boxes, np.float32))
    else:
        place = np.array([0, 0, plan.width, plan.height], np.float64)
    parts = [
        b"%d %d" % (max(doubt.start, track.start), track is named) + rows.tobytes()
        for track in plan.tracks
        if len(rows := _on(track, doubt)) and (track is named or _touch(hull(rows), place))
    ]
    return tuple(sorted(hashlib.sha256(cover.encode() + p).hexdigest()[:16] for p in parts))


def _on(track: Track, doubt: Doubt) -> Boxes:
    """The boxes of a track on a doubt's frames."""
    first, last = max(0, doubt.start - track.start), max(0, doubt.end - track.start)
    return track.boxes[first:last]


def hull(rows: Boxes) -> Corners:
    """Around (n, 5) boxes, all of them."""
    corners = bounds(rows)
    return np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])


def _touch(one: Corners, other: Corners) -> bool:
    return bool((one[:2] < other[2:]).all() and (other[:2] < one[2:]).all())


def in_force(plan: Plan, answers: Iterable[Answer], cover: str) -> dict[str, Said]:
    """The answers that still hold, by the sign of their doubt; arguments as in `seen`."""
    given = {answer.doubt: answer for answer in answers}
    signed = {sign(doubt): doubt for doubt in plan.doubts} if given else {}
    return {
        name: given[name].said
        for name, doubt in signed.items()
        if name in given and set(given[name].seen) <= set(seen(plan, doubt, cover))
    }


def waiting(plan: Plan, answers: Iterable[Answer], cover: str) -> list[Doubt]:
    """The doubts that no answer settles; arguments as in `seen`."""
    settled = in_force(plan, answers, cover)
    return [doubt for doubt in plan.doubts if sign(doubt) not in settled]
