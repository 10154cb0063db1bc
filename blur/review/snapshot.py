"""A clip's plan and edits as they lie on the disk: read, written, and told from later ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec

from blur.data.answers import Answer
from blur.data.edits import Edits
from blur.data.plan import Plan
from blur.data.resolve import Resolved, resolve
from blur.disk import atomic
from blur.disk.fingerprint import file_sha256
from blur.errors import ClipChanged, DecodeError
from blur.review.history import Decided
from blur.review.plan_file import Stamp, read_plan, stamp_of
from blur.settings import CoverSettings
from blur.store.answers import answers_file, load_answers, save_answers
from blur.store.folder import WorkFolder
from blur.store.identity import is_clip_of
from blur.store.ledger import Entry
from blur.store.plans import load_edits, save_edits
from blur.store.remarks import Remark, load_remarks, remarks_file, save_remarks
from blur.store.shelf import Shelf

Stamps: TypeAlias = tuple[Stamp | None, ...]
"""Of the files of plan, edits, answers and notes; None for an absent file."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`look` names plan, edits and cover settings, `revision` answers and notes, too; the hashes
    are of the files."""

    entry: Entry
    cover: CoverSettings
    plan: Plan
    plan_sha256: str | None
    edits: Edits
    edits_sha256: str | None
    answers: tuple[Answer, ...]
    remarks: tuple[Remark, ...]
    resolved: Resolved
    look: str
    stamps: Stamps

    @property
    def revision(self) -> str:
        beside = msgspec.json.encode((self.answers, self.remarks))
        return hashlib.sha256(self.look.encode() + beside).hexdigest()[:16]

    @property
    def decided(self) -> Decided:
        return Decided(self.edits, self.answers, self.remarks)

    @property
    def is_rendered(self) -> bool:
        """Whether the last render was made from this plan and these edits."""
        made_from = self.entry.plan_sha256, self.entry.edits_sha256
        return made_from == (self.plan_sha256, self.edits_sha256)


def read_snapshot(shelf: Shelf, key: str, *, alone: bool = False) -> Snapshot:
    """Raises as `require_unchanged` does, and PlanMismatch for unusable plan or edits.

    `alone`: a covered clip whose original cannot be read is no error.
    """
    entry, folder = shelf.entry(key), shelf.folder
    try:
        require_unchanged(shelf, entry)
    except DecodeError:
        if not alone or shelf.output(entry) is None:
            raise
    stamps = stamps_of(folder, entry)  # before reading, so that a later change shows
    plan_file, edits_file = folder.plan_of(entry.fingerprint), folder.edits_of(entry.fingerprint)
    plan, plan_sha256 = read_plan(plan_file)
    edits = load_edits(edits_file) if edits_file.exists() else Edits(fingerprint=entry.fingerprint)
    cover = shelf.settings.cover
    return Snapshot(
        entry=entry,
        cover=cover,
        plan=plan,
        plan_sha256=plan_sha256,
        edits=edits,
        edits_sha256=file_sha256(edits_file),
        answers=load_answers(folder, entry.fingerprint),
        remarks=load_remarks(folder, entry.fingerprint),
        resolved=resolve(plan, edits),
        look=_look(plan_sha256, cover, edits),
        stamps=stamps,
    )


def write_decided(folder: WorkFolder, before: Snapshot, decided: Decided) -> Snapshot:
    """Save edits, then answers and notes, each whole or not at all; where the second fails, a doubt
    is asked about again. Edits that cannot be applied raise PlanMismatch, unsaved."""
    edits, answers, remarks = decided
    resolved = before.resolved if edits == before.edits else resolve(before.plan, edits)
    file = folder.edits_of(before.entry.fingerprint)
    if edits == Edits(fingerprint=edits.fingerprint):
        atomic.remove(file)  # without decisions, the last render without edits is current
    elif edits != before.edits:
        save_edits(edits, file)
    if answers != before.answers:
        save_answers(folder, before.entry.fingerprint, answers)
    if remarks != before.remarks:
        save_remarks(folder, before.entry.fingerprint, remarks)
    return replace(
        before,
        stamps=stamps_of(folder, before.entry),
        edits=edits,
        edits_sha256=file_sha256(file),
        answers=answers,
        remarks=remarks,
        resolved=resolved,
        look=_look(before.plan_sha256, before.cover, edits),
    )


def is_current(shelf: Shelf, snapshot: Snapshot) -> bool:
    """Whether plan, edits, answers, notes and cover settings are still those of the snapshot."""
    stamps = stamps_of(shelf.folder, snapshot.entry)
    return (stamps, shelf.settings.cover) == (snapshot.stamps, snapshot.cover)


def require_unchanged(shelf: Shelf, entry: Entry) -> None:
    """Raises ClipChanged if the clip is not the scanned file, DecodeError if it is unreadable."""
    try:
        same = is_clip_of(entry, shelf.source(entry))
    except OSError as error:
        raise DecodeError(
            f"the clip itself cannot be read: {error.strerror}",
            subject=entry.name,
            remedy="connect its disk, or put it back where it was",
        ) from error
    if not same:
        raise ClipChanged(
            "is no longer the file that was scanned; its edits are kept but cannot be used",
            subject=entry.name,
            remedy="run blur on it again, or put the old file back",
        )


def _look(plan_sha256: str | None, cover: CoverSettings, edits: Edits) -> str:
    named = f"{plan_sha256} {cover}".encode() + msgspec.json.encode(edits)
    return hashlib.sha256(named).hexdigest()[:16]


def stamps_of(folder: WorkFolder, entry: Entry) -> Stamps:
    clip = entry.fingerprint
    beside = answers_file(folder, clip), remarks_file(folder, clip)
    return tuple(map(stamp_of, (folder.plan_of(clip), folder.edits_of(clip), *beside)))
