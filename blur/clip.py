"""One clip down the corridor: scan, cover, record. Batch and review both stand on it."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from blur.data.edits import Edits
from blur.data.findings import Audit
from blur.data.frame_map import rate_for
from blur.data.part import frames_in
from blur.data.placement import Placement
from blur.data.plan import Kind, Mark, Plan
from blur.disk.fingerprint import file_sha256, sampled
from blur.errors import BlurError, ClipAway, ClipChanged, PlanMismatch, UsageError
from blur.process.progress import Progress
from blur.settings import Proxy, Settings
from blur.store.digests import of_this_build, render_digest, scan_digest
from blur.store.folder import WorkFolder
from blur.store.identity import is_clip_of
from blur.store.ledger import Entry, save_record
from blur.store.mended import lay_beside, put_in_place
from blur.store.names import from_text, shown
from blur.store.plans import as_saved, load_edits, load_plan, save_plan
from blur.store.report import ClipReport, State
from blur.store.segment_files import SegmentFolder
from blur.store.shift import shift_of
from blur.store.sounds import located
from blur.store.withdraw import WITHDRAWN, keep_edits, withdraw

if TYPE_CHECKING:  # these rooms load every native library; the batch's own process needs none
    from blur.corridor import Covered
    from blur.scan.scan import FirstPass


_LONE = "a proxy alone: half the size of its master, which a run without --proxy-alone makes"


class ClipJob(Struct, frozen=True):
    """One clip's work order. Paths are those of the machine that does the work.

    `notes` go into the clip's report, ahead of those that the work brings.
    """

    path: Path
    out: Path
    entry: Entry
    settings: Settings
    scan: bool
    render: bool
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> WorkFolder:
        return WorkFolder(self.out)

    @property
    def plan_file(self) -> Path:
        return self.folder.plan_of(self.entry.fingerprint)

    @property
    def edits_file(self) -> Path:
        return self.folder.edits_of(self.entry.fingerprint)

    @property
    def output(self) -> Path:
        assert self.entry.output is not None
        return self.folder.output(self.entry.output)

    @property
    def proxy(self) -> Path | None:
        """The place of the proxy, None where none is to be made."""
        if self.settings.output.proxy is Proxy.NONE or self.entry.proxy is None:
            return None
        return self.folder.output(self.entry.proxy)

    @property
    def delivered(self) -> Settings:
        """The settings of the files that its entry has places for, whichever the last run made."""
        output, alone = self.settings.output, self.entry.alone
        kind = Proxy(alone) if alone else output.proxy if self.proxy else Proxy.NONE
        output = replace(output, proxy=kind, proxy_alone=bool(alone))
        return replace(self.settings, output=output)

    def segments(self) -> SegmentFolder:
        folder = self.folder.segments_of(self.entry.fingerprint)
        return SegmentFolder(folder, scan_digest(self.settings.scan))

    def saved_plan(self) -> Plan | None:
        """The plan of an earlier run, or None if a scan must make it anew.

        Raises PlanMismatch when the job has no scan, and the plan is missing, damaged, of another
        clip, or made by another build of blur, which may have missed a face.
        """
        try:
            plan = load_plan(self.plan_file)
            if plan.fingerprint != self.entry.fingerprint:
                raise PlanMismatch("its plan is of another clip", subject=self.entry.name)
            if not of_this_build(plan.scan_digest):
                raise PlanMismatch(
                    "its plan was made by another version of blur", subject=self.entry.name
                )
        except PlanMismatch:
            if self.scan:
                return None
            raise
        if self.scan and plan.scan_digest != scan_digest(self.settings.scan):
            return None
        return plan

    def require_unchanged(self) -> None:
        """Raises ClipChanged if the clip is not that of the ledger any more, ClipAway if gone."""
        try:
            same = is_clip_of(self.entry, self.path)
        except OSError as error:
            raise ClipAway(
                f"cannot be read any more: {error.strerror}", subject=self.entry.name
            ) from error
        if not same:
            raise ClipChanged("changed while the batch ran", subject=self.entry.name)


def process_clip(job: ClipJob, progress: Progress) -> Entry:
    """Scan (unless a valid plan is there), render, audit and record a clip; see `corridor`.

    Returns its entry for the ledger. Raises the errors of `scan` and `cover_clip`, PlanMismatch,
    ClipChanged and ClipAway; then this call leaves no output under its final name.
    """
    from blur.detect.registry import use_device

    started = time.monotonic()
    use_device(job.settings.batch.device)
    job.require_unchanged()
    plan_sha256 = file_sha256(job.plan_file)  # before reading: a later change then shows
    plan = job.saved_plan()
    if plan is None:
        plan = _scan(job, progress)
        plan_sha256 = file_sha256(job.plan_file)
    job.segments().clear()
    if plan_sha256 != job.entry.plan_sha256 and withdraw(job.entry, job.folder):
        job = replace(job, notes=(*job.notes, WITHDRAWN))
    entry = _scanned(job, plan, plan_sha256, started)
    if not job.render:
        return entry
    edits_sha256 = file_sha256(job.edits_file)  # before reading, too
    edits = located(load_edits(job.edits_file), job.folder) if edits_sha256 else None
    keep_edits(job.folder, job.entry)
    placed = _placed(job, plan)
    covered = _cover(job, plan, edits, progress, placed)
    held, rate = placed.frames or (0, 0), rate_for(plan, placed.rate)
    entry = replace(
        entry, held_from=held[0], held_until=held[1], even_rate="" if rate is None else str(rate)
    )
    mended = covered.plan is not plan
    try:
        job.require_unchanged()
        if mended:
            entry = replace(entry, plan_sha256=lay_beside(covered.plan, job.plan_file))
        entry = _done(job, entry, covered, edits_sha256, started)
        save_record(job.folder, entry)
        if mended:
            put_in_place(job.plan_file)
    except BlurError:
        withdraw(job.entry, job.folder)
        raise
    return entry


def _scan(job: ClipJob, progress: Progress) -> Plan:
    """Scan the clip, save its plan, and read it back, as a resumed clip would."""
    from blur.detect.registry import unload_detectors
    from blur.scan.scan import scan

    save_plan(scan(job.path, job.settings.scan, progress, _scanned_segments(job)), job.plan_file)
    unload_detectors()  # their networks weigh as much as the encoder that comes next
    return load_plan(job.plan_file)


def _scanned_segments(job: ClipJob) -> FirstPass | None:
    """The first pass of the scan, if every segment of the clip was scanned and can be read."""
    from blur.scan.segments import from_bytes, joined

    contents = job.segments().contents()
    if contents is None:
        return None
    try:
        return joined([from_bytes(content) for content in contents])
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _placed(job: ClipJob, plan: Plan) -> Placement:
    """Raises UsageError for a part that lies beyond the clip's end."""
    shift, part = shift_of(job.folder, job.settings.output), job.entry.part
    rate = job.settings.output.conform
    if not part:
        return Placement(shift, rate=rate)
    try:
        return Placement(shift, frames_in(part, plan), rate=rate)
    except ValueError as error:
        lasts = f"it lasts {plan.seconds(plan.frames):.2f} s"
        raise UsageError(str(error), subject=job.entry.name, remedy=lasts) from error


def _cover(
    job: ClipJob, plan: Plan, edits: Edits | None, progress: Progress, placed: Placement
) -> Covered:
    from blur.corridor import Place, cover_clip

    grown = plan

    def keep(more: Plan) -> Plan:
        nonlocal grown
        if len(more.tracks) > len(plan.tracks):  # mending adds tracks, and changes none
            withdraw(job.entry, job.folder)
        grown = as_saved(more)
        return grown

    part, proxy = job.folder.make_way(job.output), job.proxy
    try:
        return cover_clip(
            job.path,
            plan,
            job.output,
            job.delivered,
            edits,
            progress,
            keep=keep,
            part=part,
            placed=placed,
            proxy=None if proxy is None else Place(proxy, job.folder.make_way(proxy)),
        )
    except Exception:
        if grown is not plan:
            save_plan(grown, job.plan_file)
        raise


def _scanned(job: ClipJob, plan: Plan, plan_sha256: str | None, started: float) -> Entry:
    return replace(
        job.entry,
        state=State.SCANNED,
        frames=plan.frames,
        scan_digest=plan.scan_digest,
        plan_sha256=plan_sha256,
        report=replace(_facts(job, plan), seconds=_seconds_since(started)),
        ended=time.time(),
    )


def _done(
    job: ClipJob, entry: Entry, covered: Covered, edits_sha256: str | None, started: float
) -> Entry:
    from blur.media.photograph import is_still

    written, proxy = sampled(job.output), job.proxy
    beside = None if proxy is None else sampled(proxy)
    done, still = covered.rendered, is_still(job.path)
    if proxy is None and entry.proxy is not None:  # of an earlier render: it may cover less
        withdraw(entry, job.folder, keep=[job.output])
    facts = _facts(job, covered.plan)
    lone = [_LONE] * bool(entry.alone)
    searched = _audit_notes(covered.audits, job.settings)
    report = replace(
        facts,
        state=State.DONE,
        output=shown(from_text(entry.output or "")),
        seconds=_seconds_since(started),
        damaged=done.damaged,
        bytes_out=done.bytes_out,
        sha256_in=job.entry.fingerprint.sha256 or None,
        sha256_out=done.sha256,
        proxy=None if proxy is None else shown(from_text(entry.proxy or "")),
        proxy_sha256=done.proxy_sha256 or None,
        dropped=list(done.dropped),
        notes=[*facts.notes, *lone, *done.notes, *searched],
        draft=job.settings.draft,
        audits=list(covered.audits),
    )
    return replace(
        entry,
        state=State.DONE,
        # Photographs have no proxy; a film without its proxy is rendered by the run that wants it.
        render_digest=render_digest(job.settings if still else job.delivered),
        edits_sha256=edits_sha256,
        output_size=written.size,
        output_sampled=written.sampled,
        output_mtime_ns=job.output.stat().st_mtime_ns,
        proxy=None if proxy is None else entry.proxy,
        proxy_size=None if beside is None else beside.size,
        proxy_sampled=None if beside is None else beside.sampled,
        ended=time.time(),
        report=report,
    )


def _facts(job: ClipJob, plan: Plan) -> ClipReport:
    """The part of the report that the plan tells."""
    from blur.media.photograph import is_still
    from blur.scan.looks import smallest_face

    level, still = job.settings.scan.level, is_still(job.path)
    return ClipReport(
        name=job.entry.name,
        state=State.SCANNED,
        frames=plan.frames,
        sightings=sum(int(np.count_nonzero(t.marks == Mark.DETECTED)) for t in plan.tracks),
        tracks=len(plan.tracks),
        people=len({t.chain for t in plan.tracks} - {None}),
        doubts=len(plan.doubts),
        doubt_seconds=round(plan.doubt_seconds(), 2),
        excess_seconds=round(plan.doubt_seconds(Kind.EXCESS), 2),
        smallest_face=smallest_face(level, plan.width, plan.height, still=still),
        bytes_in=job.entry.size,
        notes=[*job.notes, *plan.notes],
    )


def _seconds_since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _audit_notes(audits: Sequence[Audit], settings: Settings) -> list[str]:
    if settings.draft:
        return ["a draft, for the edit only: faces may be clear; run again with another --level"]
    if not audits:
        return ["Not double-checked for missed faces (--audit off)"]
    found = [audit for audit in audits if audit.residuals]
    if not found:
        return []
    fate = "left as they are" if audits[-1].residuals else "covered in another render"
    return [f"the audit saw faces at {found[0].residuals[0].seconds:.1f} s and elsewhere, {fate}"]
