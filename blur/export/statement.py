"""`blur report`: the statement of an output folder for producer, lawyer and insurer.

The report's page with all clips of the folder, each with the decisions that its covered file was
made from. It holds no frame and loads nothing; the reasons of decisions may name people, so it can
be read by its owner alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from blur.data.answers import waiting
from blur.data.edits import Edits
from blur.data.plan import Plan
from blur.data.resolve import resolve
from blur.data.sound import sounding
from blur.data.timecode import clock
from blur.disk.fingerprint import file_sha256
from blur.errors import BlurError, OutputError
from blur.export.markers import Marker, markers
from blur.export.report_page import More, page
from blur.settings import AudioMode, AuditMode, FillName, Settings
from blur.store.answers import load_answers
from blur.store.checks import with_checks
from blur.store.digests import render_digest
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry
from blur.store.names import from_text, shown
from blur.store.plans import load_edits, load_plan
from blur.store.report import ClipReport, State, exit_code, load_report, published
from blur.store.shelf import Shelf

_FILLS = {
    FillName.SOFT: "a soft picture made from the colours around the head",
    FillName.SOLID: "a single colour",
    FillName.MOSAIC: "a mosaic of made-up blocks",
}
_SOUNDS = {
    AudioMode.SILENCE: "silence in place of the sound",
    AudioMode.NONE: "no sound track",
    AudioMode.KEEP: "the clip's own sound: voices can identify people",
}


_AUDITS = {
    AuditMode.FIX: "Covered files were searched again by other detectors; a face seen there was "
    "covered and the file made anew, and a file in which a face was left is not delivered.",
    AuditMode.REPORT: "Covered files were searched again by other detectors; faces seen there are "
    "listed and were not covered.",
    AuditMode.OFF: "Covered files were searched again by other detectors.",
}


def statement(out: Path, shelf: Shelf) -> str:
    """The statement as HTML. Raises OutputError where no run ended."""
    report = load_report(out)
    if report is None:
        raise OutputError("no run has ended here", subject=out, remedy="run blur on this folder")
    entries = sorted((e for e in shelf.entries() if e.report), key=lambda e: e.name)
    clips = [e.report for e in entries if e.report]
    full = replace(report, clips=clips, exit_code=exit_code(clips, interrupted=False))
    made = published(with_checks(full, shelf.folder, entries), out, shelf.known())
    now = datetime.now(UTC)
    more = More(
        title=f"Faces covered: statement of {now:%Y-%m-%d}",
        sentences=[*_words(made.settings, made.clips)],
        facts={
            entry.output and shown(from_text(entry.output)): [*_facts(shelf, entry)]
            for entry in entries
            if entry.state is State.DONE
        },
    )
    return page(made, more)


def _words(settings: Settings, clips: Sequence[ClipReport]) -> Iterator[str]:
    cover = settings.cover
    audited = {bool(clip.audits) for clip in clips if clip.state is State.DONE}
    yield (
        f"The clips were searched for faces at level {settings.scan.level}, and each face found "
        "was followed from before its first sighting until after its last. Its head is covered, "
        f"unless it is kept clear below, with {_FILLS[cover.fill]}"
        + ("" if cover.margin == 1 else f", at {cover.margin:g} times the usual reach")
        + ". No pixel under a cover depends on the picture there."
    )
    if cover.region:
        yield f"In every clip, {len(cover.region)} regions are covered beside the faces."
    if text := settings.output.burn_in:
        yield (
            f'Over the picture of every file stand "{text}", its name and its time code: the files'
            " are screeners, no masters."
        )
    yield f"Unless a clip says otherwise, its sound is: {_SOUNDS[settings.output.audio]}."
    if True in audited:
        yield _AUDITS[settings.audit.audit]
    if False in audited:
        yield "The covered files marked as not double-checked were not searched again."
    yield (
        "The files are new: place, device, dates and names in the originals' containers are not in "
        "them. A check names the person who watched the covered file, the day, and the share that "
        "was played; it is of the file with the SHA-256 beside it, and of no later one."
    )


def _facts(shelf: Shelf, entry: Entry) -> Iterator[tuple[str, str]]:
    """Of a covered clip: who is clear and why, regions, sound, doubts, and the files it is from."""
    folder, settings = shelf.folder, shelf.settings
    if file_sha256(folder.edits_of(entry.fingerprint)) != entry.edits_sha256:
        yield "attention", "decisions changed since this file was made: run blur again"
    if entry.render_digest != render_digest(settings):
        yield "attention", "made by other settings or another version than named below"
    try:
        plan, edits = _made_from(folder, entry)
        answers = load_answers(folder, entry.fingerprint)
    except BlurError as error:
        yield "attention", f"its decisions cannot be told: {error.problem}"
        return
    resolved = resolve(plan, edits)
    kept = [_line(plan, marker) for marker in markers(resolved, edits, ["kept"])]
    yield "kept clear", "; ".join(kept) or "nobody"
    drawn = [m for m in markers(resolved, edits, ["covers"]) if m.kind == "region"]
    yield "drawn regions", "; ".join(_line(plan, marker) for marker in drawn)
    yield "sound", _sound(settings, edits)
    asked = len(resolved.plan.doubts)
    left = len(waiting(resolved.plan, answers, str(settings.cover)))
    yield "places in doubt", f"{asked}, answered by a person: {asked - left}" if asked else "none"
    yield "SHA-256 of the plan", entry.plan_sha256 or ""
    yield "SHA-256 of the decisions", entry.edits_sha256 or ""


def _made_from(folder: WorkFolder, entry: Entry) -> tuple[Plan, Edits]:
    """Plan and edits that the output was made from. Raises PlanMismatch or OutputError."""
    file = folder.plan_of(entry.fingerprint)
    if file_sha256(file) != entry.plan_sha256:
        raise OutputError("the plan changed since this file was made")
    if entry.edits_sha256 is None:
        return load_plan(file), Edits(fingerprint=entry.fingerprint)
    return load_plan(file), load_edits(folder.rendered_edits(entry.edits_sha256))


def _line(plan: Plan, marker: Marker) -> str:
    span = f"{clock(plan.seconds(marker.start))}-{clock(plan.seconds(marker.end))}"
    return f"{marker.text} ({span}, frames {marker.start}-{marker.end - 1})"


def _sound(settings: Settings, edits: Edits) -> str:
    heard = sounding(settings.output, edits)
    text = "another sound in place of the clip's own" if heard.file else _SOUNDS[heard.mode]
    for what, spans in (("silent", heard.silent), ("a tone in place of the sound", heard.bleep)):
        if spans:
            told = ", ".join(f"{clock(float(a))}-{clock(float(b))}" for a, b in spans)
            text += f"; {what}: {told}"
    return text
