"""One clip: scan, render, audit, again, and the record of it. Batch and review both stand on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from blur.data.findings import Audit
from blur.data.plan import Mark, Plan
from blur.disk.fingerprint import file_sha256, fingerprint, sha256
from blur.errors import BlurError, ClipChanged, PlanMismatch
from blur.process.progress import Progress
from blur.settings import Settings
from blur.store.digests import render_digest, scan_digest
from blur.store.folder import WorkFolder
from blur.store.ledger import Entry, save_record
from blur.store.names import from_text, shown
from blur.store.plans import load_edits, load_plan, save_plan
from blur.store.report import ClipReport, State
from blur.store.segment_files import SegmentFolder


class ClipJob(Struct, frozen=True):
    """One clip's work order. Paths are those of the machine that does the work."""

    path: Path
    out: Path
    entry: Entry
    settings: Settings
    scan: bool
    render: bool

    @property
    def folder(self) -> WorkFolder:
        return WorkFolder(self.out)

    def segments(self) -> SegmentFolder:
        folder = self.folder.segments_of(self.entry.fingerprint)
        return SegmentFolder(folder, scan_digest(self.settings.scan))

    def saved_plan(self) -> Plan | None:
        """The plan of an earlier run, when it is of this clip and, for a scan, of these settings.

        Raises PlanMismatch where no scan may replace it.
        """
        try:
            plan = load_plan(self.folder.plan_of(self.entry.fingerprint))
            if plan.fingerprint != self.entry.fingerprint:
                raise PlanMismatch("its plan is of another clip", subject=self.entry.name)
        except PlanMismatch:
            if self.scan:
                return None
            raise
        if self.scan and plan.scan_digest != scan_digest(self.settings.scan):
            return None
        return plan

    def require_unchanged(self) -> None:
        """Raises ClipChanged when the clip is not what it was when the batch began."""
        try:
            now = fingerprint(self.path)
        except OSError as error:
            raise BlurError(
                f"cannot be read any more: {error.strerror}",
                subject=self.entry.name,
                remedy="check that its disk is connected, then run the same command again",
            ) from error
        if now != self.entry.fingerprint:
            raise ClipChanged("changed while the batch ran", subject=self.entry.name)


def process_clip(job: ClipJob, progress: Progress) -> Entry:
    """Scan (unless a valid plan is there), save the plan, render, audit, record; see `corridor`."""
    # Imported here: these rooms load every native library, and the batch's own process needs none.
    from blur.corridor import cover_clip
    from blur.detect.registry import unload_detectors, use_device
    from blur.scan.scan import scan

    started = time.monotonic()
    use_device(job.settings.batch.device)
    job.require_unchanged()
    folder = job.folder
    entry = job.entry
    plan_file, edits_file = folder.plan_of(entry.fingerprint), folder.edits_of(entry.fingerprint)
    plan_sha256 = file_sha256(plan_file)
    plan = job.saved_plan()
    if plan is None:
        seen = job.segments().seen()
        save_plan(scan(job.path, job.settings.scan, progress, seen), plan_file)
        unload_detectors()  # their networks weigh as much as the encoder that comes next
        plan_sha256 = file_sha256(plan_file)
        plan = load_plan(plan_file)  # as a resumed clip would see it
    job.segments().clear()
    report = _scanned(plan, job)
    entry = replace(
        entry,
        state=State.SCANNED,
        frames=plan.frames,
        scan_digest=plan.scan_digest,
        plan_sha256=plan_sha256,
        report=replace(report, seconds=round(time.monotonic() - started, 3)),
        ended=time.time(),
    )
    if not job.render:
        return entry
    assert entry.output is not None
    edits_sha256 = file_sha256(edits_file)  # before reading: a later change then shows
    edits = load_edits(edits_file) if edits_sha256 else None
    output = folder.out / from_text(entry.output)
    covered = cover_clip(
        job.path,
        plan,
        output,
        job.settings,
        edits,
        progress,
        keep=lambda grown: save_plan(grown, plan_file),
    )
    done = covered.rendered
    try:
        job.require_unchanged()
    except BlurError:
        output.unlink()
        raise
    written = fingerprint(output)
    report = _scanned(covered.plan, job)
    entry = replace(
        entry,
        state=State.DONE,
        plan_sha256=file_sha256(plan_file),
        render_digest=render_digest(job.settings),
        edits_sha256=edits_sha256,
        output_size=written.size,
        output_sampled=written.sampled,
        ended=time.time(),
        report=replace(
            report,
            state=State.DONE,
            output=shown(from_text(entry.output)),
            seconds=round(time.monotonic() - started, 3),
            damaged=done.damaged,
            bytes_out=done.bytes_out,
            sha256_in=sha256(job.path),
            sha256_out=done.sha256,
            dropped=list(done.dropped),
            notes=[*report.notes, *done.notes, *_said(covered.audits)],
            audits=list(covered.audits),
        ),
    )
    save_record(folder, entry)
    return entry


def _scanned(plan: Plan, job: ClipJob) -> ClipReport:
    return ClipReport(
        name=job.entry.name,
        state=State.SCANNED,
        frames=plan.frames,
        faces=sum(int(np.count_nonzero(t.marks == Mark.DETECTED)) for t in plan.tracks),
        tracks=len(plan.tracks),
        doubt_seconds=round(plan.doubt_seconds(), 2),
        bytes_in=job.entry.size,
        notes=list(plan.notes),
    )


def _said(audits: Sequence[Audit]) -> list[str]:
    """What the audits of a clip come to, for a person."""
    if not audits:
        return ["not audited: nobody looked for faces in the output"]
    seen = [audit for audit in audits if audit.residuals]
    if not seen:
        return []
    fate = "left as they are" if audits[-1].residuals else "covered in another render"
    return [f"the audit saw faces at {seen[0].residuals[0].seconds:.1f} s and elsewhere, {fate}"]
