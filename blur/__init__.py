"""blur: covers every face in video clips so that nobody in them can be identified.

A whole folder, as the command line does it:

    import blur

    if __name__ == "__main__":  # worker processes import this file again
        report = blur.run(["footage"], "covered")
        print([clip.name for clip in report.clips if clip.error])

One clip, in this process:

    plan = blur.scan("footage/clip.mov")
    blur.render("footage/clip.mov", plan, "clip-covered.mp4")
    print(blur.audit("clip-covered.mp4", plan).residuals)

Errors are `blur.errors.BlurError`s, each with a remedy and an exit code. Options are documented in
`blur.settings.Settings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from blur._version import __version__

if TYPE_CHECKING:  # loading the native libraries takes a second; `blur --help` must not
    from blur.batch.events import Listener
    from blur.data.edits import Edits
    from blur.data.findings import Audit
    from blur.data.plan import Plan
    from blur.process.progress import Progress
    from blur.render.render import Rendered
    from blur.settings import ScanSettings, Settings
    from blur.store.report import BatchReport

__all__ = ["__version__", "audit", "render", "run", "scan"]

AnyPath: TypeAlias = str | PathLike[str]


def run(
    inputs: Sequence[AnyPath],
    out: AnyPath,
    settings: Settings | None = None,
    on_event: Listener | None = None,
) -> BatchReport:
    """Cover every clip in `inputs` (files and folders) and write the covered clips below `out`.

    A clip that fails stands in the report and does not end the batch. `on_event` is called with
    the events of `blur run --json`, see `blur.batch.events`, in this thread; an error in it ends
    the batch. `blur.batch.run.run` gives more control.
    """
    from blur.batch import events
    from blur.batch.run import run

    told = events.Events(on_event) if on_event else None
    report = run([Path(p) for p in inputs], Path(out), settings, display=told)
    if on_event:
        on_event(events.finished(report))
    return report


def scan(
    clip: AnyPath, settings: ScanSettings | None = None, progress: Progress | None = None
) -> Plan:
    """Find the faces in `clip`; see `blur.scan.scan.scan`."""
    from blur.scan.scan import scan
    from blur.settings import ScanSettings

    return scan(Path(clip), settings or ScanSettings(), progress)


def render(
    clip: AnyPath,
    plan: Plan,
    out: AnyPath,
    settings: Settings | None = None,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Write `clip` to `out`, covered per `plan` and `edits`; see `blur.render.render.render`."""
    from blur.render.render import render
    from blur.settings import Settings

    return render(Path(clip), plan, Path(out), settings or Settings(), edits, progress)


def audit(
    out: AnyPath,
    plan: Plan,
    settings: Settings | None = None,
    edits: Edits | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Look for faces in the covered clip `out`; see `blur.audit.audit.audit`."""
    from blur.audit.audit import audit
    from blur.settings import Settings

    return audit(Path(out), plan, settings or Settings(), edits, progress)
