"""Spans offered to be decided about in all clips, and the decisions of who confirmed them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from blur.data.alike import Alike
from blur.data.edits import Decision
from blur.data.likeness import Descriptor
from blur.errors import BlurError
from blur.review.acts import KeepOrCover
from blur.review.commands import require_reason
from blur.review.open_clip import OpenClip
from blur.review.recognise import ClipFaces, clip_faces
from blur.review.snapshot import Snapshot
from blur.store.report import State
from blur.store.shelf import Shelf

ClipOf = Callable[[str], contextlib.AbstractContextManager[OpenClip]]
"""Opens a clip by its key for a while."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Frames [start, end) of a face of a clip, `revision` of the clip they were found in, and
    pictures of the face as JPEG, from the first to the last."""

    clip: str
    name: str
    revision: str
    lane: int
    start: int
    end: int
    seconds: tuple[float, float]
    pictures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Number of spans that were decided about, the clips' revisions since, by key, and the problems
    of clips where nothing was."""

    done: int = 0
    revisions: dict[str, str] = field(default_factory=dict)
    problems: list[BlurError] = field(default_factory=list)


def scanned(shelf: Shelf) -> list[str]:
    """Keys of the clips that have a plan."""
    return [row.key for row in shelf.rows() if row.state in (State.SCANNED, State.DONE)]


def offers(
    shelf: Shelf,
    keys: Iterable[str],
    person: Descriptor,
    lanes: Callable[[str], Sequence[int] | None] = lambda key: None,
    left_out: Callable[[BlurError], None] = lambda error: None,
    decision: Decision = Decision.KEEP,
) -> Iterator[Offer]:
    """The offers of each clip for a decision, of the `lanes` of it that are named. `left_out` is
    told of clips that cannot be used. Pictures are clear; of what is to be covered, as published.
    """
    hidden = not decision.uncovers
    for key in keys:
        try:
            with clip_faces(shelf, key) as faces:
                for span in _spans(faces, person, lanes(key), decision):
                    pictures = tuple(faces.picture(span.track, at, hidden) for at in span.shown)
                    yield _offer(key, faces.now, span, pictures)
        except BlurError as error:
            left_out(error)


def _spans(
    faces: ClipFaces, person: Descriptor, lanes: Sequence[int] | None, decision: Decision
) -> list[Alike]:
    match decision:
        case Decision.KEEP:
            return faces.alike(person, lanes)
        case Decision.NO_FACE:
            return faces.faceless(person, lanes)
        case Decision.COVER:
            return faces.whole(lanes)


def _offer(key: str, now: Snapshot, span: Alike, pictures: tuple[bytes, ...]) -> Offer:
    return Offer(
        clip=key,
        name=now.entry.name,
        revision=now.revision,
        lane=span.track.id,
        start=span.start,
        end=span.end,
        seconds=(now.plan.seconds(span.start), now.plan.seconds(span.end)),
        pictures=pictures,
    )


def code_of(offered: Sequence[Offer]) -> str:
    """Names these very spans, as they were shown: other spans have another code."""
    spans = [(o.clip, o.revision, o.lane, o.start, o.end) for o in offered]
    return hashlib.sha256(msgspec.json.encode(spans)).hexdigest()[:8]


def decide(
    offered: Sequence[Offer],
    decision: Decision,
    reason: str,
    clip_of: ClipOf,
    consent: str = "",
) -> Outcome:
    """Carry a decision out on confirmed spans, in each clip in a single step that can be undone.

    Stores path and reason of each, as any decision. A clip that changed since its spans were
    offered is refused as a whole. Raises UsageError where a reason is missing.
    """
    require_reason(decision, reason)
    done, revisions, problems = 0, dict[str, str](), list[BlurError]()
    for key in dict.fromkeys(offer.clip for offer in offered):
        spans = [offer for offer in offered if offer.clip == key]
        commands = [
            KeepOrCover([s.lane], decision, reason, s.start, s.end, consent=consent) for s in spans
        ]
        try:
            with clip_of(key) as clip:
                clip.perform_all(commands, spans[0].revision)
                revisions[key] = clip.revision
                done += len(spans)
        except BlurError as error:
            problems.append(error)
    return Outcome(done, revisions, problems)


def take_back(outcome: Outcome, clip_of: ClipOf) -> Outcome:
    """Undo a decision in every clip that has not changed since."""
    revisions, problems = dict[str, str](), list[BlurError]()
    for key, revision in outcome.revisions.items():
        try:
            with clip_of(key) as clip:
                clip.undo(revision)
                revisions[key] = clip.revision
        except BlurError as error:
            problems.append(error)
    return Outcome(len(revisions), revisions, problems)
