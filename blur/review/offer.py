"""Spans offered as one person's in all clips, and the decisions of who confirmed them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from blur.data.alike import Alike
from blur.data.edits import Decision
from blur.data.likeness import Descriptor
from blur.errors import BlurError, UsageError
from blur.review.acts import KeepOrCover
from blur.review.open_clip import OpenClip
from blur.review.recognise import clip_faces
from blur.review.snapshot import Snapshot
from blur.store.report import State
from blur.store.shelf import Shelf

ClipOf = Callable[[str], contextlib.AbstractContextManager[OpenClip]]
"""Opens a clip by its key for a while."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Frames [start, end) of a face of a clip, `revision` of the clip they were found in, and clear
    pictures of the face as JPEG, from the first to the last."""

    clip: str
    name: str
    revision: str
    lane: int
    start: int
    end: int
    seconds: tuple[float, float]
    pictures: tuple[bytes, ...]


def scanned(shelf: Shelf) -> list[str]:
    """Keys of the clips that have a plan."""
    return [row.key for row in shelf.rows() if row.state in (State.SCANNED, State.DONE)]


def offers(
    shelf: Shelf,
    keys: Iterable[str],
    person: Descriptor,
    lanes: Callable[[str], Sequence[int] | None] = lambda key: None,
    left_out: Callable[[BlurError], None] = lambda error: None,
) -> Iterator[Offer]:
    """The offer of each clip, of the `lanes` of it that are named. `left_out` is told of clips
    that cannot be used."""
    for key in keys:
        try:
            with clip_faces(shelf, key) as faces:
                now = faces.now
                for span in faces.alike(person, lanes(key)):
                    pictures = tuple(faces.picture(span.track, at) for at in span.shown)
                    yield _offer(key, now, span, pictures)
        except BlurError as error:
            left_out(error)


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


def keep(offered: Sequence[Offer], reason: str, clip_of: ClipOf) -> tuple[int, list[BlurError]]:
    """Keep confirmed spans clear; returns how many were, and the problems of clips where none was.

    Stores path and reason of each, as any decision. A clip that changed since its spans were
    offered is refused as a whole. Raises UsageError without a reason.
    """
    if not reason.strip():
        raise UsageError("a face is kept clear only for a reason", remedy="say why, in a few words")
    kept, problems = 0, list[BlurError]()
    for key in dict.fromkeys(offer.clip for offer in offered):
        spans = [offer for offer in offered if offer.clip == key]
        try:
            with clip_of(key) as clip:
                kept += _keep_in(clip, spans, reason)
        except BlurError as error:
            problems.append(error)
    return kept, problems


def _keep_in(clip: OpenClip, spans: Sequence[Offer], reason: str) -> int:
    """All spans of a clip. Lanes keep their numbers from one decision to the next."""
    revision = spans[0].revision
    for span in spans:
        command = KeepOrCover([span.lane], Decision.KEEP, reason, span.start, span.end)
        clip.perform(command, revision)
        revision = clip.revision
    return len(spans)
