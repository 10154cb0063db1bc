"""What a worker does: probe a few files, or take one clip down the corridor."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from blur.batch.discover import shown
from blur.batch.report import ClipReport, State
from blur.batch.workdir import WorkFolder
from blur.errors import BlurError, ClipChanged, PlanMismatch
from blur.fingerprint import fingerprint, sha256
from blur.plan import Fingerprint, Mark, load_edits, load_plan, save_plan
from blur.settings import Settings

if TYPE_CHECKING:
    from blur.pipeline import Progress


class Probed(Struct, frozen=True):
    """What the batch needs to know of a clip before work on it starts."""

    frames: int
    """An estimate, at least 1."""
    width: int
    height: int
    suffix: str
    """Of the output file, with its dot."""

    @property
    def work(self) -> int:
        """What it costs beside other clips: pixels in all frames."""
        return self.frames * self.width * self.height

    @property
    def memory(self) -> int:
        """Bytes that a worker needs for it, by measurement: a base and a dozen or so pictures."""
        return 350_000_000 + 150 * self.width * self.height


class ClipJob(Struct, frozen=True):
    """One clip's work order. Paths are those of the machine that does the work."""

    path: Path
    name: str
    out: Path
    output: PurePosixPath
    fingerprint: Fingerprint
    settings: Settings
    scan: bool = True
    render: bool = True


def probe_clips(job: tuple[list[Path], Settings], progress: Progress) -> list[Probed | BlurError]:
    """Probe files in order; a file that is no clip gives its error instead."""
    from blur.media.probe import probe

    paths, _ = job
    answers: list[Probed | BlurError] = []
    for i, path in enumerate(paths):
        try:
            info = probe(path)
            frames = info.frames or int((info.duration or 0) * info.rate) or 1
            answers.append(Probed(frames, info.width, info.height, ".mp4"))
        except BlurError as error:
            answers.append(error)
        progress("probe", i + 1, len(paths))
    return answers


def process_clip(job: ClipJob, progress: Progress) -> ClipReport:
    """Scan (unless a valid plan is there), save the plan, render; see `pipeline`."""
    from blur import pipeline

    started = time.monotonic()
    _unchanged(job)
    folder = WorkFolder(job.out)
    plan_file = folder.plan_of(job.fingerprint)
    plan = load_plan(plan_file) if plan_file.exists() and not job.scan else None
    if plan is None:
        if not job.scan:
            raise PlanMismatch("has no plan yet", subject=job.name)
        plan = pipeline.scan(job.path, job.settings.scan, progress)
        save_plan(plan, plan_file)
    edits_file = folder.edits_of(job.fingerprint)
    edits = load_edits(edits_file) if edits_file.exists() else None
    report = ClipReport(
        name=job.name,
        state=State.SCANNED,
        frames=plan.frames,
        faces=sum(int(np.count_nonzero(t.marks == Mark.DETECTED)) for t in plan.tracks),
        tracks=len(plan.tracks),
        doubt_seconds=round(plan.doubt_seconds(), 2),
        seconds=round(time.monotonic() - started, 3),
        bytes_in=job.fingerprint.size,
        sha256_in=sha256(job.path),
        notes=list(plan.notes),
    )
    if not job.render:
        return report
    target = job.out / job.output
    target.parent.mkdir(parents=True, exist_ok=True)
    done = pipeline.render(job.path, plan, target, job.settings, edits, progress)
    try:
        _unchanged(job)
    except BlurError:
        target.unlink()
        raise
    return replace(
        report,
        state=State.DONE,
        output=shown(job.output),
        seconds=round(time.monotonic() - started, 3),
        bytes_out=done.bytes_out,
        sha256_out=done.sha256,
        dropped=list(done.dropped),
        notes=[*report.notes, *done.notes],
    )


def _unchanged(job: ClipJob) -> None:
    """Raises ClipChanged when the clip is not what it was when the batch began."""
    try:
        now = fingerprint(job.path)
    except OSError as error:
        raise BlurError(
            f"cannot be read any more: {error.strerror}",
            subject=job.name,
            remedy="check that its disk is connected, then run the same command again",
        ) from error
    if now != job.fingerprint:
        raise ClipChanged("changed while the batch ran", subject=job.name)
