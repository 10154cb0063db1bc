"""Checks: who watched a covered clip, and how much of it.

A check is of the output, plan and edits that it names, and holds no longer once any of them
changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from blur.data.ready import ready
from blur.data.spans import FrameSpan, masked, runs
from blur.disk import atomic
from blur.errors import PlanMismatch
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry
from blur.store.names import from_text, shown
from blur.store.plans import load_edits
from blur.store.report import BatchReport, Signature, Uncovered

T = TypeVar("T")


class _Check(Struct, frozen=True, kw_only=True):
    """The hashes are of the files of plan, edits and covered clip."""

    plan_sha256: str | None = None
    edits_sha256: str | None = None
    output_sha256: str | None = None
    signatures: tuple[Signature, ...] = ()


class _Watched(Struct, frozen=True):
    """Frames of the covered clip of this hash that were played, and those of them with their
    sound, as spans."""

    output_sha256: str | None
    spans: tuple[FrameSpan, ...] = ()
    heard: tuple[FrameSpan, ...] = ()


def output_sha256(entry: Entry) -> str | None:
    """The hash that names a clip's covered file; None if it has none."""
    return (entry.report and entry.report.sha256_out) or entry.output_sampled


def signatures(folder: WorkFolder, entry: Entry, edits_sha256: str | None) -> tuple[Signature, ...]:
    """Who checked the clip as it was last rendered, if these are the edits that it was made from.

    Raises PlanMismatch when the file is damaged.
    """
    check = _read(_file(folder, entry, "checks"), _Check)
    now = _now(entry, edits_sha256)
    if (
        check is None
        or now.output_sha256 is None
        or check != replace(now, signatures=check.signatures)
    ):
        return ()
    return check.signatures


def sign(folder: WorkFolder, entry: Entry, edits_sha256: str | None, signed: Signature) -> None:
    """Record a signature beside those of others."""
    others = [s for s in signatures(folder, entry, edits_sha256) if s.by != signed.by]
    check = replace(_now(entry, edits_sha256), signatures=(*others, signed))
    atomic.write(_file(folder, entry, "checks"), msgspec.json.encode(check))


def unsign(folder: WorkFolder, entry: Entry) -> None:
    """Take all signatures back."""
    atomic.remove(_file(folder, entry, "checks"))


def watched(folder: WorkFolder, entry: Entry) -> tuple[list[FrameSpan], list[FrameSpan]]:
    """Frames of the covered clip as it is now that were played at twice its speed at most, and
    those whose sound was heard so."""
    found = _read(_file(folder, entry, "watched"), _Watched)
    if found is None or found.output_sha256 != output_sha256(entry):
        return [], []
    return list(found.spans), list(found.heard)


def watch(
    folder: WorkFolder,
    entry: Entry,
    spans: Iterable[FrameSpan],
    frames: int,
    heard: Iterable[FrameSpan] = (),
) -> tuple[list[FrameSpan], list[FrameSpan]]:
    """Add spans to those that were played, and heard; returns all, of a clip of so many frames."""
    before = watched(folder, entry)
    seen, listened = (
        _joined((*a, *b), frames) for a, b in zip(before, (spans, heard), strict=True)
    )
    file = _file(folder, entry, "watched")
    atomic.write(file, msgspec.json.encode(_Watched(output_sha256(entry), seen, listened)))
    return list(seen), list(listened)


def _joined(spans: Iterable[FrameSpan], frames: int) -> tuple[FrameSpan, ...]:
    return tuple(runs(masked(spans, frames)))


def with_checks(report: BatchReport, folder: WorkFolder, entries: Iterable[Entry]) -> BatchReport:
    """The report with the signatures of every output and the decisions that uncover faces in it;
    `entries` are those of the ledger."""
    by_output = {shown(from_text(e.output)): e for e in entries if e.output is not None}
    clips = []
    for clip in report.clips:
        entry = by_output.get(clip.output or "")
        signed = signatures(folder, entry, entry.edits_sha256) if entry else ()
        uncovered = _uncovered(folder, entry) if entry else []
        clips.append(replace(clip, checks=list(signed), uncovered=uncovered))
    return replace(report, clips=clips)


def _uncovered(folder: WorkFolder, entry: Entry) -> list[Uncovered]:
    """Decisions of the edits that the output was made from, in the order of the clip. Raises
    PlanMismatch when they are damaged."""
    file = folder.rendered_edits(entry.edits_sha256) if entry.edits_sha256 else None
    if file is None or not file.exists():  # earlier versions kept no copy
        return []
    found = [
        Uncovered(
            decision=edit.decision,
            start=edit.path[0].frame,
            end=edit.path[-1].frame + 1,
            consent=edit.consent,
        )
        for edit in load_edits(file).tracks
        if edit.decision.uncovers
    ]
    return sorted(found, key=lambda one: (one.start, one.end))


def _now(entry: Entry, edits_sha256: str | None) -> _Check:
    return _Check(
        plan_sha256=entry.plan_sha256,
        edits_sha256=edits_sha256,
        output_sha256=output_sha256(entry) if edits_sha256 == entry.edits_sha256 else None,
    )


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise PlanMismatch(
            f"damaged: {error}", subject=path.name, remedy="delete it and check the clip again"
        ) from error


def _file(folder: WorkFolder, entry: Entry, room: str) -> Path:
    return folder.root / room / folder.plan_of(entry.fingerprint).name


ready(_Check, _Watched)
