"""What a worker does: probe a few files, or take one clip down the corridor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from blur.batch.discover import shown
from blur.batch.ledger import Entry, from_text, save_record
from blur.batch.report import ClipReport, State
from blur.batch.resume import file_sha256
from blur.batch.segments import LENGTH, SegmentFolder
from blur.batch.workdir import WorkFolder
from blur.digests import render_digest, scan_digest
from blur.errors import BlurError, ClipChanged, PlanMismatch
from blur.findings import Audit
from blur.fingerprint import fingerprint, sha256
from blur.plan import Mark, Plan, load_edits, load_plan, save_plan
from blur.settings import Settings

if TYPE_CHECKING:  # the pipeline loads every native library; the batch's own process needs none
    from blur.pipeline import Progress


class Probed(Struct, frozen=True):
    """What the batch needs to know of a clip before work on it starts.

    `frames` is an estimate, at least 1; `suffix` is that of the output file, with its dot.
    """

    frames: int
    width: int
    height: int
    suffix: str

    @property
    def work(self) -> int:
        """What it costs beside other clips: pixels in all frames."""
        return self.frames * self.width * self.height

    @property
    def memory(self) -> int:
        """Bytes that a worker needs for it: what 720p to 4K in 10 bits took, by measurement."""
        return 600_000_000 + 180 * self.width * self.height

    @property
    def disk(self) -> int:
        """Bytes that its output takes at least: a twentieth of a bit for each pixel."""
        return self.work // 160


class ClipJob(Struct, frozen=True):
    """One clip's work order. Paths are those of the machine that does the work."""

    path: Path
    out: Path
    entry: Entry
    settings: Settings
    scan: bool
    render: bool


def probe_clips(job: tuple[list[Path], Settings], progress: Progress) -> list[Probed | BlurError]:
    """Probe files in order; a file that is no clip gives its error instead."""
    from blur.media import output_suffix
    from blur.media.probe import probe

    paths, settings = job
    answers: list[Probed | BlurError] = []
    for i, path in enumerate(paths):
        try:
            info = probe(path)
            frames = info.frames or int((info.duration or 0) * info.rate) or 1
            suffix = output_suffix(info, settings.output)
            answers.append(Probed(frames, info.width, info.height, suffix))
        except BlurError as error:
            answers.append(error)
        progress("probe", i + 1, len(paths))
    return answers


class Divided(Struct, frozen=True):
    """The segments of a clip that are still to be scanned, and the frames of those that are."""

    todo: list[int]
    done: int = 0


def divide_clip(job: ClipJob, progress: Progress) -> Divided:
    """Divide a long clip; one that has a valid plan, or cannot be divided, has no segments."""
    from blur.pipeline import segments

    _unchanged(job)
    folder = WorkFolder(job.out)
    if _saved_plan(folder.plan_of(job.entry.fingerprint), job) is not None:
        return Divided([])
    saved = _segments(job)
    division = saved.division()
    if division is None:
        division = segments.divide(job.path, LENGTH, progress)
        if division is None:
            return Divided([])
        saved.divide(division)
    spans = division.spans()
    todo = [number for number in range(len(spans)) if not saved.has(number)]
    return Divided(todo, len(division.pts) - sum(len(spans[number]) for number in todo))


def scan_segment(job: tuple[ClipJob, int], progress: Progress) -> int:
    """The first pass of the scan over one segment of a clip that was divided; its frames."""
    from blur.faces.registry import use_device
    from blur.pipeline import segments

    clip, number = job
    _unchanged(clip)
    use_device(clip.settings.batch.device)
    saved = _segments(clip)
    division = saved.division()
    if division is None:
        raise BlurError("its segments were removed while it was scanned", subject=clip.entry.name)
    span = division.spans()[number]
    seen = segments.look(clip.path, clip.settings.scan, division.pts, span, progress)
    saved.save(number, seen)
    return len(span)


def process_clip(job: ClipJob, progress: Progress) -> Entry:
    """Scan (unless a valid plan is there), save the plan, render, audit, record; see `pipeline`."""
    from blur import pipeline
    from blur.faces.registry import unload_detectors, use_device

    started = time.monotonic()
    use_device(job.settings.batch.device)
    _unchanged(job)
    folder = WorkFolder(job.out)
    entry = job.entry
    plan_file, edits_file = folder.plan_of(entry.fingerprint), folder.edits_of(entry.fingerprint)
    plan_sha256 = file_sha256(plan_file)
    plan = _saved_plan(plan_file, job)
    if plan is None:
        seen = _segments(job).seen()
        save_plan(pipeline.scan(job.path, job.settings.scan, progress, seen), plan_file)
        unload_detectors()  # their networks weigh as much as the encoder that comes next
        plan_sha256 = file_sha256(plan_file)
        plan = load_plan(plan_file)  # as a resumed clip would see it
    _segments(job).clear()
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
    covered = pipeline.cover_clip(
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
        _unchanged(job)
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


def _segments(job: ClipJob) -> SegmentFolder:
    folder = WorkFolder(job.out).segments_of(job.entry.fingerprint)
    return SegmentFolder(folder, scan_digest(job.settings.scan))


def _saved_plan(path: Path, job: ClipJob) -> Plan | None:
    """The plan of an earlier run, when it is of this clip and, for a scan, of these settings."""
    try:
        plan = load_plan(path)
        if plan.fingerprint != job.entry.fingerprint:
            raise PlanMismatch("its plan is of another clip", subject=job.entry.name)
    except PlanMismatch:
        if job.scan:
            return None
        raise
    if job.scan and plan.scan_digest != scan_digest(job.settings.scan):
        return None
    return plan


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


def _unchanged(job: ClipJob) -> None:
    """Raises ClipChanged when the clip is not what it was when the batch began."""
    try:
        now = fingerprint(job.path)
    except OSError as error:
        raise BlurError(
            f"cannot be read any more: {error.strerror}",
            subject=job.entry.name,
            remedy="check that its disk is connected, then run the same command again",
        ) from error
    if now != job.entry.fingerprint:
        raise ClipChanged("changed while the batch ran", subject=job.entry.name)
