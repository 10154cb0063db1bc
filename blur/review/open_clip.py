"""A clip under review: decisions with undo, and its pictures as they stand at any moment.

Every decision is saved at once, whole or not at all. Undo lasts as long as its `History`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import av
import numpy as np

from blur.cover.fills import make_fill
from blur.cover.region import Region
from blur.data.answers import Answer, Said
from blur.data.edits import Edits
from blur.data.plan import Box
from blur.data.resolve import resolve
from blur.data.sound import audible, sounding
from blur.data.spans import FrameMask, FrameSpan
from blur.errors import UsageError
from blur.media.open.clip_info import ClipInfo
from blur.render.pictures import Pictures, as_shown, covered
from blur.review import present, signing
from blur.review.acts import Command
from blur.review.clip_pictures import open_pictures
from blur.review.commands import lane_of, perform
from blur.review.drawn import Drawn
from blur.review.flow import all_covered, followed_lane
from blur.review.history import Decided, History
from blur.review.protocol import ClipView, MarkView, WatchedView
from blur.review.republish import republish
from blur.review.settle import doubts_named, recorded
from blur.review.snapshot import (
    Snapshot,
    is_current,
    read_snapshot,
    require_unchanged,
    write_decided,
)
from blur.settings import AudioMode
from blur.store.checks import sign, signatures, unsign, watch, watched
from blur.store.names import from_text
from blur.store.remarks import Remark, noted
from blur.store.shelf import Shelf


class Outdated(Exception):
    """The request names an earlier version of the clip."""


class OpenClip:
    """One clip of the shelf. Safe to share between threads.

    Raises ClipChanged if the file is not the scanned one, PlanMismatch for unusable plan or
    edits, DecodeError if the file cannot be read; but with `alone`, only if the covered clip is not
    there as it stands, either: it is looked at and checked without its original.
    """

    def __init__(
        self, shelf: Shelf, key: str, history: History | None = None, *, alone: bool = False
    ) -> None:
        self._shelf, self._key = shelf, key
        self._lock = threading.RLock()
        self._history = history or History()
        self._alone = alone
        self._take(read_snapshot(shelf, key, alone=alone))
        if self._history.tip != self.revision:
            self._history.clear()
        self._pictures = open_pictures(self._shelf, self.now)

    def close(self) -> None:
        with self._lock:
            self._pictures.close()

    @property
    def revision(self) -> str:
        return self.now.revision

    @property
    def source(self) -> Pictures:
        """The pictures of the clip itself, uncovered."""
        return self._pictures.source

    @property
    def source_path(self) -> Path:
        """The path of the clip itself."""
        return self._shelf.source(self.now.entry)

    @property
    def media(self) -> Path:
        """The path of the covered clip; of the clip itself where it is not rendered."""
        return self._shelf.output(self.now.entry) or self.source_path

    @property
    def has_sound(self) -> bool:
        """Whether `media` has a sound track."""
        removed = self._shelf.settings.output.audio is AudioMode.NONE
        return bool(self._pictures.info.audio) and not (
            removed and self._shelf.output(self.now.entry)
        )

    def _audible(self) -> FrameMask:
        """Frames during which the covered clip keeps sound."""
        plan, output = self.now.plan, self._shelf.settings.output
        kept = audible(plan, sounding(output, self.now.edits))
        return kept if self._pictures.info.audio else np.zeros_like(kept)

    @property
    def place(self) -> PurePosixPath:
        """The covered clip's path below OUT; the clip's own name where it has no output."""
        entry = self.now.entry
        return PurePosixPath(entry.name if entry.output is None else from_text(entry.output))

    def current(self) -> Snapshot:
        """The clip's plan and edits as they lie on the disk now, without a view's outlines."""
        with self._lock:
            self._follow_disk()
            return self.now

    def view(self) -> ClipView:
        """The clip as it stands on the disk now."""
        with self._lock:
            self._follow_disk()
            now, output = self.now, self._output()
            folder, entry = self._shelf.folder, now.entry
            return present.clip_view(
                self._key,
                now,
                self._pictures.info,
                output.info if output else None,
                self._version(),
                signatures(folder, entry, now.edits_sha256) if output else (),
                watched(folder, entry) if output else ([], []),
                self._history.steps,
                original=self._pictures.has_source and self.source_path.exists(),
                spoken=bool(self._pictures.info.audio),
                audible=self._audible(),
            )

    def perform(self, command: Command, revision: str) -> None:
        """Change the edits and save them; `revision` is of the view on which a person decided.

        Raises UsageError where it cannot be done, or the clip has changed since that view.
        """
        self.perform_all([command], revision)

    def perform_all(self, commands: Iterable[Command], revision: str) -> None:
        """Several commands about the lanes of one view: done, and undone, all or none."""
        with self._lock:
            self._require(revision)
            edits = self.now.edits
            for command in commands:
                edits = perform(command, edits, self.now.resolved)
            self._adopt(edits)

    def answer(self, names: Sequence[str], said: Said, revision: str) -> int | None:
        """Settle doubts, each by its `sign`: `OK` leaves the picture as it is, `COVER` and `TRACK`
        cover the places. Returns the frame on which a follower lost sight of one, if one did."""
        original = said is not Said.OK
        with self._lock:
            self._require(revision, original=original)
            before = self.now.resolved
            doubts = doubts_named(before.plan, names)
            edits, lost = self.now.edits, None
        if said is not Said.OK:
            edits, lost = all_covered(
                edits, before, doubts, self.source,
                track=said is Said.TRACK, hold=self._shelf.settings.scan.hold,
            )  # fmt: skip
        with self._lock:
            self._require(revision, original=original)
            now, report = self.now, self.now.entry.report
            answers = recorded(
                now.answers,
                before.plan if said is Said.OK else resolve(now.plan, edits).plan,
                doubts,
                said,
                str(now.cover),
                plan_sha256=now.plan_sha256,
                edits_sha256=now.edits_sha256,
                output_sha256=report.sha256_out if report else None,
            )
            self._adopt(edits, answers)
        return lost

    def replace(self, edits: Edits, revision: str) -> None:
        """Save other edits in place of these. Raises PlanMismatch for those of another clip."""
        with self._lock:
            self._require(revision)
            self._adopt(edits)

    def follow(self, lane_id: int, frame: int, revision: str) -> int | None:
        """Follow by optical flow: a drawn region from `frame` to its end, a face from its nearer
        end to `frame`. Returns the frame on which sight of it was lost, if it was."""
        with self._lock:
            self._require(revision)
            lane = lane_of(self.now.resolved, lane_id)
        command, lost = followed_lane(self.source, lane, frame)
        self.perform(command, revision)
        return lost

    def undo(self, revision: str) -> None:
        self._step(revision, again=False)

    def redo(self, revision: str) -> None:
        self._step(revision, again=True)

    def check(self, initials: str, revision: str) -> None:
        """Record whose `initials` watched the covered clip; "" takes all such records back.

        Raises UsageError where the clip is not rendered as it stands.
        """
        with self._lock:
            self._require(revision, original=False)
            now, by, folder = self.now, initials.strip(), self._shelf.folder
            if not by:
                unsign(folder, now.entry)
            elif self._output() is None:
                raise UsageError(
                    "the clip is not rendered as it stands now", remedy="render it, then watch it"
                )
            else:
                signed = signing.signature(
                    now.plan, by, *watched(folder, now.entry), self._audible()
                )
                sign(folder, now.entry, now.edits_sha256, signed)
            republish(self._shelf)

    def note(self, frame: int, text: str, by: str, revision: str) -> None:
        """Write a note beside a frame, with or without the original; "" removes it."""
        with self._lock:
            self._require(revision, original=False)
            if not 0 <= frame < self.now.plan.frames:
                raise UsageError(f"there is no frame {frame} to write a note beside")
            new = Remark(frame=frame, text=text.strip(), by=by.strip(), at=signing.now())
            before = self.now.decided
            self._decide(before._replace(remarks=noted(before.remarks, new)))

    def watch(
        self, spans: list[FrameSpan], heard: list[FrameSpan], version: str | None
    ) -> WatchedView:
        """Remember that these frames of the covered clip were played, and heard; returns all that
        were. Raises Outdated as `frame` does."""
        with self._lock:
            self._require_version(version)
            if self._output() is None:
                return WatchedView([], [])
            now = self.now
            seen = watch(self._shelf.folder, now.entry, spans, now.plan.frames, heard)
            return WatchedView(*seen)

    def sound(self, beneath: bool, version: str | None = None) -> tuple[ClipInfo, float]:
        """The file whose sound is asked for, the covered one or the clip itself, and its length in
        seconds of the clip's clock.

        Raises UsageError where the covered clip is no rendered file of the clip's length, errors
        where the clip itself is not here, and Outdated as `frame` does.
        """
        with self._lock:
            plan = self.now.plan
            seconds = float(plan.pts[0] * plan.time_base) + plan.seconds(plan.frames)
            if beneath:
                require_unchanged(self._shelf, self.now.entry)
                return self.source.info, seconds
            self._require_version(version)
            output = self._output()
            if output is None or not self.now.entry.shows_all:
                raise UsageError(
                    "is not rendered as a whole, as it stands now",
                    subject=self.now.entry.name,
                    remedy="render it first",
                )
            return output.info, seconds

    def frame(self, index: int, beneath: bool, longest: int, version: str | None = None) -> bytes:
        """A frame as JPEG: as it will be published, or uncovered.

        Raises Outdated if a version other than `version` would be published, IndexError for a
        frame that the clip does not have.
        """
        with self._lock:
            if not beneath:
                self._require_version(version)
            named = None if beneath else self._version()
            pictured = self.pictured(index, beneath)
        return self._pictures.jpeg((index, longest, named), lambda: as_shown(*pictured(), longest))

    def pictured(
        self, index: int, beneath: bool = False
    ) -> Callable[[], tuple[av.VideoFrame, ClipInfo]]:
        """Makes a frame, as `frame` does, of the clip as it stands now."""
        with self._lock:
            output = None if beneath else self._output()
            if output and output.holds(index):
                return lambda: (output.at(index), output.info)
            source, fill = self.source, make_fill(self.now.cover)
            regions = [] if beneath else self._drawn.regions(index)
        return lambda: (covered(source.at(index), source.info, regions, fill), source.info)

    def thumbnail(self, index: int, box: Box) -> bytes:
        """The face in `box` on a frame, uncovered, as JPEG."""
        return self._pictures.thumbnail(index, box)

    def marks(self, start: int, end: int, version: str | None = None) -> list[list[MarkView]]:
        """The faces on each frame of [start, end). Raises Outdated as `frame` does."""
        with self._lock:
            self._require_version(version)
            return self._drawn.marks(start, end)

    def regions(self, frame: int) -> list[Region]:
        """The covers of plan and edits on a frame; the seed of each is its track's number."""
        with self._lock:
            return self._drawn.regions(frame)

    def video(self, version: str | None = None) -> Path:
        """The rendered file, if made from plan and edits. Raises Outdated as `frame` does."""
        with self._lock:
            self._require_version(version)
            path = self._shelf.output(self.now.entry)
            if path is None or self._output() is None:
                raise UsageError("the clip is not rendered as it stands now")
            return path

    def _take(self, now: Snapshot) -> None:
        self.now, self._drawn = now, Drawn(now)

    def _save(self, decided: Decided) -> None:
        self._take(write_decided(self._shelf.folder, self.now, decided))

    def _adopt(self, edits: Edits, answers: tuple[Answer, ...] | None = None) -> None:
        before = self.now.decided
        answers = before.answers if answers is None else answers
        self._decide(before._replace(edits=edits, answers=answers))

    def _decide(self, decided: Decided) -> None:
        before = self.now.decided
        self._save(decided)
        self._history.done(before)
        self._history.tip = self.revision

    def _step(self, revision: str, *, again: bool) -> None:
        with self._lock:
            self._require(revision, original=False)
            before, wanted = self.now.decided, self._history.last(again=again)
            if wanted.edits != before.edits:
                require_unchanged(self._shelf, self.now.entry)
            self._save(wanted)
            self._history.stepped(before, again=again)
            self._history.tip = self.revision

    def _require(self, revision: str, *, original: bool = True) -> None:
        """`original`: whether the change would be seen in pictures that are not rendered yet."""
        if original:
            require_unchanged(self._shelf, self.now.entry)
        self._follow_disk()
        if revision != self.revision:
            raise UsageError(
                "the clip's plan or edits were changed elsewhere meanwhile; nothing was done",
                remedy="look at it as it is now, and decide again",
            )

    def _follow_disk(self) -> None:
        """Take over changes by a batch or another program; they end undo."""
        self.now = replace(self.now, entry=self._shelf.entry(self._key))
        if not is_current(self._shelf, self.now):
            self._take(read_snapshot(self._shelf, self._key, alone=self._alone))
            self._history.clear()
        if not self._pictures.has_source and self.source_path.exists():
            require_unchanged(self._shelf, self.now.entry)
            self._pictures.close()
            self._pictures = open_pictures(self._shelf, self.now)

    def _output(self) -> Pictures | None:
        return self._pictures.current_output(self.now, self._shelf.output(self.now.entry))

    def _version(self) -> str:
        """Names the content of pictures and marks."""
        made = self.now.entry.output_sampled if self._output() else "drawn"
        return f"{self.now.look}-{made}"

    def _require_version(self, version: str | None) -> None:
        if version not in (None, self._version()):
            raise Outdated
